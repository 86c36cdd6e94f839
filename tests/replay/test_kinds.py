#!/usr/bin/env python3
"""test_kinds.py: each kind of bot, and each benign kind that is like one, does what its label says; and without them a mixed network
is what it always was."""
import collections
import hashlib
import shutil
import tempfile

from harness import *

LAB = os.path.join(ROOT, 'tests', 'lab')
sys.path.insert(0, LAB)
import beacon_judge
import rhythm

work = tempfile.mkdtemp(prefix='metsuke-kinds-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
BOTS = ('beacon worktime by-address https domains flux double-flux dga slow-dga tunnel-raw tunnel-hex tunnel-out tunnel-slow txt-orders '
        'crowd no-name no-answer irc scanner').split()
BENIGN = ('wide-delivery clock-pool ad-block blocklist reputation probe suffix reverse mail-server discovery backup build monitor '
          'forwarder').split()
RESOLVER = '198.18.0.53'
# Of labgen mixed -n 4 -b 2 -t 6 -f 9 -s 1 --light, from before there were kinds: evaluations are by these bytes.
ALWAYS = ('12574b9ca140feb1e5cd65b4afcb5597dd131bc5bc4bbb0dfb0044fdaccb2f2f',
          '979ad2cad77d80bc1ca83dce68af60780c765ca1a85da936832f02265a609475')


def path(leaf):
    return os.path.join(work, leaf)


def labgen(*args):
    return subprocess.run([LABGEN, 'mixed', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def read(leaf):
    with open(path(leaf), 'rb') as f:
        return f.read()


class Network:
    """A capture, its labels, and what a replay and a look at its frames say of it."""

    def __init__(self, leaf, *args):
        out = labgen(*args, path(leaf))
        ok(out.returncode == 0 and not out.stderr, 'labgen mixed ' + ' '.join(args), out.stderr)
        self.rows = beacon_judge.read_labels(path(leaf) + '.labels.tsv')
        self.queries, self.responses = collections.defaultdict(dict), collections.defaultdict(list)  # by client and domain
        self.requests = collections.defaultdict(list)
        self.named = set()  # (client, address) in answers
        for line in replay(path(leaf)).stdout.splitlines():
            self.enter(json.loads(line))
        self.syns, self.answered, self.heard, self.authority = collections.defaultdict(list), set(), collections.Counter(), set()
        self.look(read(leaf))

    def enter(self, e):
        action, client = e['event']['action'], e.get('source', {}).get('ip')
        if action == 'http-request':
            self.requests[client, rhythm.registrable(e['url']['domain'])].append(e)
        if not action.startswith('dns'):
            return
        q = e['dns']['question']
        domain = rhythm.registrable(q['name'])
        if action == 'dns-query':  # one that is sent again is one
            self.queries[client, domain].setdefault((e['source']['port'], e['dns']['id'], q['name'], q['type']), e)
        else:
            self.responses[client, domain].append(e)
            self.named |= {(client, ip_) for ip_ in e['dns'].get('resolved_ip', ())}

    def look(self, data):
        at = 24
        while at < len(data):
            n = struct.unpack_from('<I', data, at + 8)[0]
            p = data[at + 30:at + 16 + n]
            at += 16 + n
            src, dst = ('%d.%d.%d.%d' % tuple(p[i:i + 4]) for i in (12, 16))
            if p[9] == 17:
                if p[20:22] == b'\0\x35' and p[36:38] != b'\0\0' and p[34:36] != b'\0\0':
                    self.authority.add((dst, p[40:p.index(0, 40)]))
                continue
            sport, dport, seq, flags = struct.unpack_from('>HHI5xB', p, 20)
            if flags == 2:
                self.syns[src].append((dst, dport, seq))
            elif flags & 18 == 18 or flags & 4:
                self.answered.add((dst, src, sport, bool(flags & 4)))
            elif p[40:45] == b'PING ':
                self.heard[dst] += 1

    def of(self, kind):
        return [x for x in self.rows if x.kind == kind]

    def one(self, kind):
        return max(self.of(kind), key=lambda x: x.requests)

    def asked(self, x):
        return list(self.queries[x.client, x.domain].values())

    def answers(self, x):
        return self.responses[x.client, x.domain]


def types(events_):
    return {e['dns']['question']['type'] for e in events_}


def codes(events_):
    return {e['dns']['response_code'] for e in events_}


def test_default():
    labgen('-n', '4', '-b', '2', '-t', '6', '-f', '9', '-s', '1', '--light', path('always.pcap'))
    same(tuple(hashlib.sha256(read('always.pcap' + leaf)).hexdigest() for leaf in ('', '.labels.tsv')), ALWAYS,
         'without kinds the bytes are what they always were')
    ok(not os.path.exists(path('always.pcap.pfx2as')), 'and nothing else is written')
    for leaf in 'ab':
        labgen('-n', '20', '-b', '19', '-t', '2', '-f', '10', '-s', '2', '--light', '--kinds', 'all', '--benign', 'all', '--pfx2as', path(leaf))
    ok(all(read('a' + x) == read('b' + x) for x in ('', '.labels.tsv', '.pfx2as')), 'with them the same seed gives the same bytes')


def test_bots(net):
    same([k for k in BOTS if not net.of(k)], [], 'every kind is there')
    ok(all(x.role == 'bot' for k in BOTS for x in net.of(k)), 'as a bot')
    clients = {x.client for x in net.rows if x.role == 'bot'}
    ok(len(clients) >= len(BOTS), 'on a host of its own', len(clients))
    for kind in ('tunnel-raw', 'tunnel-hex', 'tunnel-out', 'tunnel-slow', 'txt-orders'):
        x = net.one(kind)
        asked = net.asked(x)
        same(len(asked), x.requests, '%s: as many lookups as labelled' % kind)
        names = {e['dns']['question']['name'] for e in asked}
        ok(len(names) <= 6 if kind == 'txt-orders' else len(names) > x.requests / 2 or kind == 'tunnel-slow', kind + ': names', len(names))
        ok(types(asked) <= {'tunnel-raw': {'NULL', 'TXT', 'TYPE65399', '65399'}, 'tunnel-hex': {'TXT', 'CNAME', 'MX'}, 'tunnel-out': {'A'},
                            'tunnel-slow': {'A', 'TXT'}, 'txt-orders': {'TXT'}}[kind], kind + ': types', types(asked))
        ok(codes(net.answers(x)) == {'NOERROR'} and all(e['dns'].get('answers') for e in net.answers(x)), kind + ': is answered')
        longest = max(map(len, names))
        ok({'tunnel-raw': 200, 'tunnel-hex': 200, 'tunnel-out': 40}.get(kind, 0) <= longest, kind + ': long names', longest)
    for kind in ('dga', 'slow-dga'):
        x = net.one(kind)
        gone = {d for (client, d), r in net.responses.items() if client == x.client and codes(r) == {'NXDOMAIN'}}
        known = {y.domain for y in net.rows if y.kind == 'missing'}
        ok(len(gone - known) >= (30 if kind == 'dga' else 8) and len(gone - known) <= x.requests, kind + ': domains that do not exist',
           (len(gone - known), x.requests))
        ok(x.domain == '-' or 'NOERROR' in codes(net.answers(x)) or not net.asked(x), kind + ': and one that does, if any', x.domain)
    x = net.one('no-name')
    ok(codes(net.answers(x)) in ({'NXDOMAIN'}, {'SERVFAIL'}) and x.checkins >= 12, 'no-name: never', codes(net.answers(x)))
    for kind in ('flux', 'double-flux'):
        x = net.one(kind)
        four = [e for e in net.answers(x) if e['dns']['question']['type'] == 'A']
        ips = [{a['data'] for a in e['dns']['answers'] if a['type'] == 'A' and a['name'] == x.name} for e in four]
        ok(all(3 <= len(s) <= 20 for s in ips) and len(set.union(*ips)) >= 5 * len(ips[0]) and
           max(a['ttl'] for e in four for a in e['dns']['answers']) <= 300, kind + ': 3 to 20 addresses, others each time', (len(ips), len(set.union(*ips))))
        ok(len({ip_.split('.')[2] for ip_ in set.union(*ips)}) >= 20, kind + ': of many networks')
    label = net.one('double-flux').name.split('.')[0].encode()
    ok((net.one('double-flux').client, bytes([len(label)]) + label) in {(c, n[:1 + len(label)]) for c, n in net.authority},
       'double-flux: with the servers of the zone')
    x = net.one('by-address')
    ok((x.client, x.domain) not in net.named and len(net.requests[x.client, x.domain]) >= x.requests > 12, 'by-address: asked without a lookup')
    x = net.one('https')
    ok(net.asked(x) and not net.requests[x.client, x.domain] and x.method == '-' and any(p == 443 for _, p, _ in net.syns[x.client]),
       'https: lookups and port 443')
    several = net.of('domains')
    ok(2 <= len([x for x in several if x.client == several[0].client]) <= 50 and sum(x.checkins > 0 for x in several) >= 2, 'domains: several')
    for x in net.of('beacon') + net.of('worktime') + net.of('crowd'):
        more = len(net.requests[x.client, x.domain]) - x.requests # segments that are sent twice
        ok(0 <= more <= 2 + x.requests / 100, '%s: as many requests as labelled' % x.kind, (more, x.requests))
    crowd = collections.Counter(x.domain for x in net.of('crowd'))
    ok(all(3 <= n <= 6 for n in crowd.values()), 'crowd: three to six hosts', crowd)
    x = net.one('no-answer')
    addresses = {ip_ for client, ip_ in net.named if client == x.client}
    dead = [ip_ for e in net.answers(x) for ip_ in e['dns'].get('resolved_ip', ()) if '.' in ip_]
    tried = [(ip_, port) for ip_, port, _ in net.syns[x.client] if ip_ in dead]
    ok(len(tried) >= x.checkins >= 12 and not any((x.client, ip_, port, False) in net.answered for ip_, port in tried),
       'no-answer: SYNs and no connection', (len(tried), x.checkins, addresses and len(addresses)))
    x = net.one('irc')
    ok(net.heard[x.client] >= 12 and x.checkins < 12, 'irc: few connections with many pings', (net.heard[x.client], x.checkins))
    x = net.one('scanner')
    telnet = [s for s in net.syns[x.client] if s[1] in (23, 2323)]
    ok(len(telnet) > 100 and len({s[0] for s in telnet}) > 100 and
       sum(s[2] == struct.unpack('>I', bytes(map(int, s[0].split('.'))))[0] for s in telnet) >= 0.99 * len(telnet),
       'scanner: SYNs to port 23 whose sequence number is the address', len(telnet))


def test_hours():
    """A bot that is there only while people are, on a machine that is always on; and its near miss."""
    hours = {}
    for kind in ('worktime', 'beacon'):
        leaf = kind + '.pcap'
        labgen('-n', '9', '-b', '9', '-t', '24', '-s', '3', '--light', '--kinds', kind, '--period', '300', path(leaf))
        bots = {(x.client, x.name) for x in beacon_judge.read_labels(path(leaf) + '.labels.tsv') if x.role == 'bot'}
        lines = [line for line in replay(path(leaf)).stdout.splitlines() if b'"http-request"' in line]
        hours[kind] = {int(e['@timestamp'][11:13]) for e in events(b'\n'.join(lines)) if (e['source']['ip'], e['url']['domain']) in bots}
    ok(len(hours['worktime']) > 4 and hours['worktime'] <= set(range(6, 23)), 'worktime: by day', hours['worktime'])
    ok(hours['beacon'] - set(range(6, 23)), 'a plain beacon: by night, too', hours['beacon'])


def test_benign(net):
    same([k for k in BENIGN if not net.of(k)], [], 'every benign kind is there')
    ok(all(x.role == 'benign' for x in net.rows), 'and no bot')
    known = {(x.client, x.domain) for x in net.rows}
    unlabelled = {k for k in net.queries if k not in known and '.' in k[1]} | {k for k in net.requests if k not in known}
    same({k for k in unlabelled if not k[1].endswith('arpa') and not k[1].endswith('hosting.test')}, set(), 'whatever is asked has a label')
    ips = collections.defaultdict(set)
    for kind in ('wide-delivery', 'clock-pool'):
        for x in net.of(kind):
            for e in net.answers(x):
                ips[kind, x.domain] |= {a['data'] for a in e['dns'].get('answers', ()) if a['type'] == 'A'}
                ips[kind, 'ttl'] |= {a['ttl'] for a in e['dns'].get('answers', ()) if a['type'] == 'A'}
        ok(max(len(s) for (k, d), s in ips.items() if k == kind and d != 'ttl') >= 20 and max(ips[kind, 'ttl']) <= 150,
           kind + ': many addresses, short TTLs')
    alone = collections.Counter(x.domain for x in net.of('wide-delivery') + net.of('reputation'))
    ok(1 in alone.values() and max(alone.values()) >= 3, 'some on one host alone, some on many', alone)
    denied = collections.defaultdict(set)
    for x in net.of('ad-block'):
        denied[x.client].add(x.domain)
        if net.answers(x) and not (codes(net.answers(x)) == {'NXDOMAIN'} or net.answers(x)[0]['dns'].get('resolved_ip') == ['0.0.0.0']):
            denied['wrong'].add(x.domain)
    ok(max(map(len, denied.values())) >= 50 and not denied['wrong'], 'ad-block: many domains, all denied')
    x = net.one('blocklist')
    ok(x.requests >= 200 and codes(net.answers(x)) == {'NOERROR', 'NXDOMAIN'} and all(
        e['dns']['question']['name'][:7].count('.') and e['dns']['question']['name'].split('.')[2] for e in net.asked(x)),
       'blocklist: hundreds of reversed addresses, most unknown', x.requests)
    x = net.one('reputation')
    names = {e['dns']['question']['name'] for e in net.asked(x)}
    ok(len(names) >= 50 and min(len(n) for n in names) >= 32 + len(x.domain), 'reputation: long labels, never the same', len(names))
    probes = [d for (client, d) in net.queries if '.' not in d]
    ok(len(probes) >= 9 and all(7 <= len(d) <= 15 for d in probes), 'probe: single labels', probes[:5])
    ok({'MX', 'TXT'} <= set().union(*(types(net.asked(x)) for x in net.of('mail-server'))), 'mail-server: MX and TXT')
    ok('SRV' in set().union(*(types(net.asked(x)) for x in net.of('discovery'))), 'discovery: SRV')
    ok('PTR' in {e['dns']['question']['type'] for (_, d), q in net.queries.items() if d.endswith('arpa') for e in q.values()}, 'reverse: PTR')
    watching = collections.Counter(x.client for x in net.of('monitor'))
    ok(len(watching) == 1 and max(watching.values()) >= 10 and max(x.checkins for x in net.of('monitor')) > 60, 'monitor: one host, many services')
    ok(len({x.client for x in net.of('forwarder')}) == 1 and len(net.of('forwarder')) > 100, 'forwarder: one host, many sites')
    rows = [line.split('\t') for line in open(path('benign.pcap.pfx2as')) if not line.startswith('#')]
    ok(40 < len({r[2] for r in rows}) < len(rows) and all(len(r) == 3 for r in rows), 'pfx2as: several prefixes to an AS', len(rows))
    write(path('c.yaml'), ('networks:\n  prefix_tables: [benign.pcap.pfx2as]\n').encode())
    out = run('replay', '-c', path('c.yaml'), write(path('empty.pcap'), pcap([])))
    ok(out.returncode == 0 and b'%d prefixes of IPv4, 0 of IPv6, 0 refused' % len(rows) in out.stderr, 'and the sensor takes it', out.stderr)


ROWS = """198.18.1.1	bot	dga	-	-	3600.000	0.0000	-	-	-	-	%(t)s	%(t)s	3	90
198.18.1.2	bot	domains	a.example	www.a.example	60.000	0.1000	uniform	fixed	GET	none	%(t)s	%(t)s	40	41
198.18.1.2	bot	domains	b.test	b.test	60.000	0.1000	uniform	fixed	GET	none	%(t)s	%(t)s	39	39
198.18.1.2	bot	beacon	c.test	c.test	60.000	0.1000	uniform	fixed	GET	none	%(t)s	%(t)s	39	39
198.18.1.1	benign	update	soft.example	dl.soft.example	3600.000	0.1000	delay	fixed	GET	own	%(t)s	%(t)s	5	5
""" % {'t': '2026-01-05T00:00:00.000000Z'}


def test_judge():
    """Which alert tells of which bot."""
    rows = beacon_judge.read_labels(write(path('hand.tsv'), ROWS.encode()))

    def found(client, *domains):
        v = beacon_judge.Verdict(rows, [beacon_judge.Alert({'@timestamp': '2026-01-05T01:00:00.000000Z', 'event': {}, 'source': {'ip': client},
                                 'metsuke': {'anomaly': {'entity': {'value': ' '.join(domains)}}}})])
        return [row.kind for row, told in v.each() if told], len(v.false)

    same([found('198.18.1.1'), found('198.18.1.1', 'xkqjz.example')], [(['dga'], 0)] * 2, 'generated names: an alert about the client, or a name of nobody\'s')
    same(found('198.18.1.1', 'soft.example'), ([], 1), 'but not about something else that it does')
    same(found('198.18.1.2', 'xkqjz.example'), ([], 1), 'nor about another client')
    same([found('198.18.1.2', d) for d in ('a.example', 'b.test', 'c.test')], [(['domains'], 0), (['domains'], 0), (['beacon'], 0)],
         'several servers: any of them, and it is one bot')
    same(len(beacon_judge.Verdict(rows, []).each()), 3, 'three bots in four rows')


def test_bad_input():
    for args, text in ((('--kinds', 'odd'), b'--kinds odd: no such kind; there are: beacon'), (('--kinds', 'flux,'), b'--kinds : no such kind'),
                       (('--kinds', 'flux,probe'), b'--kinds probe: no such kind'), (('--benign', 'flux'), b'--benign flux: no such kind; there are: wide'),
                       (('--kinds', 'fluxx'), b'--kinds fluxx'), (('--kinds', 'flu'), b'--kinds flu:')):
        out = labgen(*args, path('x'))
        ok(out.returncode == 2 and text in out.stderr and not os.path.exists(path('x')), 'exit 2: ' + ' '.join(args), out.stderr)
    out = labgen('-n', '8', '-b', '3', '-t', '1', '-f', '10', '--kinds', 'dga,flux', path('some.pcap'))
    kinds = collections.Counter(x.kind for x in beacon_judge.read_labels(path('some.pcap.labels.tsv')) if x.role == 'bot')
    same((out.returncode, kinds), (0, {'dga': 2, 'flux': 1}), 'kinds in turn')


if __name__ == '__main__':
    try:
        test_default()
        test_bots(Network('bots.pcap', '-n', '20', '-b', '19', '-t', '8', '-f', '9', '-s', '30', '--light', '--kinds', 'all'))
        test_hours()
        test_benign(Network('benign.pcap', '-n', '8', '-b', '0', '-t', '6', '-f', '9', '-s', '22', '--light', '--benign', 'all', '--pfx2as'))
        test_judge()
        test_bad_input()
    finally:
        shutil.rmtree(work)
    end()
