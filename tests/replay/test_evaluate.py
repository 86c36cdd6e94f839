#!/usr/bin/env python3
"""test_evaluate.py: metsuke evaluate: its numbers computed again from its own lists; captures as one network; groups; lists beside it;
labels and captures that cannot be used; the page; and the lent captures, where they are."""
import html.parser
import shutil
import tempfile

from harness import *

sys.path.insert(0, os.path.join(ROOT, 'tests', 'lab'))
import intervals  # pylint: disable=wrong-import-position

work = tempfile.mkdtemp(prefix='metsuke-evaluate-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
HEAD = 'capture\tclient\tdomain\trole\tkind\tperiod_s\tjitter\n'
BOT, LATE, CLEAN = '192.0.2.66', '192.0.2.67', '192.0.2.68'
SOON = None


def path(leaf):
    return os.path.join(work, leaf)


def labels(leaf, *rows, head=HEAD):
    return write(path(leaf), (head + ''.join('\t'.join(r) + '\n' for r in rows)).encode())


def evaluate(*args, config=None, **kw):
    return run('evaluate', '-q', '-c', config or SOON, *args, **kw)


def judged(*args, **kw):
    r = evaluate('-j', '-', *args, **kw)
    try:
        return r, json.loads(r.stdout)
    except ValueError:
        return r, None


def refused(args, status, *words, **kw):
    r = evaluate(*args, **kw)
    ok(r.returncode == status and not r.stdout and all(w.encode() in r.stderr for w in words), '%d: %s' % (status, words[0]),
       '%d\n%s\n%s' % (r.returncode, r.stdout, r.stderr))


def near(a, b):
    return (a is None and b is None) or (a is not None and b is not None and abs(a - b) < 1e-6)


def share(found, of):
    low, high = intervals.two_sided(found, of) if of else (None, None)
    return {'found': found, 'of': of, 'share': found / of if of else None, 'interval': [low, high] if of else None}


def same_share(got, expected, name):
    ok(got['found'] == expected['found'] and got['of'] == expected['of'] and near(got['share'], expected['share']) and
       (not expected['of'] or all(near(x, y) for x, y in zip(got['interval'], expected['interval']))), name, (got, expected))


def small():
    """A bot that is found, one that begins too late, a clean reader, and a program that is no bot."""
    traffic = beacon(BOT, 'cc.example', 14, 120, 300) + reader(BOT, 'paper.example') + reader(CLEAN, 'news.example') + \
        beacon(LATE, 'late.example', 5, 60) + beacon(CLEAN, 'poll.example', 14, 90, 40)
    return write(path('small.pcap'), timed(sorted(traffic, key=lambda m: m[0])))


ROWS = (('small.pcap', BOT, 'cc.example', 'bot', 'apt/beacon', '120', '0.005'), ('small.pcap', LATE, 'late.example', 'bot', 'apt/late', '60', '0'),
        ('-', CLEAN, 'poll.example', 'benign', 'monitor', '-', '-'), ('-', CLEAN, 'news.example', 'benign', 'browsing', '-', '-'))


def test_counts():
    r, o = judged('-b', labels('l.tsv', *ROWS), small())
    ok(r.returncode == 0 and o, 'a small network', r.stderr)
    a = o['all']
    same_share(a['enough_checkins'], share(1, 1), 'found, of those with enough check-ins')
    same_share(a['fewer_checkins'], share(0, 1), 'with fewer')
    same_share(a['bots'], share(1, 2), 'bots')
    same([(t['client'], t['domain'], t['family'], t['found'], t['checkins'], t['rule']) for t in o['malicious']],
         [(BOT, 'cc.example', 'apt', True, 14, 'anomaly-beacon'), (LATE, 'late.example', 'apt', False, 5, None)], 'one by one')
    same([(c['kind'], c['rule'], c['n'], c['clean']) for c in a['causes']], [('monitor', 'anomaly-beacon', 1, 1)], 'what else was accused, and what it is')
    c = o['captures'][0]
    same((c['capture'], c['hosts'], c['clean'], c['false_alarms']), ('small.pcap', 3, 1, 1), 'the capture')
    times = [m[0] for m in reader(CLEAN, 'x')] + [300 + 13 * 120 + 0.3]
    ok(near(a['false_alarms']['clean_host_days'], max(times) / 86400), 'clean host-days: from the first record to the last',
       (a['false_alarms'], max(times) / 86400))
    ok(near(a['false_alarms']['per_clean_host_day'], 86400 / max(times)), 'false alarms for each')
    same((a['delay_checkins']['median'], a['delay_checkins']['n']), (12, 1), 'the delay in check-ins')
    ok(abs(a['delay_minutes']['median'] - 11 * 2) < 0.1, 'and in minutes', a['delay_minutes'])
    same([(m['period_s'], m['jitter'], m['found']['found'], m['found']['of']) for m in o['map']], [(100, 0, 1, 1)], 'the map')
    r = evaluate('-b', path('l.tsv'), small())
    text = r.stdout.decode()
    ok(r.returncode == 0 and 'small.pcap' in text and 'monitor' in text and max(map(len, text.splitlines()[1:])) <= 100, 'as a table of 100 columns', text)
    again = evaluate('-b', path('l.tsv'), small())
    same(again.stdout, r.stdout, 'the same again: the same bytes')


def count(rows, good):
    return sum(1 for r in rows if good(r))


def test_methods():
    """A lab network: each method's shares, computed again from its counts."""
    made = path('lab.pcap')
    subprocess.run([LABGEN, 'mixed', '-n', '45', '-b', '6', '-t', '72', '-s', '61', '--light', made], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    r, o = judged('-b', made + '.labels.tsv', '-g', 'family', made, config='/dev/null')
    ok(r.returncode == 0 and o, 'labels as labgen writes them', r.stderr)
    bad = [t for t in o['malicious'] if t['enough_checkins']]
    same_share(o['all']['enough_checkins'], share(count(bad, lambda t: t['found']), len(bad)), 'all of them')
    for kind, table in o['all']['methods'].items():
        for m in table['methods']:
            hits, misses, alarms, passes = (m[k] for k in ('hits', 'misses', 'false_alarms', 'passes'))
            if hits + misses + alarms + passes != table['rows']:
                ok(False, '%s, %s: rows add up' % (kind, m['method']), m)
            want = {'tpr': hits / (hits + misses) if hits + misses else None, 'fpr': alarms / (alarms + passes) if alarms + passes else None,
                    'precision': hits / (hits + alarms) if hits + alarms else None,
                    'f1': 2 * hits / (2 * hits + alarms + misses) if 2 * hits + alarms + misses else None}
            if not all(near(m[k], v) for k, v in want.items()):
                ok(False, '%s, %s: its shares' % (kind, m['method']), (m, want))
    requests = {m['method']: m for m in o['all']['methods']['requests']['methods']}
    ok(len(requests) == 16 and all(len(t['methods']) for t in o['all']['methods'].values()), 'each detector over the same rows', sorted(requests))
    joint, written = requests['joint'], requests['raw-stages']
    ok(joint['hits'] == len(bad) and joint['roc_auc'] > 0.99, 'ours finds them', joint)
    ok(written['hits'] < joint['hits'] and all(0 <= (m['roc_auc'] or 0) <= 1 for m in requests.values()), 'the paper\'s as written does not', written)
    same([(g['group'], g['bots']['of']) for g in o['groups']], [('beacon', 6)], 'one family')
    held = o['groups'][0]['methods']['requests']['methods'][3]['held_out']
    same(held['threshold'], None, 'of one family there is none to choose a threshold by')


def test_splits():
    for split, groups in (('family', ['apt']), ('host', [BOT, LATE, 'all other hosts']), ('time', ['2023-11-14']), ('capture', ['small.pcap'])):
        r, o = judged('-b', path('l.tsv'), '-g', split, small())
        same((r.returncode, o['split'], [g['group'] for g in o['groups']]), (0, split, groups), '--split ' + split)
        ok(sum(g['bots']['of'] for g in o['groups']) >= 1, 'and its bots')
    refused(['-b', path('l.tsv'), '-g', 'moon', small()], 2, "--split: 'moon' is not one of: family host time capture")


def test_stream():
    """Two captures of one network, whatever their order: what one alone would not have shown."""
    messages = sorted(beacon(BOT, 'cc.example', 14, 120, 300) + reader(CLEAN, 'news.example'), key=lambda m: m[0])
    one = write(path('one.pcap'), timed(messages))
    a, b = write(path('a.pcap'), timed(messages[::2])), write(path('b.pcap'), timed(messages[1::2]))
    rows = [('-', BOT, 'cc.example', 'bot', 'beacon', '120', '0')]
    outcome = []
    for captures in ((one,), (a, b), (b, a)):
        _, o = judged('-x', '-b', labels('s.tsv', *rows), *captures)
        outcome.append((o['all'], o['map'], [dict(t, capture='') for t in o['malicious']]))
    ok(outcome[0] == outcome[1] == outcome[2] and outcome[0][2][0]['found'], '--stream: captures by time', outcome)
    _, o = judged('-b', path('s.tsv'), a, b)
    apart = [(t['capture'], t['found']) for t in o['malicious']]
    ok(apart == [('a.pcap', False), ('b.pcap', False)] and sum(t['checkins'] for t in o['malicious']) == 14, 'without: each by itself', o['malicious'])


def test_lists():
    listed = write(path('cc.tsv'), b'late.example\tapt\nnews.example\tfalse\n')
    _, without = judged('-b', path('l.tsv'), small())
    r, o = judged('-b', path('l.tsv'), '-l', listed, small())
    ok(r.returncode == 0, '--list', r.stderr)
    same({k: v for k, v in o['all'].items() if k != 'lists'}, {k: v for k, v in without['all'].items() if k != 'lists'}, 'takes nothing from the anomalies')
    same(o['all']['lists'], {'by_list': 1, 'by_anomaly': 1, 'by_both': 0, 'false_alarms': 1}, 'list and anomaly apart')
    same([t['listed'] for t in o['malicious']], [False, True], 'one by one')
    config = write(path('listed.yaml'), open(SOON, 'rb').read() + b'intel:\n  lists: [{path: cc.tsv}]\n')
    _, o = judged('-b', path('l.tsv'), small(), config=config)
    same(o['all'], without['all'], 'lists of the configuration are off')
    ok(b'Lists and anomalies apart' in evaluate('-b', path('l.tsv'), '-l', listed, small()).stdout, 'as text')
    refused(['-b', path('l.tsv'), '-l', path('nowhere.tsv'), small()], 1, 'nowhere.tsv')


def test_labels():
    one = small()
    refused(['-b', path('none.tsv'), one], 1, 'none.tsv: No such file or directory')
    refused([one], 2, 'expected --labels')
    refused(['-b', path('l.tsv')], 2, 'expected a capture')
    refused(['-b', labels('x.tsv', ('other.pcap', BOT, 'cc.example', 'bot', '-', '-', '-')), one], 1,
            "x.tsv:2: capture: 'other.pcap': not among the captures given", 'no label fits any of the captures')
    refused(['-b', labels('x.tsv', ('-', '192.0.2.99', 'cc.example', 'bot', '-', '-', '-')), one], 1, "client: '192.0.2.99': in none of the captures")
    refused(['-b', labels('x.tsv', ROWS[0], ('small.pcap', BOT, 'a.cc.example', 'benign', '-', '-', '-')), one], 1, "x.tsv:3: role: 'benign': line 2 says")
    refused(['-b', labels('x.tsv', ('-', BOT, 'cc.example', 'evil', '-', '-', '-')), one], 1, "x.tsv:2: role: 'evil'")
    refused(['-b', write(path('x.tsv'), b'\0'), one], 1, 'holds a NUL')
    r, o = judged('-b', labels('x.tsv', *ROWS, ('other.pcap', BOT, 'cc.example', 'bot', '-', '-', '-'), ROWS[0],
                               ('-', CLEAN, 'news.example', 'benign', 'paper', '-', '-')), one)
    ok(r.returncode == 0 and b"x.tsv:6: capture: 'other.pcap'" in r.stderr, 'a label of another capture is said, and the rest counts', r.stderr)
    same((o['labels'], o['all']['bots']['of']), ({'rows': 7, 'doubles': 1, 'overlaps': 1}, 2), 'what is said twice counts once')


def test_captures():
    rows = [('-', BOT, 'cc.example', 'bot', 'beacon', '-', '-')]
    r, o = judged('-b', labels('c.tsv', *rows), write(path('bot.pcap'), timed(beacon(BOT, 'cc.example', 14, 120))), config='/dev/null')
    same((r.returncode, o['all']['bots']['of'], o['captures'][0]['hosts']), (0, 1, 1), 'one host')
    same((o['all']['false_alarms']['clean_host_days'], o['all']['false_alarms']['per_clean_host_day']), (0, None), 'and no rate of false alarms: nobody is clean')
    refused(['-b', path('c.tsv'), write(path('empty.pcap'), timed([]))], 1, "client: '%s': in none of the captures" % BOT)
    refused(['-b', path('c.tsv'), path('nowhere.pcap')], 1, 'nowhere.pcap')
    refused(['-b', path('c.tsv'), write(path('text.pcap'), b'this is text\n')], 1, 'text.pcap')
    cut = write(path('cut.pcap'), open(path('bot.pcap'), 'rb').read()[:-7])
    r, o = judged('-b', path('c.tsv'), cut, path('nowhere.pcap'))
    ok(r.returncode == 1 and o and o['malicious'][0]['checkins'] == 13 and b'cut.pcap: frame 14:' in r.stderr,
       'cut off and not there: the rest is judged, the status is 1', (r.returncode, r.stderr))
    r = evaluate('-b', path('c.tsv'), '-j', '/nowhere/x.json', path('bot.pcap'))
    ok(r.returncode == 1 and b'/nowhere/x.json: No such file or directory' in r.stderr, 'a place that cannot be written', r.stderr)
    r = evaluate('-b', path('c.tsv'), '-H', '/dev/full', path('bot.pcap'))
    ok(r.returncode == 1 and b'/dev/full: No space left on device' in r.stderr, 'a full one', r.stderr)


class Page(html.parser.HTMLParser):
    """What a page is made of."""

    VOID = {'meta', 'rect', 'line', 'polyline'}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.foreign, self.text, self.wrong = [], {}, [], '', []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.foreign += [v for k, v in attrs if k in ('src', 'href') or k.startswith('on')]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags[tag] = self.tags.get(tag, 0) + 1

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        self.text += data


def test_page():
    leaf = b'<b>&"\xff.pcap'
    odd = os.path.join(work.encode(), leaf)
    shutil.copyfile(small(), odd)
    rows = HEAD.encode() + b'-\t%s\tcc.example\tbot\t<script>alert(1)</script>\t120\t0\n-\t%s\tpoll.example\tbenign\t<i>\xfe\t-\t-\n' % (BOT.encode(), CLEAN.encode())
    r = run('evaluate', '-q', '-c', SOON, '-b', write(path('odd.tsv'), rows), '-j', '-', '-H', path('page.html'), odd)
    o = json.loads(r.stdout)
    same((o['captures'][0]['capture'], o['malicious'][0]['kind'], o['all']['causes'][0]['kind']), ('<b>&"\\xff.pcap', '<script>alert(1)</script>', '<i>\\xfe'),
         'names of any bytes, in the JSON')
    with open(path('page.html'), encoding='ascii') as f:
        text = f.read()
    page = Page(text)
    same((page.open, page.wrong, page.foreign), ([], [], []), 'the page: every element ends, and nothing comes from elsewhere')
    ok('script' not in page.tags and 'i' in page.tags and '<i>?' in page.text, 'whatever the labels hold', page.tags)
    ok(page.tags.get('svg') and page.tags.get('polyline') and page.tags['table'] >= 3, 'curves and tables', page.tags)
    ok('http' not in text.replace('http-equiv', '').lower().split('<style>')[0] and 'url(' not in text, 'no address in its head or style')


def test_corpus():
    captures, rows = corpus(), os.path.join(SHARED, 'corpus', 'labels.tsv')
    if not captures:
        skip('the lent captures', 'no corpus in %s' % SHARED)
        return
    r, o = judged('-b', rows, *captures, config='/dev/null')
    ok(o and r.returncode == 1 and r.stderr.count(b'truncated dump file') == 4, 'the lent captures; four of them are cut off', r.stderr)
    often = {}
    for t in o['malicious']:
        if t['checkins'] >= 8:
            often[t['capture']] = often.get(t['capture'], False) or t['found']
    note('checks in 8 times or more: %s' % often)
    ok(count(often.values(), bool) >= 6, 'those that check in 8 times or more: at most one is missed', often)
    ok(any(t['found'] and t['family'] == 'zloader' for t in o['malicious']), 'generated names', o['malicious'])
    benign = {c['capture']: c['false_alarms'] for c in o['captures'] if c['capture'].startswith('benign-')}
    ok(len(benign) >= 10 and sum(benign.values()) <= 1, 'at most one false alarm over %d benign captures' % len(benign), benign)


try:
    SOON = write(path('soon.yaml'), b'detect: {rare_hours: 0}\n')  # a few clients are no network to wait for
    test_counts()
    test_methods()
    test_splits()
    test_stream()
    test_lists()
    test_labels()
    test_captures()
    test_page()
    test_corpus()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
