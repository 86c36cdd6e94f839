#!/usr/bin/env python3
"""test_lists.py: what replay says of listed names and addresses, and what it does not; metsuke intel."""
import csv
import random
import re
import resource
import shutil
import tempfile
import time

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-lists-')
LIST = 'evil.example\tzeus\tx\nfar.example\tmirai\tx\n'
OTHER = '192.0.2.9'  # another client
SERVER_IP = '192.0.2.7'  # what dns_response() answers with


def path(leaf):
    return os.path.join(work, leaf)


def listed(text=LIST, leaf='cc.tsv'):
    return write(path(leaf), text.encode())


def request(host='evil.example', dst=SERVER_IP, src=CLIENT, sport=50000, target='/gate.php'):
    return tcp(sport, 80, 1000, http(target, host), src=src, dst=dst)


def alerts(packets, start=START, *args, lists=('cc.tsv',)):
    """The alerts of a capture of these packets, or of several captures [(start, packets)]."""
    captures = packets if packets and isinstance(packets[0], tuple) else [(start, packets)]
    paths = [write(path('%d.pcap' % i), pcap([ethernet(p) for p in frames], start=at))
             for i, (at, frames) in enumerate(captures)]
    out = replay(*args, *[x for l in lists for x in ('-l', path(l))], *paths)
    good, said = fits_schema(out.stdout)
    ok(out.returncode == 0 and good, 'replay ends well and every line fits the schema', said + out.stderr.decode())
    found = [(i, e) for i, e in enumerate(events(out.stdout)) if e['event']['action'] == 'blocklist-match']
    for i, e in found:
        before = events(out.stdout)[i - 1]
        ok(all(e[k] == before[k] for k in ('source', 'destination', 'network', '@timestamp')),
           'the alert follows the event of its message')
    return [e for _, e in found]


def brief(found):
    return [(e['metsuke']['alert']['match'], e['threat']['enrichments'][0]['matched']['field'],
             e['threat']['enrichments'][0]['matched']['atomic'], e['threat']['enrichments'][0]['indicator']['name'])
            for e in found]


def test_lookup():
    listed()
    found = alerts(exchange('c2.evil.example'))
    same(brief(found), [('parent', 'dns.question.name', 'c2.evil.example', 'evil.example')] * 2,
         'a query below a listed name and its response')
    query, response = found
    same((query['dns']['type'], response['dns']['type']), ('query', 'answer'), 'one of each')
    same(response['dns']['resolved_ip'], [SERVER_IP], 'the response names the C&C server')
    same(query['source']['ip'], CLIENT, 'the query names the bot')
    same((query['event']['kind'], query['event']['severity'], query['rule']['ruleset']), ('alert', 73, 'cc.tsv'),
         'kind, severity, list')
    same(query['threat']['enrichments'][0]['indicator']['description'], 'zeus', 'family')


def test_near_misses():
    listed()
    for near in ('notevil.example', 'evil.example.com', 'evil.exampl', 'vil.example', 'evi.example', 'example', 'evilxexample'):
        same(brief(alerts(exchange(near))), [], 'no alert for ' + near)
    same(brief(alerts([request('notevil.example')])), [], 'nor for a request to a look-alike')
    same(len(alerts(exchange('EVIL.Example'))), 2, 'case does not matter')


