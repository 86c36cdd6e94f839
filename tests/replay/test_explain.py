#!/usr/bin/env python3
"""test_explain.py: the case of an alert: its numbers are the event's, its neighbours can be computed again, and what cannot be
explained is said."""
import math
import shutil
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-explain-')
STORE = os.path.join(work, 'a store.db')  # a name that a shell takes apart
# docs/detectors.md: ln(x + c) of the four features of stage 1
OFFSETS = {'gap_cv': 0.02, 'gap_spread': 0.02, 'urls': 0, 'url_length_sd': 0.5}
BOT, OTHER = '192.0.2.66', '192.0.2.67'


def capture(leaf, messages):
    return write(os.path.join(work, leaf), timed(sorted(messages, key=lambda m: m[0])))


def explain(*args, store=STORE, **kw):
    return run('explain', '-c', '/dev/null', '-S', store, *args, **kw)


def case(*args):
    r = explain('--json', *args)
    return json.loads(r.stdout) if r.returncode == 0 else 'exit %d: %s' % (r.returncode, r.stderr.decode())


def refused(args, status, *words, **kw):
    r = explain(*args, **kw)
    ok(r.returncode == status and not r.stdout and all(w.encode() in r.stderr for w in words),
       '%s: exit %d, %s' % (' '.join(args).replace(work, ''), status, words[0]), '%d\n%s\n%s' % (r.returncode, r.stdout, r.stderr))


def scaled(values):
    with open(os.path.join(ROOT, 'share', 'baseline.json')) as f:
        scaling = json.load(f)['scaling']
    return [(math.log(values[k] + c) - scaling[k]['mean']) / scaling[k]['sd'] for k, c in OFFSETS.items()]


def test_anomaly(event):
    c = case('last')
    anomaly = event['metsuke']['anomaly']
    same((c['id'], c['kind'], c['severity'], c['score']),
         (event['event']['id'], 'anomaly', event['event']['severity'], anomaly['score']), 'last: the newest alert')
    ok(c['says'].startswith('%s checks in at cc.example: 12 check-ins in ' % BOT), 'one plain sentence', c['says'])
    rows = [dict(row, stage=s['stage']) for s in c['stages'] for row in s['features']]
    got = {r.pop('feature'): r for r in rows}
    beyond = {k for k, r in got.items() if r.pop('beyond')}
    same(got, anomaly['features'], 'every feature with its limit, p, part, and sample, as in the event')
    same(beyond, set(anomaly['triggered']), 'which of them are beyond their limits')
    ok(abs(sum(r['share'] for r in got.values()) - 1) < 1e-6, 'the parts are all of the score', got)
    ways = {(w['verdict'], tuple(x['feature'] for x in w['changes'])): w for w in c['otherwise']}
    want = {('ordinary', tuple(k for k in ('gap_cv', 'gap_spread') if k in beyond)), ('ordinary', ('ocsvm', 'lof')), ('ordinary', ('gap_ts',)),
            ('software', ('age_days',)), ('software', ('companions',))}
    ok(want <= set(ways), 'the ways to another verdict', list(ways))
    age = ways['software', ('age_days',)]['changes'][0]
    same((age['threshold'], age['needed']), (30, 'ge'), 'a limit to come to')
    ok('30 days' in ways['software', ('age_days',)]['text'], 'in words', ways)
    commands = [step['command'] for step in c['next']]
    ok(any(x.startswith("metsuke profiles -S '%s' " % STORE) for x in commands), 'commands for a shell, the store in quotes', commands)
    r = subprocess.run(commands[0].replace('metsuke', METSUKE, 1) + ' -c /dev/null', shell=True, stdout=subprocess.PIPE)
    ok(r.returncode == 0 and b'cc.example' in r.stdout, 'that work as they stand', commands[0])


