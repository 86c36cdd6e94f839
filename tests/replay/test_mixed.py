#!/usr/bin/env python3
"""test_mixed.py: a mixed network is what its labels say, whoever reads the capture; and the judge of its alerts finds what is
planted."""
import collections
import ipaddress
import re
import shutil
import statistics
import tempfile

from harness import *

LAB = os.path.join(ROOT, 'tests', 'lab')
sys.path.insert(0, LAB)
import beacon_judge
import rhythm

work = tempfile.mkdtemp(prefix='metsuke-mixed-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
BEACONS = [sys.executable, os.path.join(LAB, 'beacons.py')]


def path(leaf):
    return os.path.join(work, leaf)


def labgen(*args):
    return subprocess.run([LABGEN, 'mixed', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def make(leaf, *args):
    out = labgen(*args, path(leaf))
    ok(out.returncode == 0 and not out.stderr, 'labgen mixed ' + ' '.join(args), out.stderr.decode())
    return path(leaf)


def read(p):
    with open(p, 'rb') as f:
        return f.read()


def labels(capture):
    return beacon_judge.read_labels(capture + '.labels.tsv')


def replayed(capture):
    """The file of its events."""
    with open(capture + '.ndjson', 'wb') as out:
        replay(capture, stdout=out)
    return capture + '.ndjson'


def test_seeds():
    args = ('-n', '8', '-b', '3', '-t', '24', '--light')
    one, again, other = (make(s + '.pcap', '-s', s[0], *args) for s in ('1a', '1b', '2a'))
    ok(read(one) == read(again) and read(one + '.labels.tsv') == read(again + '.labels.tsv'), 'the same seed, the same bytes')
    ok(read(one) != read(other) and read(one + '.labels.tsv') != read(other + '.labels.tsv'), 'another seed, other bytes')


def test_days():
    args = ('-n', '3', '-b', '1', '-s', '5', '-t', '60', '--light')
    whole, daily = make('whole.pcap', *args), make('daily.pcap', *args, '--daily')
    days = [path('daily-%03d.pcap' % (i + 1)) for i in range(3)]
    ok(not os.path.exists(daily) and all(map(os.path.exists, days)), 'a capture for each day')
    same(b''.join(read(d)[24:] for d in days), read(whole)[24:], 'together they are the packets of the whole')
    firsts = [struct.unpack_from('<I', read(d), 24)[0] for d in days]
    same([t // 86400 - firsts[0] // 86400 for t in firsts], [0, 1, 2], 'each of its day')
    same(read(daily + '.labels.tsv'), read(whole + '.labels.tsv'), 'one file of labels')
    ok(replay(*days).stdout.count(b'\n') == replay(whole).stdout.count(b'\n') > 1000, 'and the same events')


def resent(times):
    """How many come as a segment that is sent again does, 0.22 s after one before."""
    return sum(any(abs(t - u - 0.22) < 0.002 for u in times[max(0, i - 3):i]) for i, t in enumerate(times))


def test_labels():
    """Bots and benign hosts, by what replay sees. A segment that was sent twice is seen twice there."""
    capture = make('net.pcap', '-n', '20', '-b', '8', '-s', '11', '-t', '24', '--light', '--hard')
    rows, pairs = labels(capture), rhythm.read_requests([replayed(capture)])
    bots = [x for x in rows if x.role == 'bot']
    same(len(bots), 8, 'a row for each bot')
    same(len({(b.client, b.domain) for b in bots}), 8, 'each a client and a domain of its own')
    ok(sum(b.checkins >= 12 for b in bots) >= 4, 'half of them have 12 check-ins', [b.checkins for b in bots])
    wrong = []
    for b in bots:
        p = pairs.get((b.client, b.domain), rhythm.Pair())
        good = len(p.checkins()) == b.checkins and 0 <= len(p.times) - b.requests <= resent(p.times)
        if b.checkins:
            good = good and abs(p.times[0] - rhythm.seconds(b.first)) < 1e-5 and p.methods == {b.method} and \
                (b.agent == 'none') == (p.agents == {None}) and len(p.agents) == 1 and \
                {'fixed': 1, 'random': len(p.times) - resent(p.times)}.get(b.url, 2) <= len(p.urls) and \
                len(p.urls) <= {'fixed': 1, 'rotating': 6}.get(b.url, 1 << 30)
        if not good:
            wrong.append((str(b), b.checkins, b.requests, len(p.checkins()), len(p.times), len(p.urls), p.agents))
    same(wrong, [], 'check-ins, requests, URLs, method and User-Agent of each are as labelled')
    asked = {(x.client, x.domain) for x in rows if x.method != '-' and x.checkins}
    same(asked, set(pairs), 'each pair of HTTP has a label, and each label of HTTP is there')
    seen = {x.decode() for x in re.findall(rb'"question":{[^}]*"registered_domain":"([^"]+)"', read(capture + '.ndjson'))}
    ok({x.domain for x in rows if x.checkins} >= seen, 'each domain that is looked up has one', seen - {x.domain for x in rows})


def test_kinds():
    rows = labels(path('net.pcap'))
    kinds = collections.Counter(x.kind for x in rows)
    same(set(kinds), set('beacon browsing delivery reload update telemetry vendor connectivity weather feed ocsp mail chat clock '
                         'missing'.split()), 'every kind of habit')
    clients = collections.defaultdict(set)
    for x in rows:
        clients[x.kind, x.domain].add(x.client)
    vendors = [len(c) for (kind, _), c in clients.items() if kind == 'vendor']
    ok(vendors and all(1 <= n <= 4 for n in vendors), 'few hosts run a vendor\'s agent', vendors)
    ok(max(len(c) for (kind, _), c in clients.items() if kind == 'update') >= 10, 'an update server has many clients')
    sites = [len(c) for (kind, _), c in clients.items() if kind == 'browsing']
    ok(sites.count(1) > len(sites) / 3 and max(sites) >= 10, 'sites of one person, and sites of all', collections.Counter(sites))
    pairs = rhythm.read_requests([path('net.pcap.ndjson')])
    people = [p for (client, domain), p in pairs.items() if p.enough() and all(
        x.kind == 'browsing' for x in rows if (x.client, x.domain) == (client, domain))]
    ok(len(people) >= 20, 'people come back to sites', len(people))
    ok(0.7 < statistics.median(p.cv() for p in people) < 3, 'at gaps that vary', sorted(p.cv() for p in people))


def test_managed():
    """Without --hard no software is on a few hosts alone, and nothing else is as regular and as rare as a bot."""
    rows = labels(make('managed.pcap', '-n', '60', '-b', '4', '-s', '12', '-t', '24', '--light'))
    same({x.kind for x in rows} & {'feed', 'reload'}, set(), 'no feeds, no page that loads itself again')
    clients = collections.defaultdict(set)
    for x in rows:
        if x.kind in ('vendor', 'telemetry', 'weather', 'update') and x.method != '-':
            clients[x.domain].add(x.client)
    ok(len(clients) > 20 and min(map(len, clients.values())) >= 5, 'each program on at least 8 % of the hosts',
       {d: len(c) for d, c in clients.items()})
    few = labels(make('few.pcap', '-n', '20', '-b', '0', '-s', '12', '-t', '24', '--light'))
    vendors = collections.Counter(x.domain for x in few if x.kind == 'vendor')
    ok(vendors and min(vendors.values()) >= 4, 'and on four of a few', vendors)


def test_alike():
    """Nothing but what they do tells bots from software: names, suffixes, addresses, TTLs."""
    host, suffix, nets, ttls = (collections.defaultdict(set) for _ in range(4))
    for seed in range(1, 9):
        capture = make('alike.pcap', '-n', '20', '-b', '20', '-s', str(seed), '-t', '1', '-f', '10', '--light')
        role = {}
        for x in labels(capture):
            role[x.domain] = x.role
            host[x.role].add(x.name[:-len(x.domain)])
            suffix[x.role].add(x.domain.rpartition('.')[2])
        lines = [line for line in replay(capture).stdout.splitlines() if b'"response_code":"NOERROR"' in line]
        for e in events(b'\n'.join(lines)):
            who = role[e['dns']['question']['registered_domain']]
            nets[who] |= {ipaddress.ip_network(ip + '/16', False) for ip in e['dns'].get('resolved_ip', ()) if '.' in ip}
            ttls[who] |= {a['ttl'] for a in e['dns'].get('answers', ()) if a['type'] == 'A'}
    for what, of in (('hosts', host), ('suffixes', suffix), ('networks', nets)):
        ok(of['bot'] and of['bot'] <= of['benign'], 'bots\' %s are all of the kind that others have' % what, of['bot'] - of['benign'])
    same((max(ttls['bot']), max(ttls['benign'])), (86400, 86400), 'TTLs up to a day')


def test_fixed():
    """A grid needs bots that are what was asked for."""
    for period, jitter, spread, url, method in ((20, 0, 'uniform', 'fixed', 'GET'), (60, 0.2, 'uniform', 'random', 'POST'),
                                                (60, 0.3, 'gaussian', 'rotating', 'GET')):
        capture = make('fixed.pcap', '-n', '12', '-b', '4', '-s', '3', '-t', '20', '--light', '--period', str(period), '--jitter',
                       str(jitter), '--spread', spread, '--url', url, '--method', method)
        bots = [x for x in labels(capture) if x.role == 'bot']
        same({(b.period_s, b.jitter, b.spread, b.url, b.method) for b in bots}, {(period, jitter, spread, url, method)},
             'every bot is as asked for')
        pairs = rhythm.read_requests([replayed(capture)])
        for b in bots:
            if b.checkins < 100:
                continue
            gaps = pairs[b.client, b.domain].gaps()
            within = sum(period * (1 - jitter) <= g <= period * (1 + jitter) + 2 for g in gaps) / len(gaps)
            ok(abs(statistics.median(gaps) / period - 1) < 0.06 + jitter / 4 and within > 0.85,
               '%s rests %d s, give or take %d %%' % (b.client, period, 100 * jitter), (statistics.median(gaps), within))
    none = make('none.pcap', '-n', '3', '-b', '0', '-t', '12', '--light')
    same([x for x in labels(none) if x.role == 'bot'], [], '-b 0: none')


def test_light():
    full, light = (os.path.getsize(make(leaf, '-n', '5', '-b', '0', '-s', '4', '-t', '168', *more))
                   for leaf, more in (('full.pcap', ()), ('light.pcap', ('--light',))))
    ok(light < full / 2, '--light is less than half', (light, full))
    ok(light / 5 * 20 < 1e9, 'a week of 20 hosts is below 1 GB', light)


def test_tshark():
    if not shutil.which('tshark'):
        skip('tshark reads the capture', 'no tshark')
        return
    some = make('some.pcap', '-n', '4', '-b', '4', '-s', '8', '-t', '12')
    run = tshark(some, '-Y', TSHARK_WRONG)
    same((run.returncode, run.stdout[:2000]), (0, b''), 'tshark finds nothing wrong')
    run = tshark(path('net.pcap'), '-Y', 'http.request && !tcp.analysis.retransmission', '-T', 'fields', '-e', 'ip.src', '-e',
                 'http.host')
    seen, labelled = collections.Counter(), collections.Counter()
    for line in run.stdout.decode().splitlines():
        client, host = line.split('\t')
        seen[client, rhythm.registrable(host)] += 1
    for x in labels(path('net.pcap')):
        if x.method != '-' and x.requests:
            labelled[x.client, x.domain] += x.requests
    same(seen - labelled + (labelled - seen), collections.Counter(), 'and each request that the labels count, no other')


# The judge: a network of five rows, and alerts written by hand.

ROWS = """# client	role	...
198.18.1.1	bot	beacon	bad.example	api.bad.example	60.000	0.1000	uniform	fixed	GET	none	%(t)s00:00:00.000000Z	%(t)s00:20:00.000000Z	21	21
198.18.1.2	bot	beacon	worse.test	worse.test	60.000	0.1000	uniform	fixed	GET	none	%(t)s00:00:00.000000Z	%(t)s00:20:00.000000Z	21	21
198.18.1.3	bot	beacon	late.test	late.test	60.000	0.1000	uniform	fixed	GET	none	%(t)s00:00:00.000000Z	%(t)s00:05:00.000000Z	5	5
198.18.1.4	benign	update	soft.example	dl.soft.example	3600.000	0.1000	delay	fixed	GET	own	%(t)s00:00:00.000000Z	%(t)s00:05:00.000000Z	5	5
198.18.1.4	benign	browsing	bad.example	api.bad.example	-	-	-	-	GET	browser	%(t)s00:00:00.000000Z	%(t)s00:05:00.000000Z	5	5
""" % {'t': '2026-01-05T'}


def request(client, host, minute, target='/'):
    return {'@timestamp': '2026-01-05T00:%02d:00.000000Z' % minute, 'event': {'action': 'http-request'}, 'source': {'ip': client},
            'url': {'original': target, 'domain': host}, 'http': {'request': {'method': 'GET'}}}


def alert(client, minute, action='anomaly', **about):
    e = {'@timestamp': '2026-01-05T00:%02d:30.000000Z' % minute, 'event': {'kind': 'alert', 'action': action}, **about}
    return dict(e, source={'ip': client}) if client else e


def entity(text):
    return {'metsuke': {'anomaly': {'entity': {'value': text}}}}


def judged(*alerts):
    lines = [request('198.18.1.1', 'api.bad.example', m) for m in range(21)] + \
        [request('198.18.1.2', 'worse.test', m, '/%d' % m) for m in range(21)] + [*alerts]
    write(path('hand.tsv'), ROWS.encode())
    write(path('hand.ndjson'), b''.join(json.dumps(e, separators=(',', ':')).encode() + b'\n' for e in lines))
    return beacon_judge.Verdict(labels_of('hand.tsv'), beacon_judge.read_alerts([path('hand.ndjson')]))


def labels_of(leaf):
    return beacon_judge.read_labels(path(leaf))


def command():
    return subprocess.run([*BEACONS, '--judge', path('hand.tsv'), path('hand.ndjson')], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)


def test_judge():
    one, two, late = [x for x in beacon_judge.read_labels(write(path('hand.tsv'), ROWS.encode())) if x.role == 'bot']
    for what, a in (('the entity', alert('198.18.1.1', 14, **entity('bad.example'))),
                    ('an entity with its client', alert('198.18.1.1', 14, **entity('198.18.1.1 bad.example'))),
                    ('the URL', alert('198.18.1.1', 14, url={'domain': 'api.bad.example'})),
                    ('the question', alert('198.18.1.1', 14, dns={'question': {'registered_domain': 'bad.example'}})),
                    ('a domain without a client', alert(None, 14, **entity('Bad.Example')))):
        v = judged(a)
        ok(v.alert_of(one) and not v.alert_of(two) and not v.false, 'a bot is found by ' + what, v.false)
    v = judged(alert('198.18.1.1', 16, **entity('bad.example')), alert('198.18.1.1', 14, **entity('bad.example')))
    pair = rhythm.read_requests([path('hand.ndjson')])['198.18.1.1', 'bad.example']
    same(beacon_judge.delay(one, v.alert_of(one), pair), (15, 14.5), 'delay: 15 check-ins, 14.5 minutes, of the first alert')
    same((round(pair.cv(), 6), len(pair.urls), len(pair.gaps())), (0, 1, 20), 'its rhythm')
    near = {'another client at the bot\'s domain': (alert('198.18.1.4', 3, **entity('bad.example')), 'browsing'),
            'a bot\'s client at another domain': (alert('198.18.1.1', 3, **entity('soft.example')), 'unlabelled'),
            'an update': (alert('198.18.1.4', 3, **entity('soft.example')), 'update'),
            'a look-alike': (alert('198.18.1.1', 3, **entity('xbad.example')), 'unlabelled')}
    for what, (a, kind) in near.items():
        v = judged(a, a)
        same(({k: len(x) for k, x in v.false_kinds().items()}, v.first), ({kind: 1}, {}), what + ': a false alarm, once')
    v = judged(alert('198.18.1.4', 3, action='blocklist-match', **entity('soft.example')))
    same((v.false, v.first), ({}, {}), 'other alerts are not its matter')
    ok(v.clean_hosts() == {'198.18.1.4'}, 'a host without a bot is clean')
    out = command()
    ok(out.returncode == 1 and re.search(r'all +0 of +2 ', out.stdout) and out.stdout.count('MISSED') == 2 and
       re.search('MISSED beacon 198.18.1.2 .*21 check-ins, CV of gaps 0.00, longest 60 s, 21 URLs', out.stdout),
       'beacons.py --judge: misses with what is known of them, exit 1', out.stdout)
    judged(alert('198.18.1.1', 14, **entity('bad.example')), alert('198.18.1.2', 18, **entity('worse.test')))
    out = command()
    ok(out.returncode == 0 and 'all                           2 of    2  0.158 to 1.000' in out.stdout and
       'median 17 check-ins' in out.stdout and 'with fewer check-ins: 1, of which found 0' in out.stdout,
       'all found, one of them not due: exit 0', out.stdout)
    judged(*[alert('198.18.1.1', 14, **entity('bad.example')), alert('198.18.1.2', 18, **entity('worse.test'))],
           *[alert('198.18.1.4', 18, **entity(name)) for name in ('soft.example', 'bad.example')])
    out = command()
    ok(out.returncode == 1 and re.search('update +1\n.*198.18.1.4 soft.example', out.stdout), 'two false alarms: exit 1', out.stdout)
    write(path('short.tsv'), b'198.18.1.1\tbot\n')
    try:
        labels_of('short.tsv')
        ok(False, 'a row that is too short is refused')
    except ValueError as e:
        ok('2 fields' in str(e), 'a row that is too short is refused', e)


def test_rhythm():
    p = rhythm.Pair()
    for t in (0, 1.5, 3, 10, 11.9, 20, 22):
        p.times.append(t)
    same(p.checkins(), [0, 10, 20, 22], 'requests closer than 2 s to the one before are one check-in, 2 s apart are two')
    same((p.gaps(), round(p.cv(), 6)), ([10, 10, 2], round(statistics.stdev([10, 10, 2]) / (22 / 3), 6)), 'gaps between their starts')
    ok(not p.enough(), 'too few')


def test_bad_input():
    for args in (('-b', 'x'), ('-b', '5001'), ('-f', '24'), ('--period', '0'), ('--period', '9:2'), ('--period', '9:'),
                 ('--jitter', '1.1'), ('--jitter', 'nan'), ('--url', 'odd'), ('--spread', ''), ('--method', 'PUT'), ('-n', '0'),
                 ('-t', '9000'), ('--hard=1',)):
        same(labgen(*args, path('x')).returncode, 2, 'exit 2: ' + ' '.join(args))
    same(subprocess.run([LABGEN, 'benign', '--light', path('x')], stderr=subprocess.DEVNULL).returncode, 2,
         'an option of mixed is none of benign')
    out = labgen(path('nowhere/x'))
    ok(out.returncode == 1 and b'nowhere/x' in out.stderr, 'no such folder: exit 1', out.stderr)
    ok(not os.path.exists(path('x')), 'and nothing is written')
    os.symlink('/dev/full', path('full'))
    out = labgen('-n', '2', '-t', '1', '-f', '10', path('full'))
    ok(out.returncode == 1 and b'full' in out.stderr, 'no room on the disk: exit 1', out.stderr)


if __name__ == '__main__':
    try:
        for test in (test_seeds, test_days, test_labels, test_kinds, test_managed, test_alike, test_fixed, test_light, test_tshark, test_judge,
                     test_rhythm, test_bad_input):
            test()
    finally:
        shutil.rmtree(work)
    end()
