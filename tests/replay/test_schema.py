#!/usr/bin/env python3
"""test_schema.py: tests/schema.py finds what is wrong in broken copies of good lines; docs/events.md says what
include/counters.h says, and of ECS's fields what ECS says."""
import copy
import re
import subprocess
import sys

from harness import *

sys.path.insert(0, os.path.join(ROOT, 'tests'))
import schema

PAGE = os.path.join(ROOT, 'docs', 'events.md')
TABLES = schema.read_tables(PAGE)
TRAFFIC = ('dns-query', 'dns-response', 'http-request')
ALERTS = ('anomaly', 'blocklist-match')
HEALTH = ('stats', 'metsuke-started', 'metsuke-stopped', 'config-reloaded', 'intel-loaded', 'events-lost')


def examples():
    """The lines on the page itself."""
    text = open(PAGE, encoding='utf-8').read()
    return [json.loads(block) for block in re.findall(r'```json\n(.*?)```', text, re.S)]


def line(event):
    return json.dumps(event).encode() + b'\n'


def reasons(raw):
    return schema.Check(TABLES).line(raw)


def edit(event, path, value):
    """A copy with the member at a dotted path set, or taken out where value is None."""
    event = copy.deepcopy(event)
    *way, last = path.split('.')
    at = event
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
    last = int(last) if isinstance(at, list) else last
    if value is None:
        del at[last]
    else:
        at[last] = value
    return event


def test_page():
    same(sorted(TABLES), sorted(TRAFFIC + ALERTS + HEALTH), 'the page has a table for every action')
    found = examples()
    same({e['event']['action'] for e in found} >= set(TRAFFIC), True, 'the page has an example of each kind of message')
    same([reasons(line(e)) for e in found], [[]] * len(found), 'its examples fit its tables')
    source = open(os.path.join(ROOT, 'include', 'counters.h')).read()
    entries = re.findall(r'X\((\w+), (\w+), "(.*?)"\)', source)
    outcomes = {n: m for n, c, m in entries if not c.isdigit()}
    marks = {n: m for n, c, m in entries if c.isdigit()}
    rows = dict(re.findall(r'^\| `(\w+)` \| ([^|]+) \|$', open(PAGE, encoding='utf-8').read(), re.M))
    same({n: rows.get(n) for n in marks}, marks, 'the table of marks is that of counters.h')
    for part, names in (('kernel.outcome.', outcomes), ('marks.', marks)):
        prefix = 'metsuke.stats.' + part
        same([n for n in TABLES['stats'] if n.startswith(prefix)], [prefix + n for n in names], 'stats: a row for each of ' + part)


def test_ecs():
    path = os.path.join(SHARED, 'schema', 'ecs-fields.tsv')
    if not os.path.exists(path):
        skip('fields of ECS have its types', 'no %s' % path)
        return
    lines = [l.rstrip('\n').split('\t') for l in open(path) if not l.startswith('#')]
    ecs = {c[0]: c for c in lines[1:]}
    wrong = []
    for action, rows in TABLES.items():
        for row in rows.values():
            if row.name.startswith('metsuke.'):
                continue
            theirs = ecs.get(row.name)
            if not theirs or theirs[1] != row.type or ('array' in theirs[2]) != row.array:
                wrong.append('%s %s: %s' % (action, row.name, theirs and theirs[1:3]))
    same(wrong, [], 'fields of ECS have its types')
    categories = [l.rstrip('\n').split('\t') for l in open(os.path.join(SHARED, 'schema', 'ecs-category-types.tsv'))]
    theirs = {c[0]: set(c[1].split('|')) for c in categories if len(c) > 1}
    same(schema.TYPES_OF, {k: theirs[k] for k in schema.TYPES_OF}, 'types of each category are those of ECS')


