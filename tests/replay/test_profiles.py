#!/usr/bin/env python3
"""test_profiles.py: what replay gathers: the same twice, the same with a restart in between, out of order, in a flood of names, and
within its bounds for a week."""
import random
import re
import shutil
import sqlite3
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-profiles-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
TABLES = {'clients': 'client, kind', 'domains': 'domain', 'pairs': 'domain, client, kind'}
SMALL = 'limits:\n  pairs: 256\n  domains: 256\n  clients: 16\n'
DAY = 86400


def path(leaf):
    return os.path.join(work, leaf)


def config(text):
    return write(path('config.yaml'), text.encode())


def labgen(leaf, *args):
    subprocess.run([LABGEN, 'mixed', *args, path(leaf)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
    return path(leaf)


def drop(store):
    for end_of in ('', '-wal', '-shm', '.lock'):
        if os.path.exists(store + end_of):
            os.unlink(store + end_of)
    return store


def gather(store, *captures, conf='/dev/null', **kw):
    """One process that reads these captures into the store."""
    done = run('replay', '-f', 'json', '-c', conf, '-S', store, *captures, **kw)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done


def ask(store, sql, *args):
    db = sqlite3.connect(store)
    try:
        return db.execute(sql, args).fetchall()
    finally:
        db.close()


def gathered(store):
    """Every row and column of the profiles, packed bytes and all; what belongs to none of them; and the anomalies."""
    tables = {t: ask(store, 'SELECT * FROM %s ORDER BY %s' % (t, key)) for t, key in TABLES.items()}
    tables['meta'] = ask(store, "SELECT * FROM meta WHERE key IN ('newest_ns', 'totals')")
    tables['anomalies'] = [(t, client, domain, json.loads(event)['metsuke']['anomaly']['score']) for t, client, domain, event in ask(
        store, "SELECT time_ns, client, domain, event FROM alerts WHERE kind = 'anomaly' ORDER BY time_ns, client, domain")]
    return tables


def differences(got, expected):
    """Of each table a few rows that only one has."""
    wrong = []
    for table, rows in expected.items():
        theirs = got[table]
        wrong += ['%s: %d rows, not %d' % (table, len(theirs), len(rows))] if len(theirs) != len(rows) else []
        wrong += ['%s:\n  got      %.400r\n  expected %.400r' % (table, a, b) for a, b in zip(theirs, rows) if a != b][:3]
    return wrong


def same_gathered(store, expected, name):
    wrong = differences(gathered(store), expected)
    return ok(not wrong, name, '\n'.join(wrong))


# Captures: cut, and made of messages at chosen times.

def frames_of(capture):
    """Its header, and each frame with the header of its own."""
    with open(capture, 'rb') as f:
        data = f.read()
    at, frames = 24, []
    while at < len(data):
        end_of = at + 16 + struct.unpack_from('<I', data, at + 8)[0]
        frames.append(data[at:end_of])
        at = end_of
    return data[:24], frames


def cut(capture, *where):
    """The capture in pieces, each beginning with the frame of that number."""
    head, frames = frames_of(capture)
    edges, pieces = (0, *where, len(frames)), []
    for i in range(len(edges) - 1):
        pieces.append(write('%s.part%d' % (capture, i), head + b''.join(frames[edges[i]:edges[i + 1]])))
    return pieces


def saved(leaf, messages):
    return write(path(leaf), timed(messages))


def request(i, host='c2.example', src=CLIENT):
    return ethernet(tcp(20000 + i % 40000, 80, 1, http('/in', host, 'User-Agent: agent/1\r\n'), src=src))


def lookup(qname, src=CLIENT):
    return ethernet(udp(5353, 53, dns_query(qname), src=src))


# The same twice, and in pieces.

def is_lookup(frame):
    """A DNS query over IPv4 and UDP: its response comes next."""
    return frame[16 + 12:16 + 14] == b'\x08\0' and frame[16 + 23] == 17 and frame[16 + 36:16 + 38] == b'\0\x35'


def in_burst(frames, near):
    """The place after a query in the middle of many frames within a second."""
    def at(i):
        return struct.unpack_from('<II', frames[i])

    for i in range(near, len(frames) - 20):
        if is_lookup(frames[i]) and at(i - 20)[0] + 1 >= at(i + 20)[0]:
            return i + 1
    raise RuntimeError('no burst')


def test_same(capture, conf, what):
    """Two processes hash with different seeds."""
    one, two = (gather(drop(path(leaf)), capture, conf=conf) for leaf in ('one.db', 'two.db'))
    ok(one.stdout == two.stdout and one.stdout, '%s: two replays, the same lines' % what)
    expected = gathered(path('one.db'))
    same_gathered(path('two.db'), expected, '%s: and the same profiles' % what)
    return expected


def test_pieces(capture, conf, expected, what):
    frames = frames_of(capture)[1]
    n = len(frames)
    burst = in_burst(frames, n // 3)
    for where, name in (((n // 5,), 'after a fifth'), ((burst,), 'in the middle of a burst, between query and response'),
                        ((n - 10,), 'just before the end'), ((1,), 'after one frame'),
                        (tuple(n * i // 7 for i in range(1, 7)), 'six times')):
        store = drop(path('pieces.db'))
        said = b''.join(gather(store, piece, conf=conf).stderr for piece in cut(capture, *where))
        same_gathered(store, expected, '%s: a restart %s: the same profiles and anomalies' % (what, name))
        ok(b'damaged rows' not in said.replace(b' 0 damaged rows', b''), 'and no row is damaged', said.decode())


def test_restarts():
    capture = labgen('mixed.pcap', '-n', '20', '-b', '6', '-t', '48', '-s', '31', '--light')
    whole = test_same(capture, '/dev/null', 'default limits')
    ok(len(whole['anomalies']) >= 3 and len(whole['pairs']) > 500, 'anomalies and pairs are there to be compared',
       (len(whole['anomalies']), len(whole['pairs'])))
    test_pieces(capture, '/dev/null', whole, 'default limits')
    small = test_same(capture, config(SMALL), 'small limits')
    same([len(small[t]) for t in ('clients', 'domains', 'pairs')], [16, min(256, len(whole['domains'])), 256],
         'small limits: every table is full')
    ok(len(whole['clients']) > 16 and len(whole['pairs']) > 512, 'so that there were evictions', {t: len(r) for t, r in whole.items()})
    test_pieces(capture, config(SMALL), small, 'small limits')


def test_seeds():
    """What is compared can differ."""
    other = labgen('other.pcap', '-n', '20', '-b', '6', '-t', '48', '-s', '32', '--light')
    gather(drop(path('two.db')), other)
    ok(len(differences(gathered(path('two.db')), gathered(path('one.db')))) > 5, 'another network, other profiles')


# Out of order.

def pair_row(store, domain='c2.example'):
    rows = ask(store, 'SELECT requests, checkins, gap_mean_s, gap_sd_s, first_ns, last_ns FROM pairs WHERE domain = ?', domain)
    return rows[0][:4] + tuple(ns / 1e9 - START for ns in rows[0][4:]) if len(rows) == 1 else rows


def older(done):
    """How many messages the summary says were older than the newest of their pair."""
    found = re.search(rb'(\d+) messages are older', done.stderr)
    return int(found.group(1)) if found else 0


def test_order():
    beacon = [(60.0 * i, request(i)) for i in range(20)]
    done = gather(drop(path('order.db')), saved('in-order.pcap', beacon))
    same((pair_row(path('order.db')), older(done)), ((20, 20, 60, 0, 0, 1140), 0), 'in order: 20 check-ins, a minute apart')

    second = saved('second.pcap', [(DAY + t, frame) for t, frame in beacon])
    done = gather(drop(path('order.db')), second, path('in-order.pcap'))
    same((pair_row(path('order.db')), older(done)), ((40, 20, 60, 0, 0, DAY + 1140), 20),
         'the second day first: the first one\'s requests count, and take no gap')
    gather(drop(path('order.db')), second)
    done = gather(path('order.db'), path('in-order.pcap'))
    same((pair_row(path('order.db')), older(done)), ((40, 20, 60, 0, 0, DAY + 1140), 20), 'and with a restart in between')

    # Back by an hour after 15; caught up with after 59 more, which merges with the 15th; then 15 with gaps of a minute.
    back = [(60.0 * i - (3600 if i >= 15 else 0), request(i)) for i in range(90)]
    done = gather(drop(path('order.db')), saved('back.pcap', back))
    same((pair_row(path('order.db')), older(done)), ((90, 30, 60, 0, -2700, 1740), 59), 'a clock that jumps back an hour: no gap is wrong')
    ok(b'1 frames are older than the one before them' in done.stderr, 'and the summary says that it did', done.stderr)

    done = gather(drop(path('order.db')), saved('equal.pcap', [(5.0, request(i)) for i in range(30)]))
    same((pair_row(path('order.db')), older(done)), ((30, 1, None, None, 5, 5), 0), 'thirty at one time: one check-in')

    swapped = [m for i in range(0, 20, 2) for m in (beacon[i + 1], beacon[i])]
    done = gather(drop(path('order.db')), saved('swapped.pcap', swapped))
    same((pair_row(path('order.db')), older(done)), ((20, 10, 120, 0, 0, 1140), 10), 'every two swapped: gaps between the newer ones')

    mixed = [m for i in range(20) for m in (beacon[i], (60.0 * i - 7200, lookup('www%d.late.example' % i, src='192.0.2.9')))]
    done = gather(drop(path('order.db')), saved('two.pcap', mixed))
    same((pair_row(path('order.db')), older(done)), ((20, 20, 60, 0, 0, 1140), 0), 'another client\'s clock is two hours behind: of no matter')


# A client that asks for very many names.

FLOOD = 300000
LIMITS = 'limits:\n  pairs: 2000\n  domains: 2000\n  clients: 64\ndetect:\n  rare_hours: 1\n'
NOISY, BEACON, QUIET = '192.0.2.66', '192.0.2.7', '192.0.2.8'


def flood(leaf, count, seconds):
    """Half of the names are of one domain, half of new ones. Meanwhile another client checks in each minute, and a third looked at
    two sites before it began."""
    noise = random.Random(5)
    messages = [(0.5, lookup('www.quiet.example', src=QUIET)), (0.7, lookup('news.quiet.example', src=QUIET))]
    messages += [(1 + seconds * i / count, lookup(('x%d.tunnel.example' if i % 2 else 'www.n%06d.example') % i, src=NOISY))
                 for i in range(count)]
    messages += [(60.0 * i + noise.uniform(0, 2), request(i, 'cdn.c2.example', src=BEACON)) for i in range(int(seconds * 0.7 / 60))]
    return saved(leaf, sorted(messages))


def memory_of(*args, **kw):
    """The most memory that this replay had, in MiB, and how it ended."""
    code = 'import resource, subprocess, sys\nd = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n' \
        'u = resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(u.ru_maxrss, u.ru_utime + u.ru_stime)\nsys.exit(d.returncode)'
    done = subprocess.run([sys.executable, '-c', code, METSUKE, 'replay', '-q', '-f', 'json', *args], stdout=subprocess.PIPE, check=True,
                          timeout=120, **kw)
    kib, seconds = done.stdout.split()
    return int(kib) / 1024, float(seconds)


def test_flood():
    capture, conf, store = flood('flood.pcap', FLOOD, 6000), config(LIMITS), drop(path('flood.db'))
    mib, _ = memory_of('-c', conf, '-S', store, capture)
    count = {t: ask(store, 'SELECT count(*) FROM ' + t)[0][0] for t in TABLES}
    ok(count['pairs'] <= 2000 and count['domains'] == 2000 and count['clients'] == 3, 'the tables stay within their limits', count)
    alerts = ask(store, 'SELECT client, domain, kind FROM alerts')
    same(alerts, [(BEACON, 'c2.example', 'anomaly')], 'the beacon beside the flood is found, and nothing else')
    same(ask(store, "SELECT judgement, checkins FROM pairs WHERE client = ?", BEACON), [('suspicious', 70)],
         'its pair is there half an hour after its last check-in')
    same(ask(store, 'SELECT domain, queries FROM pairs WHERE client = ?', QUIET), [('quiet.example', 2)], 'the quiet client lost nothing')
    names = ask(store, "SELECT names, queries FROM domains WHERE domain = 'tunnel.example'")
    ok(names and names[0][1] == FLOOD // 2 and 0.9 < names[0][0] / (FLOOD / 2) < 1.1, 'the names below one domain are estimated', names)
    asked = ask(store, 'SELECT queries, domains FROM clients WHERE client = ?', NOISY)
    ok(asked and asked[0][0] == FLOOD and 0.9 < asked[0][1] / (FLOOD / 2 + 1) < 1.1, 'and so are the domains of the client', asked)
    small, _ = memory_of('-c', conf, '-S', drop(path('flood.db')), flood('little.pcap', 4000, 6000))
    ok(mib < 1.35 * small, '%d names take as much memory as 4000' % FLOOD, '%.1f MiB, %.1f MiB' % (mib, small))
    wide, _ = memory_of('-c', '/dev/null', capture)
    ok(wide > 2 * mib, 'which wide limits would not keep', '%.1f MiB, %.1f MiB' % (wide, mib))


def test_store_bytes():
    """More profiles than the database may hold."""
    most = 16 << 20
    capture = saved('many.pcap', [(0.01 * i, lookup('www.n%06d.example' % i, src='10.0.%d.%d' % (i % 8, i % 250))) for i in range(60000)])
    sizes = []
    for text in ('', 'store:\n  max_bytes: %d\n' % most):
        store = drop(path('many.db'))
        done = gather(store, capture, conf=config('limits:\n  domains: 100000\n' + text))
        sizes.append(os.path.getsize(store) + (os.path.getsize(store + '-wal') if os.path.exists(store + '-wal') else 0))
    ok(sizes[1] <= most < sizes[0], 'the database stays within store.max_bytes', sizes)
    ok(b'to stay within store.max_bytes' in done.stderr, 'and it is said', done.stderr)
    kept = [int(d[1:7]) for d, in ask(store, 'SELECT domain FROM pairs')]
    ok(len(kept) > 10000 and min(kept) == 60000 - len(kept) and max(kept) == 59999, 'the newest are left', (len(kept), min(kept), max(kept)))


# A week.

def test_week():
    labgen('week.pcap', '-n', '20', '-b', '4', '-t', '168', '-s', '33', '--light', '--daily')
    days = sorted(path(leaf) for leaf in os.listdir(work) if leaf.startswith('week-') and leaf.endswith('.pcap'))
    same(len(days), 7, 'a week in seven captures')
    store = drop(path('week.db'))
    mib, seconds = memory_of('-c', '/dev/null', '-S', store, *days)
    note('a week: %.1f MiB, %.2f s of processor time, %d bytes of database' % (mib, seconds, os.path.getsize(store)))
    first, _ = memory_of('-c', '/dev/null', '-S', drop(path('day.db')), days[0])
    ok(mib < 2 * first, 'a week takes less than twice the memory of its first day', '%.1f MiB, %.1f MiB' % (mib, first))
    week = gathered(store)
    drop(path('days.db'))
    for day in days:
        gather(path('days.db'), day)
    same_gathered(path('days.db'), week, 'one process a day: the same profiles and anomalies')
    newest = dict(week['meta'])['newest_ns']
    stale = 'SELECT count(*) FROM %s WHERE last_ns < ?'
    ok(all(ask(store, stale % t, newest - 3 * DAY * 10**9)[0][0] for t in ('domains', 'pairs')), 'some were silent for three days')
    conf = config('store:\n  retention_days: 3\n  max_bytes: 16777216\n')
    gather(drop(store), *days, conf=conf)
    same([ask(store, stale % t, newest - 3 * DAY * 10**9)[0][0] for t in TABLES], [0, 0, 0], 'retention_days: 3: they are gone')
    same(ask(store, 'SELECT count(*) FROM alerts WHERE time_ns < ?', newest - 3 * DAY * 10**9), [(0,)], 'and old alerts')
    kept = [r for r in week['pairs'] if r[4] >= newest - 3 * DAY * 10**9]
    same(ask(store, 'SELECT * FROM pairs ORDER BY ' + TABLES['pairs']), kept, 'all others are there as they were')


try:
    test_restarts()
    test_seeds()
    test_order()
    test_flood()
    test_store_bytes()
    test_week()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
