#!/usr/bin/env python3
"""test_outliers.py: metsuke outliers: the test vectors' numbers come out of it, and every bad table is told from a good
one, by line, column and value."""
import math
import shutil
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-outliers-')
VECTORS = os.path.join(ROOT, 'tests', 'vectors', 'data')


def table(text, leaf='t.csv'):
    return write(os.path.join(work, leaf), text if isinstance(text, bytes) else text.encode())


def column(values, name='x'):
    return table(name + '\n' + ''.join('%r\n' % v for v in values), name + '.csv')


def outliers(*args, **kw):
    return run('outliers', *args, **kw)


def report(*args):
    r = outliers('--json', *args)
    return json.loads(r.stdout) if r.returncode == 0 else {'error': r.stderr.decode()}


def near(a, b, relative=1e-9, absolute=0):
    if a is None or b is None:
        return a is b
    return abs(a - b) <= max(absolute, relative * abs(b))


def vectors(leaf):
    with open(os.path.join(VECTORS, leaf)) as f:
        return json.load(f)


def odv_args(case):
    args = ['--method', 'odv', '--bound', case['bound'].replace('vp_mean', 'vp'), '--side', case['side'], '--p1', str(case['p1']),
            '--p2', str(case['p2']), '--transform', case['transform']]
    return args + (['--sd-floor', str(case['sd_floor'])] if case['sd_floor'] else [])


def test_odv_vectors():
    for case in vectors('chebyshev.json')['cases']:
        got = report(*odv_args(case), column(case['x']))
        wrong = [got.get('error')] if 'error' in got else []
        for one in got.get('columns', []):
            for which in ('pass1', 'pass2'):
                wrong += ['%s.%s %r' % (which, k, one[which][k]) for k, v in case['expect'][which].items()
                          if not near(one[which][k], v, absolute=1e-12 * (v == 0))]
            wrong += [k for k in ('removed_pass1', 'zero_variance_branch', 'flagged') if one[k] != case['expect'][k]]
        ok(not wrong and len(got['columns']) == 1, 'odv: ' + case['name'], wrong)


def test_row_vectors():
    def points(rows, leaf):
        names = ['c%d' % i for i in range(len(rows[0]))]
        return table('\n'.join([','.join(names)] + [','.join(map(repr, p)) for p in rows]) + '\n', leaf)

    for case in vectors('lof.json')['cases']:
        more = ['--distinct'] if case['k_distinct_distance'] else []
        got = report('--method', 'lof', '--k', str(case['k']), *more, points(case['points'], 'lof.csv'))
        ok('scores' in got and len(got['scores']) == len(case['lof']) and all(map(near, got['scores'], case['lof'])),
           'lof: ' + case['name'], got)
    for case in vectors('ocsvm.json')['cases']:
        args = ['--method', 'ocsvm', '--nu', str(case['nu']), '--gamma', str(case['gamma'])]
        train = points(case['train'], 'train.csv')
        for got, key in ((report(*args, train), 'train_decision'),
                         (report(*args, '--train', train, points(case['test'], 'test.csv')), 'test_decision')):
            outside = case['train_outliers'] if key == 'train_decision' else [i for i, label in enumerate(case['test_label']) if label < 0]
            same(got.get('flagged'), outside, 'ocsvm: %s, outside of %s' % (case['name'], key))
            good = 'rho' in got and near(got['rho'], case['rho'], absolute=1e-6) and len(got['decisions']) == len(case[key])
            ok(good and all(near(g, e, absolute=1e-6) for g, e in zip(got['decisions'], case[key])), 'ocsvm: %s, %s' % (case['name'], key), got)


QUIET = ''.join('%d,%d\n' % (10 + i % 7, 5 + i % 5) for i in range(70))


def test_training():
    train = table('a,b\n' + QUIET, 'train.csv')
    data = table('host,b,a\nnormal,7,13\nodd,7,4000\n"o, ""dd""",-900,13\n')
    got = report('--method', 'odv', '--train', train, data)
    same({c['column']: c['flagged'] for c in got['columns']}, {'b': [2], 'a': [1]}, 'columns are matched by name')
    same(got['flagged'], [1, 2], 'rows that any column flags')
    same([r['labels'] for r in got['flagged_rows']], [{'host': 'odd'}, {'host': 'o, "dd"'}], 'with their labels')
    got = report('--method', 'lof', '--k', '5', '--distinct', '--train', train, data)
    ok(got['flagged'] == [1, 2], 'lof judges by other rows', got)
    got = report('--method', 'ocsvm', '--nu', '0.05', '--gamma', '0.1', '--scale', '--train', train, data)
    ok(got['flagged'] == [1, 2], 'ocsvm judges by other rows', got)
    r = outliers('--method', 'odv', '--train', table('a\n1\n2\n', 'one.csv'), data)
    ok(r.returncode == 1 and b'one.csv: b: no such column' in r.stderr, 'a column that was not trained', r.stderr)


