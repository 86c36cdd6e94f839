#!/usr/bin/env python3
"""test_allow.py: metsuke allow: what is taken, refused, renewed, listed and removed; and what a replay makes of it, in the packets'
own time. Then what else explains a verdict: popular domains and the built-in list of updates."""
import datetime
import re
import shutil
import tempfile
import threading

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-allow-')
BOT = '192.0.2.66'


def path(leaf):
    return os.path.join(work, leaf)


FILE, STORE = path('allow.jsonl'), path('net.db')


def allow(*args, config='/dev/null', **kw):
    return run('allow', '-c', config, '-a', FILE, '-S', STORE, *args, **kw)


def entries():
    return events(allow('--list', '--json').stdout)


def done(args, *words, **kw):
    r = allow(*args, **kw)
    ok(r.returncode == 0 and all(w.encode() in r.stdout + r.stderr for w in words), 'allow ' + ' '.join(args), '%d %s %s' % (r.returncode, r.stdout, r.stderr))
    return r


def refused(args, status, *words, **kw):
    before = open(FILE, 'rb').read() if os.path.exists(FILE) else None
    r = allow(*args, **kw)
    ok(r.returncode == status and not r.stdout and all(w.encode() in r.stderr for w in words),
       'refused with %d: allow %s: %s' % (status, ' '.join(args).replace('\n', '\\n')[:80], words[0]), '%d %s %s' % (r.returncode, r.stdout, r.stderr))
    ok((open(FILE, 'rb').read() if os.path.exists(FILE) else None) == before, 'and nothing is changed')


def when(text):
    return datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ').replace(tzinfo=datetime.timezone.utc)


def test_refused():
    for args, status, words in (
            (['x.example'], 2, '--why: a reason is needed'), (['--why', '', 'x.example'], 2, '--why'),
            (['--why', 'x', 'com'], 2, "'com' is a top-level domain or a public suffix"),
            (['--why', 'x', 'co.uk'], 2, '--wide, if that is meant'), (['--why', 'x', 'github.io'], 2, "'github.io' is a"),
            (['--why', 'x', '0.0.0.0/0'], 2, 'holds everybody'), (['--why', 'x', 'no name'], 2, "'no name' is neither"),
            (['--why', 'x', '-C', 'curl', 'x.example'], 2, "client 'curl' is neither"),
            (['--why', 'x', '-C', BOT, '/usr/bin/x'], 2, 'a program is the client already'),
            (['--why', 'x', '--until', '2020-01-01', 'x.example'], 2, '2020-01-01 is over'),
            (['--why', 'x', '--until', 'soon', 'x.example'], 2, "'soon' is neither"), (['--why', 'x', '--until', '0d', 'x.example'], 2, "'0d'"),
            (['--why', 'x', '--until', '99999999999999999999d', 'x.example'], 2, 'is neither'), (['--why', 'x', '--until', '5', 'x.example'], 2, "'5'"),
            (['--why', 'x\ny', 'x.example'], 1, 'control characters'), (['--why', 'y' * 600, 'x.example'], 1, 'less than 512 bytes'),
            ([], 2, 'expected a DOMAIN'), (['--list', 'x.example'], 2, 'expected a DOMAIN'), (['--why', 'x', 'a.example', 'b.example'], 2, 'expected'),
            (['--why', 'x'], 2, 'neither a domain nor'), (['--remove', '12345678'], 1, "no entry '12345678'")):
        refused(args, status, words)