def test_neighbours(event):
    c = case('last')
    near = c['neighbours']
    own = {k: event['metsuke']['anomaly']['features'][k]['value'] for k in OFFSETS}
    ok(all(abs(near['own'][k] - own[k]) < 1e-6 for k in OFFSETS), 'compared by the features of stage 1', near['own'])
    judged = [p for p in events(run('profiles', '-c', '/dev/null', '-S', STORE, '--json').stdout)
              if p['judgement'] != 'unknown' and p['gap_cv'] is not None]
    counts = {'same_client': 0, 'others': 0, 'flagged': 0}
    for p in judged:
        if (p['client'], p['domain']) != (BOT, 'cc.example'):
            counts['flagged' if p['judgement'] in ('suspicious', 'listed') else 'same_client' if p['client'] == BOT else 'others'] += 1
    same({k: near[k]['of'] for k in counts}, counts, 'all that were judged, the alert itself aside')
    rows = [r for k in counts for r in near[k]['nearest']]
    same({(r['client'], r['domain']) for r in rows},
         {(OTHER, 'news.example'), (BOT, 'paper.example'), (OTHER, 'worse.example')}, 'the client\'s own, others, and a flagged one')
    for r in rows:
        distance = math.dist(scaled(r['values']), scaled(own))
        ok(abs(distance - r['distance']) < 1e-4 * max(1, distance), 'distance of %s computed again: %.3f' % (r['domain'], distance), r)
    same([len(case('-n', '0', 'last').get('neighbours', [])), len(case('-n', '1', 'last')['neighbours']['others']['nearest'])], [0, 1], '-n')
    same(c['now']['judgement'], 'suspicious', 'what has become of it')


def test_listed(event):
    c = case(event['event']['id'])
    same([c['list'][k] for k in ('list', 'entry', 'matched', 'field', 'family', 'match')],
         ['cc.tsv', 'evil.example', 'www.evil.example', 'url.domain', 'zeus', event['metsuke']['alert']['match']], 'the list and its entry')
    ok('stages' not in c and 'neighbours' not in c, 'no stages where a list decided', list(c))
    text = explain(event['event']['id']).stdout.decode()
    ok('list cc.tsv holds evil.example (zeus)' in text and 'metsuke intel query evil.example' in text, 'as text', text)


def test_text():
    text = explain('last').stdout.decode()
    for words in ('stage 1: software or people? (HTTP)', 'stage 2: whose software?', 'it would be', 'ordinary   if ', 'the alert ',
                  'same client', 'what to do next'):
        ok(words in text, 'text: ' + words, text)
    ok(not any(line.endswith(' ') for line in text.splitlines()), 'no line ends in spaces')


def test_other_kinds():
    """Anomalies that DNS alone shows: of a domain, and of a client as a whole."""
    store, label = os.path.join(work, 'dns.db'), 'd41d8cd98f00b204e9800998ecf8427e' * 2
    names = [(t, '%s%02d.%s.t.example' % (label[:30 + 7 * t % 25], t, label[:30])) for t in range(60)]  # data's lengths vary
    lost = [(700 + t, '%s%02d.c2x' % (label[:55], t)) for t in range(60)]
    asked = [(t, ethernet(udp(30000 + t, 53, dns_query(n, 16), src=BOT))) for t, n in names] + \
            [(t, ethernet(udp(30000 + t, 53, dns_query(n, 16), src=OTHER))) for t, n in lost]
    quiet = [(t, ethernet(udp(30000, 53, dns_query('quiet.example'), src='192.0.2.%d' % t))) for t in range(1, 9)] + \
            [(t, ethernet(udp(30001, 53, dns_query('printer%d.c2x' % t), src='192.0.2.9'))) for t in range(3)]
    net = capture('dns.pcap', asked + quiet)
    replay('-c', write(os.path.join(work, 'dns.yaml'), b'detect: {settle_minutes: 0, rare_hours: 0}\n'), '-S', store, net)
    found = {}
    for line in run('alerts', '-c', '/dev/null', '-S', store, '--json').stdout.splitlines():
        e = json.loads(line)
        r = explain('--json', e['event']['id'], store=store)
        found[e['rule']['id']] = json.loads(r.stdout), e['metsuke']['anomaly']
    same(set(found), {'anomaly-tunnel', 'anomaly-nowhere'}, 'a tunnel below a domain and one below none')
    if len(found) == 2:
        c, anomaly = found['anomaly-tunnel']
        ok(c['says'].startswith(BOT + ' asks for names that look like data below t.example: '), 'a domain\'s in words', c['says'])
        ok({x['feature'] for w in c['otherwise'] for x in w['changes']} <= set(anomaly['features']) and
           ('no anomaly', 'names') in {(w['verdict'], x['feature']) for w in c['otherwise'] for x in w['changes']}, 'its ways', c['otherwise'])
        c, anomaly = found['anomaly-nowhere']
        ok(c['says'].startswith(OTHER + ' asks for names that look like data below no domain: '), 'a client\'s in words', c['says'])
        near = c['neighbours']
        ok('client_nowhere' in near['own'] and near['others']['of'] == 1 and near['scaling'] == 'store' and
           all(set(r) == {'client', 'flagged', 'distance', 'values'} for g in ('others', 'flagged') for r in near[g]['nearest']),
           'a client is compared with clients', near)
        commands = [s['command'] for s in c['next']]
        ok("metsuke allow --until 30d --why 'the reason' --client " + OTHER in commands and not any(' -d ' in x for x in commands),
           'and is what a command is about', commands)