def test_contract():
    """The proposal that the tables came from: what it wants always is there always."""
    path = os.path.join(SHARED, 'schema', 'event-fields.tsv')
    if not os.path.exists(path):
        skip('every field of the contract has a row', 'no %s' % path)
        return
    # Families of counters are written out; what the sensor does not have is not promised.
    families, later = re.compile(r'<(proto|type|name)>'), re.compile(r'metsuke\.stats\.(flows|feed)\.|anomaly\tdns\.')
    missing = []
    for l in open(path):
        cells = l.rstrip('\n').split('\t')
        if cells[0] not in TABLES or families.search(cells[1]) or later.match(cells[1]) or later.match(l):
            continue
        row = TABLES[cells[0]].get(cells[1])
        if not row or row.type != cells[2] or row.array != (cells[3] == 'array'):
            missing.append('%s %s %s' % tuple(cells[:3]))
    same(missing, [], 'every field of the contract has a row')


def test_broken():
    found = examples()
    query = next(e for e in found if e['event']['action'] == 'dns-query')
    answer = next(e for e in found if e['event']['action'] == 'dns-response')
    request = next(e for e in found if e['event']['action'] == 'http-request' and 'host' in e)
    good = line(query)
    rows = [
        ('not JSON', b'{"a":1\n', 'not JSON'),
        ('no object', b'[1]\n', 'not a JSON object'),
        ('an empty line', b'\n', 'not JSON'),
        ('two objects on a line', good.strip() + good, 'not JSON'),
        ('broken UTF-8', good.replace(b'"tags"', b'"t\xe4gs"'), 'not JSON'),
        ('half a character', good.replace(b'"forwarded"', b'"\xc3"'), 'not JSON'),
        ('a raw control byte', good.replace(b'"forwarded"', b'"forw\x01arded"'), 'not JSON'),
        ('duplicate key', good.replace(b'{"@timestamp"', b'{"@timestamp":"x","@timestamp"', 1), 'duplicate key @timestamp'),
        ('duplicate key deep inside', good.replace(b'"sequence":', b'"sequence":1,"sequence":', 1), 'duplicate key sequence'),
        ('NaN', good.replace(b'"port": 53', b'"port": NaN'), 'not JSON'),
        ('unknown action', line(edit(query, 'event.action', 'dns-quer')), 'no table'),
        ('no action', line(edit(query, 'event.action', None)), 'no table'),
        ('unknown field', line(edit(query, 'dns.nonsense', 'x')), 'dns.nonsense: not a field'),
        ('unknown field of our own', line(edit(query, 'metsuke.nonsense', 1)), 'metsuke.nonsense: not a field'),
        ('field of another action', line(edit(query, 'url.path', '/')), 'url.path: not a field'),
        ('field where an object belongs', line(edit(query, 'dns', 'x')), 'dns: not a field'),
        ('object where a field belongs', line(edit(query, 'source.ip', {'v4': '192.0.2.1'})), 'source.ip: not a ip'),
        ('empty object', line(edit(query, 'user', {})), 'user: an empty object'),
        ('field missing', line(edit(query, 'dns.question.type', None)), 'dns.question.type: missing'),
        ('object missing', line(edit(query, 'network', None)), 'network.type: missing'),
        ('keyword as number', line(edit(query, 'dns.id', 4660)), 'dns.id: not a keyword'),
        ('long as string', line(edit(query, 'source.port', '53')), 'source.port: not a long'),
        ('long as real', line(edit(query, 'source.port', 53.0)), 'source.port: not a long'),
        ('long as true', line(edit(query, 'source.port', True)), 'source.port: not a long'),
        ('long beyond 63 bits', line(edit(query, 'event.sequence', 2**63)), 'event.sequence: not a long'),
        ('null', good.replace(b'"port": 53', b'"port": null'), 'destination.port: not a long'),
        ('date without its fraction', line(edit(query, '@timestamp', '2023-11-14T22:13:20Z')), '@timestamp: not a date'),
        ('date with another offset', line(edit(query, '@timestamp', '2023-11-14T22:13:20.000000+00:00')), '@timestamp: not a date'),
        ('date in no month', line(edit(query, '@timestamp', '2023-13-14T22:13:20.000000Z')), '@timestamp: not a date'),
        ('address with a port', line(edit(query, 'source.ip', '192.0.2.1:53')), 'source.ip: not a ip'),
        ('address in a list', line(edit(query, 'related.ip.0', '192.0.2.256')), 'related.ip: not a ip'),
        ('single value where a list belongs', line(edit(query, 'event.type', 'protocol')), 'event.type: not an array'),
        ('list where a single value belongs', line(edit(query, 'source.ip', ['192.0.2.1'])), 'source.ip: an array'),
        ('list of objects as one object', line(edit(answer, 'dns.answers', answer['dns']['answers'][0])), 'dns.answers: not an array'),
        ('field missing in one record', line(edit(answer, 'dns.answers.1.ttl', None)), 'dns.answers.ttl: missing'),
        ('unknown field in one record', line(edit(answer, 'dns.answers.0.x', 1)), 'dns.answers.x: not a field'),
        ('wrong type in one record', line(edit(answer, 'dns.answers.1.ttl', '60')), 'dns.answers.ttl: not a long'),
        ('kind that ECS does not know', line(edit(query, 'event.kind', 'events')), 'event.kind: not a value'),
        ('outcome that ECS does not know', line(edit(answer, 'event.outcome', 'ok')), 'event.outcome: not a value'),
        ('category that we do not have', line(edit(query, 'event.category', ['dns'])), 'event.category: dns'),
        ('type of another category', line(edit(query, 'event.type', ['change'])), 'change does not belong'),
        ('end without start', line(edit(answer, 'event.start', None)), 'event.end: there without event.start'),
        ('start without duration', line(edit(answer, 'event.duration', None)), 'event.duration: missing with event.start'),
        ('forwarded, but with host', line(edit(query, 'host', {'name': 'h', 'id': '1'})), 'host.name: there with tags'),
        ('neither forwarded nor host', line(edit(query, 'tags', None)), 'host.name: missing without tags'),
        ('process without quality', line(edit(request, 'metsuke.owner.quality', 'x')).replace(b'"quality"', b'"quality2"'),
         'metsuke.owner.quality'),
    ]
    same(reasons(good), [], 'the line that is broken below is good')
    for what, raw, expected in rows:
        got = reasons(raw)
        ok(any(expected in r for r in got), 'found: ' + what, '%r in none of %r' % (expected, got))