def test_too_little():
    got = report('--method', 'odv', '--train', column([1, 2, 3], 'few'), table('few\n900\n'))
    same((got['columns'][0]['enough_data'], got['columns'][0]['least_n']), (False, 12), 'three rows are not enough, and it is said')
    r = outliers('--method', 'odv', column(list(range(11))))
    ok(b'not enough data: 11 values' in r.stdout, 'the table says so, too', r.stdout)
    r = outliers('--method', 'odv', column(list(range(12))))
    ok(b'not enough' not in r.stdout, 'twelve are enough', r.stdout)


def test_missing():
    rows = ['%d,%d' % (10 + i % 3, i) for i in range(20)] + [',5', '4000,', '11,6']
    got = report('--method', 'odv', table('x,y\n' + '\n'.join(rows) + '\n'))
    x = got['columns'][0]
    same((x['missing'], x['pass1']['n'], x['flagged']), (1, 22, [21]), 'an empty cell is left out, and rows keep their numbers')
    got = report('--method', 'lof', '--k', '3', '--distinct', table('x,y\n' + '\n'.join(rows) + '\n'))
    same((got['missing'], [i for i, s in enumerate(got['scores']) if s is None]), (2, [20, 21]), 'a row with one has no score')


def refused(text, words, *args):
    path = table(text, 'bad.csv')
    r = outliers('--method', 'odv', *args, path)
    shown = r.stderr.decode(errors='replace').replace(work + '/', '')
    ok(r.returncode == 1 and not r.stdout and words in shown, 'refused: ' + words, 'exit %d: %s' % (r.returncode, shown))


def test_bad_tables():
    refused('', 'bad.csv:1: an empty file')
    refused('x\n', 'bad.csv:1: a header line without a row')
    refused('1,2\n3,4\n', 'bad.csv:1: numbers in place of names')
    refused('x,y,x\n1,2,3\n', "bad.csv:1: 'x': the name of columns 1 and 3")
    refused('x,\n1,2\n', 'bad.csv:1: column 2 has no name')
    refused('x,y\n1,2\n3\n', 'bad.csv:3: 1 cells, where the header line has 2')
    refused('x,y\n1,2\n3,4,5\n', 'bad.csv:3: 3 cells')
    refused('x\n1\nnan\n', "bad.csv:3: x: 'nan': not a finite number")
    refused('x\n-inf\n1\n', "bad.csv:2: x: '-inf': not a finite number")
    refused('x\n1\n1e400\n', "bad.csv:3: x: '1e400': beyond 1e150")
    refused('x\n1\nl2\n', "bad.csv:3: x: 'l2': not a number, but the cells before are")
    refused('x,y\na,1\n2,1\n', "bad.csv:3: x: '2': a number, but the cells before are text")
    refused('x\n0x10\n', 'no column of numbers')
    refused('x;y\n1;2\n', 'no column of numbers')
    refused('x\n1\n"2\n', "bad.csv:3: '2\\x0a': a quote that is never closed")
    refused('x\n1\n"2"3\n', "bad.csv:3: '2': text after the closing quote")
    refused('x\n1\n2"3\n', "bad.csv:3: '2': a quote inside a cell")
    refused(b'x\n1\n2\0\n', 'bad.csv:3: a NUL byte')
    refused('x\n1\n'.encode('utf-16'), 'bad.csv:1: UTF-16')
    refused('x\r1\r2\r', 'bad.csv:1: a carriage return without a line feed')
    refused('x\n1\n\x1b[31mred\n', "'\\x1b[31mred'")
    refused('x\n1\n' + '1' * 100000000 + '\n', 'bad.csv:3: a row of more than 1 MiB')
    refused('x\n1\n"' + 'a\n' * 50000000, 'a quote that is never closed')
    refused(','.join('c%d' % i for i in range(1025)) + '\n', 'bad.csv:1: more than 1024 cells')
    refused('x\n1\n0\n', "bad.csv:3: x: '0': no logarithm", '--transform', 'ln')
    refused('x\n1\n-1\n', "bad.csv:3: x: '-1': no logarithm", '--transform', 'ln1p')
    refused('x\n1\n', "no column 'y', which is said to be a label", '--label', 'y')
    refused('x\n1\n', 'cannot open /nonexistent', '--train', '/nonexistent')


