#!/usr/bin/env python3
"""test_train.py: metsuke train: a model from clean traffic, the same again, used by replay in place of the builtin one; what takes
no part; and what cannot be learnt from."""
import re
import shutil
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-train-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')


def path(leaf):
    return os.path.join(work, leaf)


def train(*args):
    return run('train', '-c', '/dev/null', *args)


def clean():
    made = path('clean.pcap')
    if not os.path.exists(made):
        subprocess.run([LABGEN, 'mixed', '-n', '40', '-b', '0', '-t', '24', '-s', '71', '--light', made], check=True, cwd=ROOT,
                       stdout=subprocess.DEVNULL)
    return made


def model(leaf):
    with open(path(leaf), encoding='utf-8') as f:
        return json.load(f)


def test_a_model():
    r = train('-w', path('a.json'), '-N', 'forty hosts for a day', clean())
    said = r.stderr.decode()
    ok(r.returncode == 0 and r.stdout == b'', 'from a capture: nothing on standard output', said)
    a = model('a.json')
    same((a['format'], a['version'], a['note']), ('metsuke-model', 1, 'forty hosts for a day'), 'format, version and note')
    ok(a['http_rows'] >= 50 and a['dns_rows'] >= 10, 'rows of both stages', (a['http_rows'], a['dns_rows']))
    ok(sorted(a['limits']) == ['fresh_addresses', 'gap_cv', 'gap_spread', 'networks', 'ttl_min', 'url_length_sd', 'urls'],
       'limits of each feature', a['limits'])
    cv = a['limits']['gap_cv']
    ok(cv['pass2']['n'] <= cv['pass1']['n'] and cv['pass2']['odv_l'] is not None and cv['pass2']['odv_u'] is None,
       'two passes, one side', cv)
    ok(len(a['ocsvm']['vectors']) == len(a['ocsvm']['alphas']) and
       abs(sum(a['ocsvm']['alphas']) - a['ocsvm']['nu'] * a['http_rows']) < 1e-6, 'the SVM: alphas add up to nu n', a['ocsvm']['nu'])
    same(len(a['lof']['rows']), min(a['http_rows'], 512), 'reference rows of LOF')
    browsers, regular = (int(n) for n in re.search(r'from (\d+) browsers, (\d+) of them too regular', said).groups())
    ok(0 < regular == browsers - a['http_rows'], 'SVM and LOF learn from browsers, but from none that is too regular', said)
    ok('%d domains' % a['dns_rows'] in said, 'the summary says how many', said)
    r = train('-q', '-N', 'forty hosts for a day', clean())
    with open(path('a.json'), 'rb') as f:
        ok(r.stdout == f.read() and r.stderr == b'', 'again, quiet, to standard output: the same bytes')


def test_use():
    r = replay('-m', path('a.json'), clean())
    ok(r.returncode == 0, 'replay takes it', r.stderr)
    told = {e['rule']['version'] for e in events(r.stdout) if e['event']['action'] == 'anomaly'}
    builtin = {e['rule']['version'] for e in events(replay(clean()).stdout) if e['event']['action'] == 'anomaly'}
    ok(not told & builtin, 'alerts say by which model', (told, builtin))
    write(path('broken.json'), json.dumps(dict(model('a.json'), version=9)).encode())
    r = replay('-m', path('broken.json'), clean())
    ok(r.returncode == 1 and b'broken.json: version 9, and this program knows 1 only: it was made by a newer one' in r.stderr,
       'one of a newer version is refused: file, value, reason', r.stderr)
    r = replay('-m', path('nowhere.json'), clean())
    ok(r.returncode == 1 and b'nowhere.json: No such file or directory' in r.stderr, 'one that is not there', r.stderr)


def domains_with_requests():
    found = {}
    for e in events(replay(clean()).stdout):
        domain = e.get('url', {}).get('registered_domain')
        if domain:
            found[domain] = found.get(domain, 0) + 1
    return sorted(found, key=lambda d: -found[d])


def test_what_takes_no_part():
    busy = domains_with_requests()[:6]
    config = write(path('allow.yaml'), ('intel:\n  lists:\n    - {name: good, path: %s, allow: true}\n' % path('good.txt')).encode())
    write(path('good.txt'), '\n'.join(busy).encode() + b'\n')
    r = run('train', '-c', config, '-w', path('b.json'), clean())
    said = r.stderr.decode()
    ok(r.returncode == 0 and ' 0 left out by allow-lists' not in said and 'left out by allow-lists' in said,
       'what an allow-list holds, and its share is said', said)
    a, b = model('a.json'), model('b.json')
    ok(b['http_rows'] + b['dns_rows'] < a['http_rows'] + a['dns_rows'], 'fewer rows are left', (a['http_rows'], b['http_rows']))
    write(path('bad.txt'), '\n'.join(busy).encode() + b'\n')
    r = train('-l', path('bad.txt'), '-w', path('c.json'), clean())
    ok(r.returncode == 0 and ' 0 as listed' not in r.stderr.decode(), 'what a list holds', r.stderr)
    same(model('c.json')['limits'], b['limits'], 'it leaves out the same rows')