def test_contact():
    listed()
    found = alerts(exchange('evil.example') + [request('innocent.example')])
    same(brief(found)[2:], [('resolved', 'destination.ip', SERVER_IP, 'evil.example')], 'contact with the address of the answer')
    same(found[2]['metsuke']['chain'], {'domain': 'evil.example', 'lookup': found[1]['event']['id']},
         'which leads back to the response')
    same(len(alerts(exchange('evil.example') + [request('innocent.example', src=OTHER)])), 2, 'not for another client')
    same(len(alerts(exchange('evil.example') + [request('innocent.example', dst='192.0.2.8')])), 2, 'not for another server')
    same(len(alerts([request('innocent.example')])), 0, 'not without the lookup')
    ttl = 300 + 60
    for late, n in ((ttl - 1, 3), (ttl + 1, 2)):
        same(len(alerts([(START, exchange('evil.example')), (START + late, [request('innocent.example')])])), n,
             '%d s after an answer with a TTL of 300: %d alerts' % (late, n))
    same(brief(alerts([request()])), [('name', 'url.domain', 'evil.example', 'evil.example')], 'Host of a request')
    same(brief(alerts([request('EVIL.example:8080')])), [('name', 'url.domain', 'evil.example', 'evil.example')],
         'Host with capitals and a port')
    through = [('name', 'url.domain', 'evil.example', 'evil.example')]
    same(brief(alerts([request('innocent.example', target='http://evil.example/x')])), through, 'a target that names it')
    same(brief(alerts([request('innocent.example', target='/http://evil.example/')])), [], 'not a path that looks like one')
    same(brief(alerts([request('evil.example.')])), [('name', 'url.domain', 'evil.example', 'evil.example')],
         'Host with a last dot')


def test_cname():
    listed()
    packets = [udp(40000, 53, dns_query('innocent.example')),
               udp(53, 40000, dns_response('innocent.example', 5, rdata=name('x.evil.example')), src=SERVER, dst=CLIENT)]
    same(brief(alerts(packets)), [('parent', 'dns.answers.data', 'x.evil.example', 'evil.example')], 'target of a CNAME')


def test_addresses():
    listed('192.0.2.7\n', 'one.txt')
    found = alerts(exchange('innocent.example') + [request('innocent.example')], lists=['one.txt'])
    same(brief(found), [('network', 'dns.resolved_ip', SERVER_IP, SERVER_IP), ('network', 'destination.ip', SERVER_IP, SERVER_IP)],
         'a listed address in an answer, and contact with it')
    same(found[0]['threat']['enrichments'][0]['indicator']['type'], 'ipv4-addr', 'type of the entry')
    listed('192.0.2.0/29\n', 'net.txt')
    same(brief(alerts([request('x.example')], lists=['net.txt'])), [('network', 'destination.ip', SERVER_IP, '192.0.2.0/29')],
         'a listed network')
    same(alerts([request('x.example', dst='192.0.2.8')], lists=['net.txt']), [], 'not the address after its last')


def test_exceptions():
    listed()
    config = write(path('metsuke.yaml'), b'intel:\n  lists:\n    - {name: cc, path: cc.tsv, severity: 99, confidence: 10}\n'
                   b'    - {name: mine, path: allow.txt, allow: true}\n')
    listed('ok.evil.example\nfar.example\n', 'allow.txt')
    capture = write(path('x.pcap'), pcap([ethernet(p) for n in ('ok.evil.example', 'far.example', 'bad.evil.example')
                                          for p in exchange(n)]))
    out = run('replay', '-q', '-c', config, capture)
    found = [e for e in events(out.stdout) if e['event']['kind'] == 'alert']
    same([e['dns']['question']['name'] for e in found], ['bad.evil.example'] * 2, 'exceptions win')
    same((found[0]['event']['severity'], found[0]['threat']['enrichments'][0]['indicator']['confidence'],
          found[0]['rule']['ruleset']), (99, 'Low', 'cc'), 'severity, confidence and name are those of the list')


