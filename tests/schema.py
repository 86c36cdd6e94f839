#!/usr/bin/env python3
"""schema.py: holds event lines to the tables of docs/events.md. usage: schema.py [--every] [EVENTS.MD] <NDJSON

Each line is one UTF-8 JSON object without duplicate keys. Every leaf of it is a row of its action's table, with
the row's JSON type, in an array where the row says so, and there when the row says so: `always`, `with FIELD`
(exactly when that field is there), `without FIELD`. Rows of objects inside an array hold for each element. Any
other text in the column is a condition that only the sensor knows.

--every: also, every row of the tables of the actions seen was used by some line.
Prints the reasons with the number of lines each. Exit status: 0, 1 a line is wrong (or there was none), 2 usage."""
import collections
import ipaddress
import json
import os
import re
import sys

HEADER = ['field', 'type', 'array', 'when', 'meaning']
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'docs', 'events.md')
KEYWORD_MAX = 1024  # ECS: longer keywords are stored but not indexed (ignore_above)

# ECS 9.4.0 (Apache-2.0), event.category: the values of event.type that belong to it.
TYPES_OF = {
    'network': {'access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'},
    'web': {'access', 'error', 'info'},
    'intrusion_detection': {'allowed', 'denied', 'info'},
    'process': {'access', 'change', 'end', 'info', 'start'},
}
CLOSED = {
    'event.kind': {'alert', 'asset', 'enrichment', 'event', 'metric', 'state', 'pipeline_error', 'signal'},
    'event.outcome': {'failure', 'success', 'unknown'},
}
DATE = re.compile(r'\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z')


def is_ip(v):
    try:
        return isinstance(v, str) and str(ipaddress.ip_address(v)) is not None
    except ValueError:
        return False


def is_int(v):
    return isinstance(v, int) and not isinstance(v, bool) and -2**63 <= v < 2**63


def is_text(v):
    return isinstance(v, str)


FITS = {
    'keyword': is_text,
    'wildcard': is_text,
    'match_only_text': is_text,
    'long': is_int,
    'double': lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    'boolean': lambda v: isinstance(v, bool),
    'date': lambda v: isinstance(v, str) and DATE.fullmatch(v) is not None,
    'ip': is_ip,
    'object': lambda v: isinstance(v, dict),
}
FITS['float'] = FITS['double']
FITS['nested'] = FITS['object']  # ECS's word for objects that are searched one by one
OBJECTS = ('object', 'nested')


class Row:
    def __init__(self, cells):
        self.name, self.type, self.array, self.when = cells[0], cells[1], cells[2] == 'yes', cells[3]
        if self.type not in FITS or cells[2] not in ('', 'yes') or not self.when or not cells[4]:
            raise ValueError('row cannot be read: %s' % ' | '.join(cells))
        self.pattern = re.compile(re.sub(r'<[a-z]+>', '[^.]+', re.escape(self.name).replace(r'\<', '<')
                                         .replace(r'\>', '>')))


def read_tables(path):
    """{action: {field: Row}} from the tables with our header; the heading above a table names its action."""
    tables, heading, inside = {}, None, False
    for line in open(path, encoding='utf-8'):
        if line.startswith('#'):
            heading = line.strip('# \n`')
        if not line.startswith('|'):
            inside = False
            continue
        cells = [c.strip().replace('`', '') for c in line.strip().strip('|').split('|')]
        if cells == HEADER:
            inside = True
            tables[heading] = {}
        elif inside and set(line) - set('|-: \n'):
            row = Row(cells)
            if row.name in tables[heading]:
                raise ValueError('%s: %s has two rows' % (heading, row.name))
            tables[heading][row.name] = row
    return tables


def no_duplicates(pairs):
    d = {}
    for k, v in pairs:
        if k in d:
            raise ValueError('duplicate key %s' % k)
        d[k] = v
    return d


def no_constant(text):
    raise ValueError('%s is no JSON number' % text)