def test_from_a_store():
    db = path('store.db')
    r = replay('-m', path('a.json'), '-S', db, clean())
    ok(r.returncode == 0, 'a replay fills a store', r.stderr)
    r = train('-S', db, '-w', path('d.json'))
    ok(r.returncode == 0, 'train reads it', r.stderr)
    a, d = model('a.json'), model('d.json')
    ok(0 < d['http_rows'] <= a['http_rows'], 'the rows are there, but for those that were found suspicious', (a['http_rows'], d['http_rows']))
    r = run('train', '-c', write(path('allowed.yaml'), b'detect: {allow: allowed.jsonl}\n'), '-S', db)
    ok(r.returncode == 0 and b' 0 left out by allow-lists' in r.stderr, 'nothing is allowed', r.stderr)
    write(path('allowed.jsonl'), b'{"client":"198.18.1.0/28","why":"build machines","said":"2026-01-01"}\n')
    r = run('train', '-c', path('allowed.yaml'), '-S', db)
    ok(r.returncode == 0 and b' 0 left out by allow-lists' not in r.stderr, 'what detect.allow holds takes no part', r.stderr)
    r = train('-S', path('none.db'))
    ok(r.returncode == 1 and b'there is no store at' in r.stderr and b'none.db' in r.stderr, 'a store that is not there', r.stderr)


def test_poison():
    """One host makes 300 sites that it asks every minute in a browser's name: what is ordinary stays what it was."""
    first = 1767571200 - START  # labgen's
    agent = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n'
    messages = [(first + 3600 + site * 0.15 + i * 60,
                 ethernet(tcp(1024 + i * 300 % 60000 + site, 80, 1, http('/', 'site-%d.example' % site, agent), src='198.18.99.9', dst='198.18.99.10')))
                for site in range(300) for i in range(20)]
    hostile, both = write(path('hostile.pcap'), timed(sorted(messages, key=lambda m: m[0]))), path('both.pcap')
    subprocess.run([LABGEN, 'merge', both, clean(), hostile], check=True, stdout=subprocess.DEVNULL)
    r = train('-w', path('p.json'), both)
    a, p = model('a.json'), model('p.json')
    left = re.search(rb'(\d+) rows left out: they were more than one client', r.stderr)
    ok(r.returncode == 0 and left and int(left[1]) > 200, 'one client with more rows than all others: most of them are left out, and that is said', r.stderr)
    for name in ('gap_cv', 'gap_spread'):
        was, now = (m['limits'][name]['pass2']['odv_l'] for m in (a, p))
        ok(abs(now - was) < 0.1 * abs(was) + 0.1, 'the limit of %s is %.3f, and was %.3f' % (name, now, was), (was, now))
    bots = path('bots.pcap')
    subprocess.run([LABGEN, 'mixed', '-n', '45', '-b', '6', '-t', '48', '-s', '62', '--light', bots], check=True, stdout=subprocess.DEVNULL)
    found = []
    for leaf in ('a.json', 'p.json'):
        r = run('evaluate', '-q', '-c', '/dev/null', '-m', path(leaf), '-b', bots + '.labels.tsv', '-j', '-', bots)
        found.append([t['found'] for t in json.loads(r.stdout)['malicious']])
    ok(found[0] == found[1] and sum(found[0]) >= 5, 'and finds the same bots', found)


def test_allowed():
    """What metsuke allow says is fine takes no part: from captures where it is named."""
    write(path('allow.jsonl'), b'{"client":"198.18.1.0/28","why":"build machines","said":"2026-01-01"}\n')
    r = train('-w', path('l.json'), '-a', path('allow.jsonl'), clean())
    left = int(re.search(rb'(\d+) left out by allow-lists', r.stderr)[1])
    ok(r.returncode == 0 and left > 20, '--allow: %d clients at sites left out' % left, r.stderr)
    write(path('over.jsonl'), b'{"client":"198.18.1.0/28","why":"build machines","until":"2026-01-02","said":"2026-01-01"}\n')
    r = train('-w', path('o.json'), '-a', path('over.jsonl'), clean())
    ok(b': 0 left out by allow-lists' in r.stderr, 'but what was over by then', r.stderr)
    r = train('-w', path('o.json'), '-a', '/proc', clean())
    ok(r.returncode == 1 and b'/proc' in r.stderr, 'a file that cannot be read', r.stderr)


def test_too_little():
    few = write(path('few.pcap'), pcap([ethernet(tcp(40000, 80, 1, http()))] + [ethernet(p) for p in exchange()]))
    r = train('-w', path('few.json'), few)
    ok(r.returncode == 1 and b'no model: gap_cv: 0 rows are too few' in r.stderr and not os.path.exists(path('few.json')),
       'too little: said, and nothing is written', r.stderr)
    r = train(few, path('missing.pcap'))
    ok(r.returncode == 1 and r.stdout == b'' and b'missing.pcap' in r.stderr, 'a capture that is not there: no model of the rest', r.stderr)
    r = train()
    ok(r.returncode == 2 and b'expected capture files, or -S and a store' in r.stderr, 'no capture: usage', r.stderr)
    r = train('-S', path('store.db'), few)
    ok(r.returncode == 2, 'both: usage', r.stderr)
    r = train('-w', '/nonexistent/m.json', clean())
    ok(r.returncode == 1 and b'/nonexistent/m.json: No such file or directory' in r.stderr, 'nowhere to write it', r.stderr)


try:
    for test in (test_a_model, test_use, test_what_takes_no_part, test_from_a_store, test_poison, test_allowed, test_too_little):
        test()
finally:
    shutil.rmtree(work)
end()