def test_first_seen():
    config = write(path('metsuke.yaml'), b'intel:\n  lists:\n    - {name: cc, path: dated.csv, column: host, first_seen: seen}\n')
    listed('host,seen\nevil.example,2026-08-23 10:11:12\nfar.example,\nbad.example,yesterday\n', 'dated.csv')
    capture = write(path('x.pcap'), pcap([ethernet(exchange(n)[0]) for n in ('evil.example', 'far.example', 'bad.example')]))
    out = run('replay', '-q', '-c', config, capture)
    good, said = fits_schema(out.stdout)
    ok(good, 'lines with a date fit the schema', said)
    same([e['threat']['enrichments'][0]['indicator'].get('first_seen') for e in events(out.stdout) if e['event']['kind'] == 'alert'],
         ['2026-08-23T10:11:12.000000Z', None, None], 'first_seen, where the list has it')
    ok(b"dated.csv:4: 'yesterday': not a date" in out.stderr, 'a value that is no date, by file and line', out.stderr)
    out = run('intel', 'query', '-c', config, 'evil.example')
    ok(b'first seen 2026-08-23T10:11:12Z' in out.stdout, 'intel query says it, too', out.stdout)
    for text, why in ((b'intel: {lists: [{path: x, format: hosts, first_seen: y}]}', b'first_seen is for csv and json'),):
        out = run('check', '-c', write(path('bad.yaml'), text))
        ok(out.returncode == 1 and why in out.stderr, 'configuration: ' + why.decode(), out.stderr)


def test_repeats():
    listed()
    often = [p for i in range(50) for p in exchange('evil.example', sport=40000 + i)]
    same(len(alerts(often)), 2, 'fifty lookups: one alert for the queries, one for the responses')
    same(len(alerts([p for i in range(50) for p in exchange('x%d.evil.example' % i, sport=40000 + i)])), 2,
         'fifty names below one entry: the same')
    found = alerts([(START, often), (START + 3601, exchange('evil.example'))])
    same([e['metsuke']['alert']['repeated'] for e in found], [0, 0, 49, 49], 'after an hour the next tells how many there were')
    other = exchange('evil.example') + [udp(40000, 53, dns_query('evil.example'), src=OTHER)]
    same(len(alerts(other)), 3, 'another client alerts for itself')


def test_answers_told_once():
    """What a repeated answer says is not told again; where it leads to is known all the same."""
    listed()
    six = [udp(40001, 53, dns_query('evil.example', 28)),
           udp(53, 40001, dns_response('evil.example', 28, rdata=bytes(15) + b'\1'), src=SERVER, dst=CLIENT)]
    empty = [six[0], udp(53, 40001, dns_response('evil.example', 28)[:30], src=SERVER, dst=CLIENT)]
    for what, first in (('an AAAA answer', six), ('one without addresses', empty)):
        found = alerts(first + exchange('evil.example') + [request('innocent.example')])
        same([e['dns'].get('resolved_ip') for e in found if e.get('dns', {}).get('type') == 'answer'][-1], [SERVER_IP],
             what + ' first: the one for A is told, too')
        same(brief(found)[-1][0], 'resolved', what + ' first: contact is linked')
    moved = exchange('evil.example', sport=40002, rdata=bytes([192, 0, 2, 77]))
    found = alerts(exchange('evil.example') + moved + [request('innocent.example', dst='192.0.2.77')])
    same([e['metsuke']['alert']['match'] for e in found], ['name', 'name', 'resolved'],
         'the server moves: two alerts for the lookups, and contact with the new address')
    same(found[2]['metsuke']['chain']['lookup'], found[1]['event']['id'], 'which leads back to the response that was told')
    late = [(START, exchange('evil.example')), (START + 300, exchange('evil.example')), (START + 600, [request('innocent.example')])]
    same([e['metsuke']['alert']['match'] for e in alerts(late)], ['name', 'name', 'resolved'],
         'a lookup that is not told again keeps the address known')