def test_add():
    r = done(['--why', 'our backup', '--until', '30d', 'Backup.Example.'], 'is no anomaly until ')
    one = entries()[0]
    same({k: one[k] for k in ('domain', 'why', 'expired')}, {'domain': 'backup.example', 'why': 'our backup', 'expired': False}, 'the entry')
    ok(r.stdout.startswith(one['id'].encode() + b': backup.example '), 'its id is said', r.stdout)
    until, said = when(one['until']), when(one['said'])
    ok(abs((until - said).total_seconds() - 30 * 86400) < 2, 'until is 30 days from when it was said', one)
    ok(re.fullmatch(r'\S+ \(uid \d+\)', one['by']), 'who said so', one)
    same(os.stat(FILE).st_mode & 0o777, 0o640, 'the file is for its owner and group')
    done(['--why', 'x', '--until', 'never', '-C', '/usr/bin/agent', 'site.example'], 'site.example by /usr/bin/agent is no anomaly, for good')
    if os.getuid() == 0:
        done(['--why', 'x', '198.51.100.0/24'], env={'SUDO_USER': 'alice', 'SUDO_UID': '1000'})
        same(entries()[-1]['by'], 'alice (uid 1000, by sudo)', 'who said so by way of sudo')
    done(['--why', 'agent', '/usr/bin/agent'], 'all by /usr/bin/agent')
    done(['--why', 'x', '--wide', 'co.uk'], 'co.uk is no anomaly')
    done(['--why', 'x', '/usr/bin/python3.11'], 'allows every script')
    done(['--why', 'moved', '--until', '2099-01-01T00:00:00+01:00', 'backup.example'], 'renewed')
    same([(e['why'], e['until']) for e in entries() if e.get('domain') == 'backup.example'], [('moved', '2098-12-31T23:00:00Z')],
         'said again: one entry, renewed')
    done(['--remove', one['id']], 'removed')
    ok(one['id'] not in [e['id'] for e in entries()], 'removed')