def test_command():
    good, bad = line(examples()[0]), b'{}\n'

    def check(data, *args):
        p = subprocess.run(SCHEMA + list(args), input=data, stdout=subprocess.PIPE)
        return p.returncode, p.stdout.decode()

    same(check(good)[0], 0, 'good lines: exit 0')
    code, text = check(good + bad + bad)
    ok(code == 1 and '2 of 3 lines' in text and '     2  event.action: no table' in text, 'bad lines: exit 1, reasons, counts', text)
    same(check(b'')[0], 1, 'no line at all: exit 1')
    same(check(good.rstrip(b'\n'))[0], 1, 'no newline at the end: exit 1')
    code, text = check(good, '--every')
    ok(code == 1 and 'no line has' in text, '--every: rows that no line used', text)
    long_data = edit(next(e for e in examples() if e['event']['action'] == 'dns-response'), 'dns.answers.0.data', 'x' * 1025)
    code, text = check(line(long_data))
    ok(code == 0 and 'dns.answers.data is longer than 1024' in text, 'long keywords are noted, not refused', text)
    page = open(PAGE, encoding='utf-8').read()
    broken = write('/tmp/metsuke-events-%d.md' % os.getpid(), page.replace('| `dns.id` |', '| `dns.ident` |').encode())
    code, text = check(good, broken)
    os.unlink(broken)
    ok(code == 1 and 'dns.id: not a field' in text and 'dns.ident: missing' in text, 'a page that does not fit the lines: exit 1', text)


test_page()
test_ecs()
test_contract()
test_broken()
test_command()
end()