def test_bad_lists():
    capture = write(path('x.pcap'), pcap([ethernet(p) for p in exchange()]))
    for leaf, text, why in (('empty.txt', b'# nothing\n', b'not one entry'), ('elf', b'\x7fELF\0\0', b'binary')):
        out = replay('-l', write(path(leaf), text), capture)
        same((out.returncode, out.stdout), (1, b''), leaf + ': exit 1, no output')
        ok(why in out.stderr, leaf + ': says why', out.stderr)
    out = replay('-l', path('missing'), capture)
    ok(out.returncode == 1 and b'missing: No such file' in out.stderr, 'a list that is not there', out.stderr)
    out = replay('-l', listed('com\nevil.example\n', 'mixed.txt'), write(path('y.pcap'), pcap([ethernet(exchange('evil.example')[0])])))
    ok(b"mixed.txt:1: 'com': a top-level domain" in out.stderr, 'the bad line by file and number', out.stderr)
    same(len(events(out.stdout)), 2, 'and the rest loads')
    for text, why in ((b'intel: {lists: [{name: x}]}', b'path is missing'), (b'intel: {lists: [{path: x, format: foo}]}', b'is not one of'),
                      (b'intel: {lists: [{path: x, pth: y}]}', b'intel.lists.pth: unknown key'), (b'intel: {lists: x}', b'expected a list'),
                      (b'intel: {lists: [{path: x, severity: 101}]}', b'not within 0 to 100')):
        out = run('check', '-c', write(path('bad.yaml'), text))
        ok(out.returncode == 1 and why in out.stderr and b'bad.yaml:1' in out.stderr, 'configuration: ' + why.decode(), out.stderr)


def test_intel():
    listed()
    listed('evil.example\nbad.example\n10.0.0.0/8\n@\n', 'b.txt')
    listed('google.com\nfar.example\n', 'popular.txt')
    out = run('intel', 'check', '-c', '/dev/null', '-p', path('popular.txt'), path('cc.tsv'), path('b.txt'))
    text = out.stdout.decode()
    same(out.returncode, 0, 'intel check: exit 0')
    for line in ('cc.tsv: tsv, 2 names, 0 networks, 0 exceptions, 0 doubles, 0 refused',
                 'b.txt: domains, 2 names, 1 networks, 0 exceptions, 0 doubles, 1 refused',
                 'cc.tsv and b.txt share 1 entries', '1 of 2 popular names would match',
                 'popular 2: far.example: list cc.tsv, entry far.example (the name itself), family mirai'):
        ok(line in text, 'intel check says: ' + line, text)
    ok(b"b.txt:4: '@': not a domain name" in out.stderr, 'and what was refused', out.stderr)
    query = ['intel', 'query', '-c', '/dev/null', '-l', path('cc.tsv'), '-l', path('b.txt')]
    out = run(*query, 'X.Evil.example', '10.1.2.3')
    same(out.stdout.decode().splitlines(),
         ['X.Evil.example: list cc.tsv, entry evil.example (a parent), family zeus',
          'X.Evil.example: list b.txt, entry evil.example (a parent)', '10.1.2.3: list b.txt, network 10.0.0.0/8'],
         'intel query: every list and its rule')
    write(path('excepting.txt'), b'||evil.example^\n@@||ok.evil.example^\n')
    out = run('intel', 'query', '-c', '/dev/null', 'windowsupdate.com')
    ok(out.returncode == 1 and b'update domain' in out.stdout and b'no list to look into' in out.stderr, 'without lists: what is built in', out)
    out = run('intel', 'query', '-c', '/dev/null', '-l', path('excepting.txt'), 'a.ok.evil.example', 'b.evil.example')
    same(out.stdout.decode().splitlines(),
         ['a.ok.evil.example: list excepting.txt, entry ok.evil.example (a parent), an exception',
          'a.ok.evil.example: list excepting.txt, entry evil.example (a parent)', 'a.ok.evil.example: an exception wins, no alert',
          'b.evil.example: list excepting.txt, entry evil.example (a parent)'], 'intel query: an exception wins where there is one')
    out = run(*query, 'notevil.example')
    same((out.returncode, out.stdout), (1, b'notevil.example: no list\n'), 'nothing: exit 1')
    same(run('intel', 'frobnicate').returncode, 2, 'intel with another word: usage')


