#!/usr/bin/env python3
"""test_corpus.py: recall and precision over the lent captures, against what tshark saw in them.

The definition is that of the corpus's own compare.py: rows of class `must` count for recall, `must` and `may` for
precision, a row is found where 5-tuple, id and name (DNS) or method and URI (HTTP) are the same and the answers or
Host and User-Agent agree. It looks at single segments only; we put request heads together, so the requests of
*.reasm.tsv, which no single segment shows, are right as well."""
import collections
import re
import subprocess
import sys

from harness import *

LEAST = 0.999
CORPUS = os.path.join(SHARED, 'corpus')


def compare_functions(kind):
    """compare.py's functions without its main part, which starts with the first sum."""
    source = open(os.path.join(CORPUS, 'compare.py')).read()
    head, main, _ = source.partition('must=hit=out=good=0')
    if not main:
        raise ValueError('compare.py has no main part that we know')
    scope, argv = {}, sys.argv
    sys.argv = ['compare.py', CORPUS, kind]
    exec(compile(head, 'compare.py', 'exec'), scope)
    sys.argv = argv
    return scope


def same_values(kind, truth, row, ours):
    """compare.py's same(): truth and ours are the values of two rows with the same key."""
    if row['class'] == 'may':
        return True
    if kind == 'dns':
        return truth == ours or 'oddname' in row['flags'] and truth[:2] == ours[:2]
    return all(x is None or x == b'-' or y.startswith(x) or x.lower().split(b':')[0] == y.lower()
               for x, y in zip(truth, ours))


def take(found, values_fit):
    """Takes the first of the found values that fits; a value is one event and counts once."""
    at = next((i for i, v in enumerate(found) if values_fit(v)), None)
    if at is not None:
        del found[at]
    return at is not None


class Sums:
    def __init__(self):
        self.must = self.hit = self.out = self.good = self.reassembled = 0
        self.misses, self.extras = [], []


def measure(kind, captures, outputs):
    f, sums = compare_functions(kind), Sums()
    for path in captures:
        base = os.path.basename(path)
        table = os.path.join(CORPUS, 'truth', base + '.' + kind + '.tsv')
        if not os.path.exists(table):
            continue
        found, events_here = collections.defaultdict(list), 0
        for e in outputs[path]:
            ours = f['ours_' + kind](e)
            if ours:
                found[ours[0]].append(ours[1])
                events_here += 1
        truth = [(row, *f['truth_' + kind](row)) for row in f['rows'](table)]
        for cls in ('must', 'may'):
            for row, key, values in truth:
                if row['class'] != cls:
                    continue
                hit = take(found[key], lambda v: same_values(kind, values, row, v))
                sums.good += hit
                sums.must += cls == 'must'
                sums.hit += cls == 'must' and hit
                if cls == 'must' and not hit:
                    sums.misses.append('%s frame %s %s' % (base, row['frame'], key))
        if kind == 'http':
            for row in f['rows'](os.path.join(CORPUS, 'truth', base + '.reasm.tsv')):
                key, _ = f['truth_http'](dict(row, flags='hdr-cut'))
                sums.reassembled += take(found[key], lambda v: True)
        sums.out += events_here
        sums.extras += ['%s %s' % (base, k) for k, v in found.items() for _ in v]
    return sums


def report(kind, sums):
    recall, alone = sums.hit / sums.must, sums.good / sums.out
    precision = (sums.good + sums.reassembled) / sums.out
    detail = 'misses:\n%s\nextras:\n%s' % ('\n'.join(sums.misses[:10]), '\n'.join(sums.extras[:10]))
    ok(recall >= LEAST, '%s: recall %.5f (%d of %d)' % (kind, recall, sums.hit, sums.must), detail)
    ok(precision >= LEAST, '%s: precision %.5f (%d of %d)' % (kind, precision, sums.good + sums.reassembled, sums.out), detail)
    if kind == 'http':
        note('%d events are requests of reasm.tsv, which only heads put together show; compare.py, which does not know'
             ' them, gives precision %.5f' % (sums.reassembled, alone))


def target_max():
    record = open(os.path.join(ROOT, 'include', 'record.h')).read()
    return int(re.search(r'#define HTTP_TARGET_MAX (\d+)', record).group(1))


def test_split_request_lines(captures, outputs):
    """Every request whose line spans segments, with its whole URI; a URI longer than a record holds comes cut to
    that length, with the mark that says so."""
    f, limit = compare_functions('http'), target_max()
    whole, cut, lost = 0, [], []
    for path in captures:
        base = os.path.basename(path)
        seen = {f['ours_http'](e)[0]: e for e in outputs[path] if f['ours_http'](e)}
        for row in f['rows'](os.path.join(CORPUS, 'truth', base + '.reasm.tsv')):
            if 'request-line-split' not in row['why'].split(','):
                continue
            key = f['truth_http'](dict(row, flags='hdr-cut'))[0]
            what = '%s frame %s, %d bytes' % (base, row['frame'], len(f['unx'](row['uri'])))
            short = f['truth_http'](dict(row, flags='hdr-cut', uri=row['uri'][:limit]))[0]
            if key in seen:
                whole += 1
            elif len(f['unx'](row['uri'])) > limit and 'field_length' in seen.get(short, {}).get('metsuke', {}).get('marks', []):
                cut.append(what)
            else:
                lost.append(what)
    ok(whole and not lost, 'request lines over several segments: %d of %d with their full URI' %
       (whole, whole + len(cut) + len(lost)), '\n'.join(lost))
    for what in cut:
        note('%s: longer than the %d bytes that a record keeps of a target; cut there and marked field_length' %
             (what, limit))


def test_agrees_with_compare(kind, sums):
    """Our copy of the definition gives what compare.py itself says."""
    env = dict(os.environ, METSUKE=METSUKE)
    p = subprocess.run([sys.executable, os.path.join(CORPUS, 'compare.py'), CORPUS, kind], env=env,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    numbers = [int(n) for n in re.findall(r'\((\d+)/(\d+)\)', p.stdout.decode()) for n in n]
    same(numbers, [sums.hit, sums.must, sums.good, sums.out], '%s: compare.py counts the same' % kind)


def main():
    captures = corpus()
    if not captures or not os.path.exists(os.path.join(CORPUS, 'compare.py')):
        skip('recall and precision', 'no captures with compare.py in %s' % CORPUS)
        end()
    outputs = {path: events(replay(path).stdout) for path in captures}
    for kind in ('dns', 'http'):
        sums = measure(kind, captures, outputs)
        report(kind, sums)
        test_agrees_with_compare(kind, sums)
    test_split_request_lines(captures, outputs)
    # The measure can fail: without a tenth of the events, and with some twice.
    thinned = {path: [e for i, e in enumerate(es) if i % 10] for path, es in outputs.items()}
    doubled = {path: es + es[:len(es) // 10] for path, es in outputs.items()}
    for kind in ('dns', 'http'):
        less, more = measure(kind, captures, thinned), measure(kind, captures, doubled)
        ok(less.hit / less.must < 0.95 and (more.good + more.reassembled) / more.out < 0.95,
           '%s: events left out cost recall, events told twice cost precision' % kind)
    end()


main()