def test_file():
    """Comments, others' lines, and lines that are wrong outlive a change; a link stays one; two at a time lose nothing."""
    real = path('real.jsonl')
    text = b'# by hand\n\n{"domain":"hand.example","why":"kept"}\n{"domain":"com","why":"x"}\n{"domain":"old.example","until":"2020-01-01","why":"x"}\nrubbish'
    write(real, text)
    os.chmod(real, 0o644)
    os.unlink(FILE)
    os.symlink(real, FILE)
    done(['--why', 'x', 'new.example'])
    now = open(real, 'rb').read()
    ok(now.startswith(text + b'\n') and now.count(b'\n') == 7, 'what stood there stays, to the byte', now)
    ok(os.path.islink(FILE) and os.stat(real).st_mode & 0o777 == 0o644, 'a link stays a link, the mode stays')
    r = allow('--list')
    ok(r.returncode == 1 and b"allow.jsonl:4: 'com' is a top-level domain" in r.stderr and b'allow.jsonl:6: ' in r.stderr, 'refused lines are named', r)
    ok(b'(over)' in [x for x in r.stdout.splitlines() if b'old.example' in x][0], 'an entry that is over is shown as such', r.stdout)
    same({e['domain']: e['expired'] for e in entries()}, {'hand.example': False, 'old.example': True, 'new.example': False}, 'as JSON')
    threads = [threading.Thread(target=allow, args=('--why', 'x', 'n%d.example' % i)) for i in range(12)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    same(len(entries()), 15, 'twelve at the same time are twelve more')
    ok(not os.path.exists(real + '.new'), 'no file is left beside it')
    os.unlink(FILE)
    r = allow('--list')
    ok(r.returncode == 0 and b'nothing is allowed' in r.stderr, 'no file: nothing is allowed', r)
    deep = path('made/allow.jsonl')
    ok(run('allow', '-c', '/dev/null', '-a', deep, '-S', STORE, '--why', 'x', 'a.example').returncode == 0 and os.path.exists(deep), 'the folder is made')
    for where, words in ((path('no/such/allow.jsonl'), b'No such file'), (work, b'Invalid argument')):
        r = run('allow', '-c', '/dev/null', '-a', where, '--why', 'x', 'a.example')
        ok(r.returncode == 1 and words in r.stderr, 'a file that cannot be: %s' % words.decode(), r)


# A network of two: one client checks in, lookups stand before requests, hours can be chosen.

def messages(host, n, period, first=0, client=BOT, server='198.51.100.80', answer='198.51.100.80'):
    if answer:
        yield first, udp(40000, 53, dns_query(host), src=client, dst=SERVER)
        yield first + .01, udp(53, 40000, dns_response(host, rdata=bytes(map(int, answer.split('.')))), src=SERVER, dst=client)
    for i in range(n):
        yield first + 1 + i * period + 0.2 * (i % 3), tcp(20000 + i, 80, 1, http('/gate', host, 'User-Agent: x\r\n'), src=client, dst=server)


def capture(leaf, *lists):
    out = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    for at, packet in sorted((m for part in lists for m in part), key=lambda m: m[0]):
        f = ethernet(packet)
        out += struct.pack('<IIII', START + int(at), int(at % 1 * 1e6), len(f), len(f)) + f
    return write(path(leaf), out)


def told(*args):
    r = replay(*args)
    return [(e['event']['action'], e['metsuke'].get('anomaly', {}).get('entity', {}).get('value')) for e in events(r.stdout)
            if e['event']['kind'] == 'alert']


def test_replay():
    net = capture('net.pcap', messages('cc.example', 40, 120), messages('other.example', 40, 130))
    same(told(net), [('anomaly', 'cc.example'), ('anomaly', 'other.example')], 'two are told')
    write(FILE, b'{"domain":"cc.example","client":"192.0.2.64/28","why":"x"}\n')
    same(told('-a', FILE, net), [('anomaly', 'other.example')], 'one of them is allowed')
    same(told(net), [('anomaly', 'cc.example'), ('anomaly', 'other.example')], 'without --allow a replay knows of none')
    write(FILE, b'{"domain":"cc.example","client":"192.0.2.0/28","why":"x"}\n')
    same(len(told('-a', FILE, net)), 2, 'another client is: both are told')
    half = datetime.datetime.fromtimestamp(START + 3000, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    write(FILE, ('{"domain":"cc.example","until":"%s","why":"x"}\n' % half).encode())
    out = events(replay('-a', FILE, net).stdout)
    first = [e['@timestamp'] for e in out if e['event']['action'] == 'anomaly' and e['metsuke']['anomaly']['entity']['value'] == 'cc.example']
    ok(len(first) == 1 and first[0][:19] + 'Z' >= half, 'it expires in the packets\' time: told after that', (first, half))
    lists = write(path('cc.txt'), b'cc.example\n')
    write(FILE, b'{"domain":"cc.example","why":"x"}\n')
    n = told('-l', lists, '-a', FILE, net)
    same(n, told('-l', lists, net), 'what a list holds is told all the same')
    ok(('blocklist-match', None) in n, 'it is')
    write(FILE, b'{"domain":"cc.example","listed":true,"why":"x"}\n')
    same(told('-l', lists, '-a', FILE, net), [('anomaly', 'other.example')], 'unless that was said, too')
    write(FILE, b'{"domain":"com","why":"x"}\nrubbish\n{"domain":"cc.example","why":"x"}\n')
    r = replay('-a', FILE, net)
    ok(r.returncode == 0 and b'allow.jsonl:1: ' in r.stderr and b'allow.jsonl:2: ' in r.stderr, 'refused lines are said, the rest counts', r.stderr)
    r = replay('-a', work, net)
    ok(r.returncode != 0 and work.encode() in r.stderr, 'a file that cannot be read: no replay without it', r)


def test_known():
    """Names that the store never saw, and those that a list holds."""
    replay('-S', STORE, path('net.pcap'))
    r = done(['--why', 'x', 'cc.example'])
    ok(not r.stderr, 'a name that was seen: no warning', r.stderr)
    r = done(['--why', 'x', 'www.cc.example'])
    ok(not r.stderr, 'nor for one below it', r.stderr)
    done(['--why', 'x', 'otehr.example'], 'otehr.example was never asked for', 'did you mean other.example')
    r = done(['--why', 'x', 'nothing-like-it.example'], 'was never asked for as far as the store knows')
    ok(b'did you mean' not in r.stderr, 'no near name: none is made up', r.stderr)
    write(path('bad.txt'), b'evil.example\n')
    conf = write(path('lists.yaml'), b'intel: {lists: [{name: bad, path: bad.txt}]}\n')
    done(['--why', 'x', 'www.evil.example'], 'list bad holds evil.example: that still alerts', config=conf)
    r = done(['--why', 'x', '--also-listed', 'www.evil.example'], config=conf)
    ok(b'list bad' not in r.stderr, '--also-listed: no warning', r.stderr)
    for what, make in (('text', lambda p: write(p, b'no database' * 100)), ('a folder', os.mkdir)):
        broken = path('broken-' + what.replace(' ', '-'))
        make(broken)
        r = allow('--why', 'x', '-S', broken, 'cc.example')
        ok(r.returncode == 0 and b'the store cannot be read' in r.stderr, 'a store that is %s: said, and it is done all the same' % what, r)


def test_popular():
    net = capture('popular.pcap', messages('www.well-known.example', 40, 120), messages('cc.example', 40, 130),
                  messages('less-known.example', 40, 125), messages('faked.example', 40, 140, answer='203.0.113.9'))
    plain = told(net)
    same(len(plain), 4, 'four rhythms are told')
    ranks = write(path('top.csv'), b'rank,domain\n10,well-known.example\n20,faked.example\n200,less-known.example\n')
    write(path('one.yaml'), b'intel: {popular: top.csv}\ndetect: {popular_most: 100}\n')
    out = [e for e in events(replay('-c', path('one.yaml'), net).stdout) if e['event']['kind'] == 'alert']
    got = {e['metsuke']['anomaly']['entity']['value']: e for e in out}
    same(set(got), {'cc.example', 'less-known.example', 'faked.example'}, 'a popular domain explains; not one whose server it is not')
    same(got['less-known.example']['metsuke']['anomaly']['features']['popularity']['value'], 200, 'further down: its rank is in the event')
    ok(got['less-known.example']['metsuke']['anomaly']['score'] < got['cc.example']['metsuke']['anomaly']['score'], 'and its score is lower',
       [e['metsuke']['anomaly']['score'] for e in out])
    ok('popularity' not in got['cc.example']['metsuke']['anomaly']['features'], 'what is not in the list says nothing')
    good, wrong = fits_schema(b''.join(json.dumps(e).encode() + b'\n' for e in out))
    ok(good, 'they fit docs/events.md', wrong)
    asked = run('intel', 'query', '-c', write(path('query.yaml'), b'intel: {popular: top.csv, lists: [{path: bad.txt}]}\n'),
                'well-known.example', 'a.windowsupdate.com').stdout
    ok(b'well-known.example: popular, rank 10' in asked and b'update domain windowsupdate.com (built in)' in asked, 'metsuke intel query says so', asked)
    r = run('check', '-c', path('one.yaml'))
    ok(b'popular domains        3, 0 doubles, 0 refused' in r.stdout and b'the first 100 explain' in r.stdout, 'metsuke check, too', r.stdout)
    os.unlink(ranks)
    r = replay('-c', path('one.yaml'), net)
    ok(r.returncode == 1 and b'intel.popular: ' in r.stderr and b'No such file' in r.stderr, 'a list that is not there: no start', r)
    write(ranks, b'1,a.example\nx,b.example\n')
    r = run('check', '-c', path('one.yaml'))
    ok(b'top.csv:2: \'x\': no rank' in r.stderr, 'a bad line: file, line, value, reason', r.stderr)


def test_updates():
    net = capture('updates.pcap', messages('ctldl.windowsupdate.com', 40, 120), messages('update.microsoft.com', 40, 125, answer='203.0.113.9'))
    same([d for _, d in told(net)], ['microsoft.com'], 'an update domain explains; not who only writes its name into his requests')
    off = write(path('off.yaml'), b'detect: {updates: false}\n')
    same(len(told('-c', off, net)), 2, 'detect.updates: false: both are told')


try:
    test_refused()
    test_add()
    test_file()
    test_replay()
    test_known()
    test_popular()
    test_updates()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