def test_changed_while_read():
    """A reader that is held up in the middle of a list, by a full pipe for what it says; meanwhile the list grows."""
    full, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while os.write(into, b'x' * 4096):
            pass
    except BlockingIOError:
        pass
    os.set_blocking(into, True)
    changing = write(path('changing.txt'), b'@\n' + b''.join(b'n%d.example\n' % i for i in range(20000)))
    p = subprocess.Popen([METSUKE, 'intel', 'check', '-c', '/dev/null', changing], stdout=subprocess.PIPE, stderr=into)
    os.close(into)
    for _ in range(1000):
        held = any(os.path.realpath('/proc/%d/fd/%s' % (p.pid, fd)) == os.path.realpath(changing)
                   for fd in os.listdir('/proc/%d/fd' % p.pid))
        if held and open('/proc/%d/stat' % p.pid).read().rpartition(')')[2].split()[0] == 'S':
            break
        time.sleep(0.01)
    with open(changing, 'ab') as f:
        f.write(b'late.example\n')
    with open(full, 'rb') as f:
        said = f.read()
    p.communicate()
    ok(p.returncode == 1 and b'changing.txt: it changed while it was read' in said, 'a list that changes while it is read: exit 1, said',
       said[-300:])
    same(run('intel', 'check', '-c', '/dev/null', changing).returncode, 0, 'the same list at rest: exit 0')


def test_long_line():
    """100 MB without a line end: one refusal, in little memory."""
    long = path('long.txt')
    with open(long, 'wb') as f:
        f.write(b'first.example\n')
        for _ in range(100):
            f.write(b'a' * 1000000)
        f.write(b'\nlast.example\n')
    out = run('intel', 'query', '-c', '/dev/null', '-l', long, 'last.example', 'first.example', preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_AS, (64 << 20, 64 << 20)))
    same((out.returncode, out.stdout.count(b'the name itself')), (0, 2), 'a line of 100 MB in 64 MB of address space: the rest loads')
    ok(b'long.txt:2: ' in out.stderr and out.stderr.count(b'\n') == 1, 'and is refused once, by its number', out.stderr)