def test_good_tables():
    plain = report('--method', 'odv', table('x,y\n1,2\n3,4\n'))['columns']
    for what, text in (('CRLF', 'x,y\r\n1,2\r\n3,4\r\n'), ('no line end at the end', 'x,y\n1,2\n3,4'), ('a byte order mark', b'\xef\xbb\xbfx,y\n1,2\n3,4\n'),
                       ('quotes', '"x","y"\n"1",2\n3,"4"\n'), ('spaces', 'x,y\n 1,2 \n3 ,\t4\n'), ('an empty line', 'x,y\n1,2\n\n3,4\n\n'),
                       ('other spellings', 'x,y\n+1.0,2e0\n.3E1,4.\n')):
        same(report('--method', 'odv', table(text)).get('columns'), plain, 'taken: ' + what)
    same(report('--method', 'odv', '--label', 'y', table('x,y\n1,2\n3,b\n'))['labels'], ['y'], 'a column of numbers and text as labels')
    got = report('--method', 'odv', table('x,note\n1,"a\n""b"""\n3,\n'))
    same((got['rows'], got['labels']), (2, ['note']), 'a line break inside quotes')
    r = outliers('--method', 'odv', '-', stdin=open(column([1, 2, 3]), 'rb'))
    ok(r.returncode == 0 and b'0 of 3 rows flagged' in r.stdout, 'standard input', r.stderr)
    got = report('--method', 'odv', column([7] * 15))
    same(got['flagged'], [], 'a constant column flags nothing')
    got = report('--method', 'odv', column([5]))
    same((got['flagged'], got['columns'][0]['enough_data'], got['columns'][0]['limits']), ([], False, [None, None]), 'one row has no limits')
    for what, text in (('one row', 'x,y\n1,2\n'), ('the same row again', 'x,y\n1,2\n1,2\n1,2\n')):
        r = outliers('--method', 'ocsvm', '--nu', '0.5', '--gamma', '1', table(text))
        ok(r.returncode == 1 and not r.stdout and b'no border can be drawn' in r.stderr, 'ocsvm: ' + what, r.stderr)
    got = report('--method', 'ocsvm', '--nu', '0.5', '--gamma', '1', table('x,y\n1,2\n1,2\n1,3\n'))
    same(len(got['scores']), 3, 'ocsvm: a row that differs')
    far = ''.join('%d,%d\n' % (i * i % 31, i * 7 % 23) for i in range(20)) # for this gamma no row has a neighbour: each is on the border
    got = report('--method', 'ocsvm', '--nu', '0.05', '--gamma', '0.5', table('x,y\n' + far))
    same(got['flagged'], [i for i, d in enumerate(got['decisions']) if d < -1e-6], 'ocsvm: the border is not outside')
    ok(len(got['flagged']) <= 1, 'ocsvm: nu is the most of them that are outside', got)
    with open(os.path.join(work, 'million.csv'), 'w') as f:
        f.write('x,y\n' + '10,1\n11,2\n12,3\n13,4\n' * 250000 + '9e9,2\n')
    got = report('--method', 'odv', os.path.join(work, 'million.csv'))
    same((got['rows'], got['flagged'], got['columns'][0]['pass2']['n'], got['columns'][0]['pass2']['mean']), (1000001, [1000000], 1000000, 11.5),
         'a million rows')


def usage_error(words, *args):
    r = outliers(*args)
    ok(r.returncode == 2 and not r.stdout and words.encode() in r.stderr, 'usage: ' + words, '%d: %s' % (r.returncode, r.stderr))


def test_options():
    path = column(list(range(20)))
    r = outliers('--help')
    ok(r.returncode == 0 and r.stdout.startswith(b'usage: metsuke outliers'), '--help')
    usage_error('--method is needed', path)
    usage_error("'knn' is not one of: odv lof ocsvm", '--method', 'knn', path)
    usage_error("--bound: 'vp_mean' is not one of: general unimodal vp", '--method', 'odv', '--bound', 'vp_mean', path)
    usage_error("--side: 'both' is not one of", '--method', 'odv', '--side', 'both', path)
    for p in ('0', '1', '-0.1', 'nan', '', '0.1x', 'inf'):
        usage_error("--p1: '%s' is not between 0 and 1" % p, '--method', 'odv', '--p1', p, path)
    usage_error("--sd-floor: '-1' is not", '--method', 'odv', '--sd-floor', '-1', path)
    usage_error("--k: '0' is not", '--method', 'lof', '--k', '0', path)
    usage_error("--k: '5.5' is not", '--method', 'lof', '--k', '5.5', path)
    usage_error('--method lof needs --k', '--method', 'lof', path)
    usage_error('--k is no option of --method odv', '--method', 'odv', '--k', '3', path)
    usage_error('--p1 is no option of --method lof', '--method', 'lof', '--k', '3', '--p1', '0.1', path)
    usage_error('--k-max: 4 is below --k', '--method', 'lof', '--k', '5', '--k-max', '4', path)
    usage_error('--method ocsvm needs --gamma', '--method', 'ocsvm', '--nu', '0.1', path)
    usage_error("--nu: '1.5' is not", '--method', 'ocsvm', '--nu', '1.5', '--gamma', '1', path)
    usage_error('--offset goes with --transform ln', '--method', 'odv', '--offset', '1', path)
    usage_error('expected a CSV file', '--method', 'odv')
    usage_error('expected one CSV file', '--method', 'odv', path, path)
    usage_error('standard input cannot be both', '--method', 'odv', '--train', '-', '-')
    usage_error('Try', '--method', 'odv', '--nonsense', path)
    r = outliers('--method', 'lof', '--k', '20', path)
    ok(r.returncode == 1 and b'not more complete rows than --k' in r.stderr, 'as many neighbours as rows', r.stderr)


try:
    test_odv_vectors()
    test_row_vectors()
    test_training()
    test_too_little()
    test_missing()
    test_bad_tables()
    test_good_tables()
    test_options()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