def test_role():
    """A resolver that others use: the event says so, and is less severe; with one user less it is a client like any."""
    def severity(users):
        talk = [(0, ethernet(udp(40000, 53, dns_query('a.example'), src=BOT, dst='203.0.113.53')))]
        for i in range(users):
            user = '192.0.2.%d' % (10 + i)
            talk += [(1 + i, ethernet(udp(40000, 53, dns_query('a.example'), src=user, dst=BOT))),
                     (1.5 + i, ethernet(udp(53, 40000, dns_response('a.example'), src=BOT, dst=user)))]
        soon = write(os.path.join(work, 'soon.yaml'), b'detect: {settle_minutes: 0, rare_hours: 0}\n')
        out = replay('-c', soon, capture('role.pcap', talk + beacon(BOT, 'cc.example', 13, 120, 100))).stdout
        line = [x for x in out.splitlines(keepends=True) if b'"action":"anomaly"' in x]
        if len(line) != 1:
            return len(line)
        good, wrong = fits_schema(line[0])
        ok(good, 'an anomaly of one whom %d use fits docs/events.md' % users, wrong)
        e = json.loads(line[0])
        r = run('explain', '-c', '/dev/null', '-', input=line[0], stdin=None)
        return e['metsuke']['anomaly']['client'].get('role'), e['event']['severity'], b'role         resolver' in r.stdout
    two, three = severity(2), severity(3)
    same((two[0], two[2]), (None, False), 'two users: no role')
    same((three[0], three[2]), ('resolver', True), 'three users: a resolver, and explain says so')
    same(three[1], two[1] - 26, 'one step less severe')