def capture_of(leaf, names):
    """A capture of one query for each name; the harness's own builders are for a few packets."""
    frame = struct.Struct('<IIII14s').pack
    headers = struct.Struct('>BBHHHBBH4s4sHHHHHHHHHH').pack
    link, client, server = bytes.fromhex('0200000000020200000000010800'), bytes([192, 0, 2, 1]), bytes([192, 0, 2, 53])
    length = [bytes([i]) for i in range(64)]
    with open(path(leaf), 'wb') as f:
        f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for i, n in enumerate(names):
            question = b''.join([length[len(x)] + x for x in n.encode().split(b'.')]) + b'\0\0\1\0\1'
            size = len(question) + 12
            f.write(frame(START + i // 1000, i % 1000 * 1000, size + 42, size + 42, link)
                    + headers(0x45, 0, size + 28, 1, 0, 64, 17, 0, client, server, 1024 + i % 60000, 53, size + 8, 0,
                              i & 0xffff, 0x0100, 1, 0, 0, 0) + question)
    return path(leaf)


ALERT = re.compile(rb'"question":{"name":"([^"]+)".*"indicator":{"type":"domain-name","name":"([^"]+)"')


def matched(capture, lists):
    """Status, packets as replay counts them, {name asked for: entry} with an alert for each message."""
    config = write(path('each.yaml'), b'intel:\n  alert_window_seconds: 0\n  lists:\n    - {name: cc, path: %s}\n' % lists.encode())
    with open(path('said'), 'wb') as said:
        p = subprocess.Popen([METSUKE, 'replay', '-c', config, capture], stdout=subprocess.PIPE, stderr=said)
        alerts_only = subprocess.Popen(['grep', '-a', '"blocklist-match"'], stdin=p.stdout, stdout=subprocess.PIPE,
                                       env=dict(os.environ, LC_ALL='C'))
        p.stdout.close()
        found = {m[1].decode(): m[2].decode() for m in map(ALERT.search, alerts_only.stdout)}
        alerts_only.wait()
    status = p.wait()
    return status, int(re.search(r'(\d+) DNS queries', open(path('said')).read())[1]), found


def test_all_of_a_real_list():
    """Every name of the real list and a child of each matches; what only looks like one does not."""
    names_path, popular = (os.path.join(SHARED, 'intel', n) for n in ('cc-domains.tsv', 'popular-domains.txt'))
    if not os.path.exists(names_path) or not os.path.exists(popular):
        skip('all of a real list', 'no ../shared/intel')
        return
    rows = [line.split('\t')[0] for line in open(names_path)]
    listed_names = set(rows)
    out = run('intel', 'check', '-c', '/dev/null', names_path)
    ok('%d names' % len(listed_names) in out.stdout.decode() and ' 0 refused' in out.stdout.decode(), 'all of it loads', out.stdout)

    def entry(name):
        """The longest listed one of a name and its parents."""
        while name and name not in listed_names:
            name = name.partition('.')[2]
        return name

    chance = random.Random(3)
    letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
    asked = []
    for n in sorted(listed_names):
        child = '%x' % chance.getrandbits(chance.choice((4, 30, 80)))
        asked += (n, child + '.' + n, letters[chance.getrandbits(4)] + n, n + letters[chance.getrandbits(4)],
                  n + '.test' if chance.getrandbits(1) else n.rpartition('.')[0] + '.invalid')
    asked = [a for a in asked if len(a) <= 253 and max(map(len, a.split('.'))) < 64]
    status, queries, found = matched(capture_of('all.pcap', asked), names_path)
    same((status, queries), (0, len(asked)), '%d queries: all read' % len(asked))
    want = {a: e for a in asked if (e := entry(a))}
    ok(len(want) >= 2 * len(listed_names), 'every name and its child among them', len(want))
    wrong = [(a, want.get(a), found.get(a)) for a in want.keys() | found.keys() if want.get(a) != found.get(a)]
    same(wrong[:5], [], 'each listed name and child alerts with its entry, and no look-alike does')
    asked = [line.strip() for line in open(popular)][:100000]
    want = {a: e for a in asked if (e := entry(a))}
    status, queries, found = matched(capture_of('popular.pcap', asked), names_path)
    same((status, queries, found), (0, len(asked), want), 'the popular names: exactly the %d entries that both files hold' % len(want))
    same(len(want), 5, 'which are five')


def test_corpus():
    """Each C&C name of the labels that the list holds is found, with its host."""
    labels, names = os.path.join(SHARED, 'corpus', 'labels.tsv'), os.path.join(SHARED, 'intel', 'cc-domains.tsv')
    if not os.path.exists(labels) or not os.path.exists(names):
        skip('labelled captures', 'no ../shared/corpus or ../shared/intel')
        return
    known = {line.split('\t')[0] for line in open(names)}

    def parents(d):
        return {'.'.join(d.split('.')[i:]) for i in range(d.count('.'))}

    found = {(e['source']['ip'], e['threat']['enrichments'][0]['indicator']['name'])
             for e in events(replay('-l', names, *corpus()).stdout) if e['event']['action'] == 'blocklist-match'}
    want = [(r['infected_host'], r['cc_domain_or_ip']) for r in csv.DictReader(open(labels), delimiter='\t')
            if parents(r['cc_domain_or_ip']) & known]
    missed = [(h, d) for h, d in want if not any((h, p) in found for p in parents(d))]
    same((len(want) > 10, missed), (True, []), 'every labelled C&C name on the list: its host is found')


if __name__ == '__main__':
    try:
        for test in (test_lookup, test_near_misses, test_contact, test_cname, test_addresses, test_exceptions, test_first_seen, test_repeats,
                     test_answers_told_once,
                     test_bad_lists, test_changed_while_read, test_long_line, test_intel, test_all_of_a_real_list, test_corpus):
            test()
    finally:
        shutil.rmtree(work)
    end()
