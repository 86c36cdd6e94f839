#!/usr/bin/env python3
"""test_lab.py: the lab's captures are what they promise, and its judge finds what is planted."""
import collections
import copy
import re
import shutil
import tempfile

from harness import *

LAB = os.path.join(ROOT, 'tests', 'lab')
sys.path.insert(0, LAB)
import intervals
import judge
import tables

work = tempfile.mkdtemp(prefix='metsuke-lab-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
WATCHLIST = os.path.join(LAB, 'watchlist.tsv')


def path(leaf):
    return os.path.join(work, leaf)


def labgen(*args):
    return subprocess.run([LABGEN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def make(kind, leaf, *args):
    out = labgen(kind, '-d', LAB, *args, path(leaf))
    ok(out.returncode == 0 and not out.stderr, 'labgen %s %s' % (kind, ' '.join(args)), out.stderr.decode())
    return path(leaf)


def read(p):
    with open(p, 'rb') as f:
        return f.read()


def frames(p):
    """(time in microseconds, frame) of each packet."""
    data, at = read(p), 24
    while at < len(data):
        seconds, micro, size, whole = struct.unpack_from('<4I', data, at)
        assert size == whole
        yield seconds * 1000000 + micro, data[at + 16:at + 16 + size]
        at += 16 + size


def of_host(p, ip):
    ip = bytes(map(int, ip.split('.')))
    return [(t, f) for t, f in frames(p) if ip in (f[26:30], f[30:34])]


def told(capture, watchlist=WATCHLIST):
    """The judge's hosts, its false alarms, and the alerts."""
    return judged(capture, events(replay('-l', watchlist, capture).stdout))


def judged(capture, lines):
    alerts = [e for e in lines if e['event']['kind'] == 'alert']
    hosts = judge.read_labels(capture + '.labels.tsv')
    return hosts, judge.judge(hosts, alerts), alerts


def test_seeds():
    for kind, args in (('bots', ()), ('benign', ('-n', '2', '-t', '10'))):
        one, again, other = (make(kind, kind + s, '-s', s[0], *args) for s in ('1a', '1b', '2'))
        ok(read(one) == read(again), kind + ': the same seed, the same bytes')
        ok(read(one) != read(other), kind + ': another seed, other bytes')
    more = make('benign', 'more', '-s', '1', '-n', '3', '-t', '10')
    ok(of_host(more, '198.18.1.1') == of_host(path('benign1a'), '198.18.1.1'), 'one host more changes nothing for the others')


def test_benign_day():
    """All that is promised of it, and near misses: what could be mistaken for contact with a listed server is there, so
    that silence says something."""
    capture = make('benign', 'day')
    hosts = judge.read_labels(capture + '.labels.tsv')
    times, n, senders, reached = [], 0, set(), set()
    for t, f in frames(capture):
        n += 1
        times.append(t)
        (senders if f[26:28] == b'\xc6\x12' else reached).add(f[26:30])
    ok(475000 <= n <= 525000, 'about 500 000 packets', n)
    ok(times == sorted(times) and times[-1] - times[0] <= 86400 * 1000000, 'in order, within 24 h')
    same(len(hosts), 20, '20 hosts')
    same(sorted('.'.join(map(str, s)) for s in senders), sorted([*hosts, '198.18.0.53']), 'which are those that send, and a resolver')
    same(sum(tables.count_packets(capture, hosts).values()), n, 'every packet is one of theirs')
    lines = events(replay('-l', WATCHLIST, capture).stdout)
    same(judged(capture, lines)[1:], ([], []), 'no alert')
    names = {e['dns']['question']['name'] for e in lines if 'dns' in e}
    for listed in tables.watch_list():
        stem, _, suffix = listed.rpartition('.')
        near = {'x' + listed, listed[1:], stem + 'x.' + suffix, stem + ('.test' if suffix == 'example' else '.example')}
        ok(len(near & names) >= 2 and listed not in names, 'look-alikes of %s are looked up, itself is not' % listed, near - names)
    servers = {ip for h in judge.read_labels(path('bots1a') + '.labels.tsv').values() for _, ips in h.names.values() for ip in ips}
    shared = [e for e in lines if e['event']['action'] == 'dns-response' and set(e['dns'].get('resolved_ip', ())) & servers]
    ok(shared, 'names on the address of a listed server are looked up')
    ok(reached & {bytes(map(int, ip.split('.'))) for ip in servers if '.' in ip}, 'and it is contacted')
    codes = collections.Counter(e['dns']['response_code'] for e in lines if e['event']['action'] == 'dns-response')
    ok(codes['NXDOMAIN'] > 100 and codes['NOERROR'] > 1000, 'names that do not exist', codes)


def test_bots():
    capture = path('bots1a')
    hosts, false, _ = told(capture)
    same(len(hosts), 15, '15 bots')
    contacts = collections.Counter(tables.watch_list()[n] for h in hosts.values() for n in h.names)
    same(contacts, {'P': 8, 'H': 3, 'Y': 3, 'N': 2}, 'which contact whom Table 10 says')
    same([[tables.watch_list()[n] for n in h.names] for h in hosts.values() if h.title == 'Virut.B'], [['Y', 'N']], 'Virut.B both')
    same(judge.faults(hosts, false), [], 'all found, each with its servers, and nothing else')
    sizes = [int(x) for x in re.findall(rb'octet-stream\r\nContent-Length: (\d+)', read(capture))]
    ok(len(sizes) >= 16 and 27 * 1024 <= min(sizes) and max(sizes) <= 314 * 1024, 'downloads of 27 to 314 KB', sizes)
    ok(re.search(rb'NICK x\w+\r\nUSER .*JOIN #main\r\n.* 332 .*PING :', read(capture), re.S), 'IRC sessions')


def test_judge():
    hosts, false, alerts = told(path('bots1a'))
    labels = path('bots1a') + '.labels.tsv'

    def faults(some):
        blank = judge.read_labels(labels)
        return judge.faults(blank, judge.judge(blank, some))

    def of(title, wanted):
        ip = next(h.ip for h in hosts.values() if h.title == title)
        return [e for e in alerts if not (e['source']['ip'] == ip and wanted(e))]

    for what, wanted in (('query', lambda e: e.get('dns', {}).get('type') == 'query'),
                         ('addresses', lambda e: e.get('dns', {}).get('type') == 'answer'),
                         ('contact', lambda e: 'dns' not in e)):
        found = faults(of('H-2', wanted))
        ok(len(found) == 1 and found[0].startswith('H-2'), 'a planted miss is found: ' + what, found)
    moved = copy.deepcopy(alerts)
    next(e for e in moved if e.get('dns', {}).get('resolved_ip'))['dns']['resolved_ip'].append('198.19.1.1')
    ok(any('198.19.1.1 is not its server' in f for f in faults(moved)), 'a wrong address is found', faults(moved))
    strangers = copy.deepcopy(alerts[:1])
    strangers[0]['source']['ip'] = '198.18.9.9'
    ok(faults(alerts + strangers)[0].startswith('false alarm'), 'an alert about a host without a label is false')

    short = write(path('short.tsv'), b''.join(l for l in open(WATCHLIST, 'rb') if not l.startswith(b'get.newpack')))
    found = judge.faults(*told(path('bots1a'), short)[:2])
    same({f.split()[0] for f in found}, {'N-1', 'Virut.B'}, 'a list without N: the two that contact it are missed')
    wide = write(path('wide.tsv'), read(WATCHLIST) + b'irc.alpha-talk.example\tx\n')
    found = judge.faults(*told(path('bots1a'), wide)[:2])
    ok(found and all(f.startswith('false alarm') for f in found), 'a list with an unlisted server: false alarms', found)
    hosts, false, alerts = told(path('benign1a'), write(path('loose.tsv'), b'corp.example\tx\n'))
    ok(len(false) == len(alerts) > 0, 'a list with a name that benign hosts look up: every alert is false')
    run = subprocess.run([sys.executable, os.path.join(LAB, 'judge.py'), labels, os.devnull], stdout=subprocess.PIPE)
    ok(run.returncode == 1 and run.stdout.count(b'\n') == 3 * 16, 'judge.py: exit 1, a line for each miss', run.stdout)


def test_intervals():
    for got, expected, name in ((intervals.two_sided(15, 15), (0.78198, 1), '15 of 15'),
                                (intervals.two_sided(3, 10), (0.066740, 0.652453), '3 of 10'),
                                (intervals.two_sided(0, 20), (0, 0.168433), '0 of 20'),
                                ((intervals.lower(15, 15, .05), intervals.upper(0, 20, .05)), (0.818967, 0.139108), 'one-sided'),
                                ((intervals.upper(0, 500000, .05) * 1e6, 0), (5.99144, 0), '0 of 500 000, in millionths')):
        ok(all(abs(g - e) < 1e-5 for g, e in zip(got, expected)), 'interval of ' + name, got)


def test_tshark():
    if not shutil.which('tshark'):
        skip('tshark reads the captures', 'no tshark')
        return
    for leaf in ('bots1a', 'benign1a'):
        run = tshark(path(leaf), '-Y', TSHARK_WRONG)
        same((run.returncode, run.stdout), (0, b''), 'tshark finds nothing wrong in ' + leaf)
    broken = bytearray(read(path('bots1a')))
    broken[24 + 16 + 60] ^= 1
    run = tshark(write(path('broken'), broken), '-Y', TSHARK_WRONG)
    ok(run.stdout.count(b'\n') >= 1, 'and one flipped bit')


def test_bad_input():
    same([labgen(*a).returncode for a in ((), ('x', 'y'), ('bots', '-n', '0', 'y'), ('bots', '-t', '1x', 'y'), ('bots', 'y', 'z'))],
         [2] * 5, 'bad arguments: exit 2')
    out = labgen('bots', '-d', path('nowhere'), path('x'))
    ok(out.returncode == 1 and b'nowhere/watchlist.tsv: No such file' in out.stderr, 'no tables: exit 1', out.stderr)
    os.mkdir(path('bad'))
    for leaf in ('watchlist.tsv', 'others.tsv', 'bots.tsv'):
        shutil.copy(os.path.join(LAB, leaf), path('bad'))
    for leaf, row in (('bots.tsv', b'Z-1\tZ\td1\tb1\tname\n'), ('others.tsv', b'x.example\t-\tx1\tftp\t21\t60\t198.19.1.1\t-\n')):
        whole = read(os.path.join(LAB, leaf))
        write(path('bad/' + leaf), whole + row)
        out = labgen('bots', '-d', path('bad'), path('x'))
        ok(out.returncode == 1 and b'%s:%d: not ' % (leaf.encode(), whole.count(b'\n') + 1) in out.stderr,
           'a bad row in %s: file and line' % leaf, out.stderr)
        write(path('bad/' + leaf), whole)


if __name__ == '__main__':
    try:
        for test in (test_seeds, test_benign_day, test_bots, test_judge, test_intervals, test_tshark,
                     test_bad_input):
            test()
    finally:
        shutil.rmtree(work)
    end()