def test_which(line, ids):
    same(case(ids[-1])['id'], ids[-1], 'by its whole id')
    run_id = ids[0].split('-')[0]
    refused([run_id], 1, "'%s' is the beginning of several" % run_id, ids[0], ids[-1])
    refused([ids[-1] + 'x'], 1, "no alert '%sx'" % ids[-1], 'the nearest:', ids[-1])
    refused(['zzz'], 1, "no alert 'zzz'", 'keeps them for 30 days', 'the newest:', ids[-1])
    refused(['last'], 1, 'there is no store at', store=os.path.join(work, 'none.db'))
    refused(['last'], 2, '-S none', store='none')
    refused([], 2, 'expected one ALERT')
    refused(['last', 'x'], 2, 'expected one ALERT')
    for most in ('x', '-1', '1001'):
        refused(['-n', most, 'last'], 2, "--most: '%s'" % most)
    empty = os.path.join(work, 'empty.db')
    replay('-S', empty, capture('one.pcap', [get(0, OTHER, 'a.example', '/', 1)]))
    refused(['last'], 1, 'there is no alert in', store=empty)
    path = write(os.path.join(work, 'alert.json'), line)
    r = run('explain', '-c', '/dev/null', path)
    ok(r.returncode == 0 and b'stage 2' in r.stdout and b'most like it' not in r.stdout, 'from a file, without a store', r)
    r = run('explain', '-c', '/dev/null', '-', stdin=open(path, 'rb'))
    ok(r.returncode == 0 and b'stage 2' in r.stdout, 'from standard input', r)
    for what, data, words in (('two alerts', line + line, '2 alerts, where one was expected'), ('no JSON', b'{"a":\n', 'no alert: '),
                              ('no alert', b'{"event":{"kind":"event"}}\n', 'event.kind is not "alert"'), ('nothing', b'', 'no alert')):
        refused([write(os.path.join(work, 'bad.json'), data)], 1, words)
    refused([os.path.join(work, 'nowhere.json')], 1, 'No such file')
    refused([work], 1, 'Is a directory')


def test_hostile(event):
    """Members of other types, missing ones, and control characters: never a crash, never a terminal's escape."""
    event = json.loads(json.dumps(event))
    event['metsuke']['anomaly']['entity']['value'] = "\x1b[2J'; rm -rf /\u202e"
    event['process'] = {'name': '\x1b]0;x\x07', 'pid': 7, 'command_line': 'a\nb'}
    r = run('explain', '-c', '/dev/null', '-', input=json.dumps(event).encode(), stdin=None)
    ok(r.returncode == 0 and all(0x20 <= b < 0x7f or b == 10 for b in r.stdout) and b'\\x1b[2J' in r.stdout,
       'control characters are shown, not sent', r.stdout)
    ok(b'rm -rf' not in r.stdout[r.stdout.find(b'what to do next'):], 'and are in no command', r.stdout)
    flat = json.loads(json.dumps(event))

    def broken(of, to):
        for key in of if isinstance(of, dict) else ():
            yield of, key, to
            yield from broken(of[key], to)
    n = 0
    values = (None, [], 'text', -1e308, {'a': 1})
    for i, (of, key, _) in enumerate(list(broken(flat, None))):
        if (of is flat and key == 'event') or (of is flat.get('event') and key == 'kind'):
            continue
        for more in ((), ('--json',)):
            n += 1
            was, of[key] = of[key], values[(i + n) % len(values)]
            r = run('explain', '-c', '/dev/null', *more, '-', input=json.dumps(flat).encode(), stdin=None)
            if r.returncode != 0:
                ok(False, '%s is %r' % (key, of[key]), r)
            of[key] = was
    ok(n > 200, '%d damaged events, each explained as far as it goes' % n)


try:
    listed = write(os.path.join(work, 'cc.tsv'), b'evil.example\tzeus\n')
    traffic = [*beacon(BOT, 'cc.example', 13, 120, 7200), *reader(BOT, 'paper.example'), *reader(OTHER, 'news.example'),
               *beacon(OTHER, 'worse.example', 13, 60), get(50, OTHER, 'www.evil.example', '/', 9)]
    soon = write(os.path.join(work, 'soon.yaml'), b'detect: {rare_hours: 0}\n')  # two clients are no network to wait for
    out = replay('-c', soon, '-S', STORE, '-l', listed, capture('net.pcap', traffic)).stdout
    alerts = [e for e in events(out) if e['event']['kind'] == 'alert']
    same([e['event']['action'] for e in alerts], ['blocklist-match', 'anomaly', 'anomaly'], 'a network with three alerts')
    line = [x for x in out.splitlines(keepends=True) if b'"action":"anomaly"' in x][-1]
    test_anomaly(alerts[-1])
    test_neighbours(alerts[-1])
    test_listed(alerts[0])
    test_text()
    test_other_kinds()
    test_role()
    test_which(line, [e['event']['id'] for e in alerts])
    test_hostile(alerts[-1])
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