class Check:
    def __init__(self, tables):
        self.tables = tables
        self.used = collections.defaultdict(set)
        self.long_keywords = collections.Counter()

    def row_of(self, rows, name):
        if name in rows:
            return rows[name]
        return next((r for r in rows.values() if '<' in r.name and r.pattern.fullmatch(name)), None)

    def value(self, row, name, value, bad):
        if not FITS[row.type](value):
            bad.append('%s: not a %s: %.60s' % (name, row.type, json.dumps(value)))
        elif name in CLOSED and value not in CLOSED[name]:
            bad.append('%s: not a value of ECS: %s' % (name, value))
        elif row.type == 'keyword' and len(value) > KEYWORD_MAX:
            self.long_keywords[name] += 1

    def level(self, rows, action, prefix, obj, seen, bad):
        """Every member of obj, and of the objects in it; names of rows that were met go to seen."""
        for key, v in obj.items():
            name = prefix + key
            row = self.row_of(rows, name)
            if row is None and isinstance(v, dict):
                if not v:
                    bad.append('%s: an empty object' % name)
                self.level(rows, action, name + '.', v, seen, bad)
                continue
            if row is None:
                bad.append('%s: not a field of %s' % (name, action))
                continue
            seen.add(row.name)
            if row.array != isinstance(v, list):
                bad.append('%s: %s' % (name, 'not an array' if row.array else 'an array'))
                continue
            for item in v if row.array else [v]:
                self.value(row, name, item, bad)
                if row.type in OBJECTS and isinstance(item, dict):
                    inner = set()
                    self.level(rows, action, name + '.', item, inner, bad)
                    self.presence(rows, row.name + '.', inner, bad)
                    self.used[action] |= inner

    def presence(self, rows, prefix, seen, bad):
        """The rows directly below prefix ('' or 'array.') against what was seen there."""
        lists = [r.name + '.' for r in rows.values() if r.type in OBJECTS]
        for r in rows.values():
            home = next((p for p in lists if r.name.startswith(p)), '')
            if home != prefix or '<' in r.name:
                continue
            there, (word, _, other) = r.name in seen, r.when.partition(' ')
            if word == 'always' and not there:
                bad.append('%s: missing' % r.name)
            elif word == 'with' and other in rows and there != (other in seen):
                bad.append('%s: %s' % (r.name, 'there without ' + other if there else 'missing with ' + other))
            elif word == 'without' and other in rows and there == (other in seen):
                bad.append('%s: %s' % (r.name, 'there with ' + other if there else 'missing without ' + other))

    def line(self, raw):
        """The reasons why this line is wrong."""
        try:
            obj = json.loads(raw.decode('utf-8'), object_pairs_hook=no_duplicates, parse_constant=no_constant)
        except ValueError as e:
            return ['not JSON: %s' % re.sub(r' ?\(?(:|at|in) .*', '', str(e)) if 'duplicate' not in str(e) else str(e)]
        if not isinstance(obj, dict):
            return ['not a JSON object']
        event = obj.get('event') if isinstance(obj.get('event'), dict) else {}
        action = event.get('action')
        rows = self.tables.get(action) if isinstance(action, str) else None
        if rows is None:
            return ['event.action: no table for %s' % action]
        bad, seen = [], set()
        self.level(rows, action, '', obj, seen, bad)
        self.presence(rows, '', seen, bad)
        self.used[action] |= seen
        allowed = set()
        for category in event.get('category') or []:
            allowed |= TYPES_OF.get(category, set())
            if category not in TYPES_OF:
                bad.append('event.category: %s' % category)
        bad += ['event.type: %s does not belong to the category' % t
                for t in event.get('type') or [] if t not in allowed]
        return bad

    def unused(self):
        return ['%s: no line has %s' % (a, name) for a in sorted(self.used)
                for name in self.tables[a] if name not in self.used[a]]


def main(args):
    every = '--every' in args
    args = [a for a in args if a != '--every']
    if len(args) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    check = Check(read_tables(args[0] if args else PAGE))
    reasons, lines, wrong = collections.Counter(), 0, 0
    for raw in sys.stdin.buffer:
        lines += 1
        bad = check.line(raw)
        wrong += bool(bad)
        reasons.update(set(bad))
        if not raw.endswith(b'\n'):
            wrong += not bad
            reasons['no newline at the end'] += 1
    unused = check.unused() if every else []
    for reason, n in reasons.most_common():
        print('%6d  %s' % (n, reason))
    for reason in unused:
        print('        ' + reason)
    for name, n in check.long_keywords.most_common():
        print('  note  %s is longer than %d characters %d times' % (name, KEYWORD_MAX, n))
    print('%d of %d lines do not fit docs/events.md' % (wrong, lines))
    return 0 if lines and not wrong and not unused else 1


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
