#!/usr/bin/env python3
"""test_store.py: what profiles, domains and alerts say of a store: as a table, as JSON, sorted, chosen, and refused."""
import os
import pty
import shutil
import sqlite3
import subprocess
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-store-')
STORE = os.path.join(work, 'a?b #1.db')  # a name that an URI would take for something else
FILL = os.path.join(BUILD, 'tests', 'replay', 'fill_store')


def ask(command, *args, **kw):
    return run(command, '-c', '/dev/null', '-S', kw.pop('store', STORE), *args, **kw)


def rows(command, *args):
    r = ask(command, '--json', *args)
    return events(r.stdout) if r.returncode == 0 else 'exit %d: %s' % (r.returncode, r.stderr.decode())


def refused(args, status, words, **kw):
    r = ask(*args, **kw)
    ok(r.returncode == status and not r.stdout and words.encode() in r.stderr,
       '%s: exit %d, %s' % (' '.join(args).replace(work, ''), status, words), '%d\n%s\n%s' % (r.returncode, r.stdout, r.stderr))


def test_profiles():
    db = sqlite3.connect(STORE)
    n = db.execute('SELECT count(*) FROM pairs').fetchone()[0]
    got = rows('profiles')
    same(len(got), n, 'one line a pair')
    same([r['last'] for r in got], sorted((r['last'] for r in got), reverse=True), 'the newest first')
    row = db.execute("SELECT requests, checkins, gap_mean_s, gap_cv, urls, queries FROM pairs WHERE client = '10.0.0.1' AND "
                     "domain = 'site2.example'").fetchone()
    one = rows('profiles', '--client', '10.0.0.1', '--domain', 'site2.example')
    same([tuple(r[k] for k in ('requests', 'checkins', 'gap_mean_s', 'gap_cv', 'urls', 'queries')) for r in one], [row],
         'a pair by client and domain, its numbers to the last digit')
    same({r['client'] for r in rows('profiles', '-C', '10.0.0.[12]')}, {'10.0.0.1', '10.0.0.2'}, 'clients by a pattern')
    same(rows('profiles', '-C', '10.0.0'), [], 'part of a name is another name')
    same({r['domain'] for r in rows('profiles', '-d', 'site?.example')}, {'site%d.example' % i for i in range(6)}, 'domains by a pattern')
    by = [r['requests'] for r in rows('profiles', '--sort', 'requests')]
    same(by, sorted(by, reverse=True), 'the most requests first')
    by = [r['domain'] for r in rows('profiles', '--sort', 'domain')]
    same(by, sorted(by), 'text from a to z')
    same(rows('profiles', '-n', '3'), got[:3], '-n 3: the first three')
    same(rows('profiles', '-n', '0'), got, '-n 0: all')
    same(len(rows('profiles', '--judgement', 'unknown')), n, 'by judgement')
    same(rows('profiles', '--judgement', 'suspicious'), [], 'by another: none')
    newer = [r for r in got if r['last'] >= '2023-11-14T22:26:30']
    same(rows('profiles', '--since', '2023-11-14T23:26:30+01:00'), newer, 'since a time')
    same(rows('profiles', '--since', '1d'), [], 'since a day ago: none')
    r = ask('profiles', '--since', '1d')
    ok(r.returncode == 0 and not r.stdout and b'nothing in ' in r.stderr, 'nothing: said on standard error, exit 0', r)
    table = ask('profiles').stdout.decode().splitlines()
    same(len(table), n + 1, 'a table has a line for each and one above')
    same(len({len(x) for x in table[1:]}), 1, 'its columns stand below each other')


def test_domains():
    got = rows('domains')
    same({r['domain'] for r in got}, {'site%d.example' % i for i in range(6)}, 'one line a domain')
    same({r['clients'] for r in got}, {5}, 'clients are counted')
    same(sum(r['queries'] + r['requests'] for r in got), 400, 'every message is in them')
    same(len(rows('domains', '-d', 'site1.example')), 1, 'one of them')


def test_alerts():
    lines = ask('alerts', '--json').stdout
    same(lines, b''.join(b'{"event":{"id":"run-%d",  "n":1.50}}\n' % i for i in (1, 2, 3)), 'the events as they went out, to the byte')
    same([r['event']['id'] for r in rows('alerts', '-n', '2')], ['run-2', 'run-3'], '-n 2: the newest two, the newest last')
    for args, ids in ((('-k', 'blocklist-match'), [1]), (('-k', 'anomaly'), [2, 3]), (('-C', 'curl'), [1]), (('-C', '/usr/bin/*'), [1]),
                      (('-C', '10.0.0.1'), [1, 3]), (('-d', 'evil.example'), [1, 3]), (('-d', 'www.evil.example'), [3]),
                      (('-d', 'il.example'), []), (('-t', '2023-11-15'), [2, 3])):
        same([int(r['event']['id'][4:]) for r in rows('alerts', *args)], ids, 'alerts %s' % ' '.join(args))
    text = ask('alerts').stdout
    ok(all(c >= 0x20 and c < 0x7f or c == 0x0a for c in text), 'no control character of a message reaches the terminal', text)
    ok(b'beacon\\x1b[2J' in text and b'\\x0aend' in text, 'what they were is shown', text)
    same(text.count(b'\n'), 4, 'and none of them makes a line')


def terminal(columns, *args):
    """What a terminal so wide shows."""
    main, side = pty.openpty()
    subprocess.run(['stty', 'cols', str(columns), 'rows', '24'], stdin=side)
    r = subprocess.run([METSUKE, *args], stdout=side, stderr=subprocess.DEVNULL, stdin=side, env=dict(os.environ, TZ='Europe/Berlin'))
    os.close(side)
    out = b''
    try:
        while True:
            more = os.read(main, 65536)
            if not more:
                break
            out += more
    except OSError:
        pass
    os.close(main)
    return r.returncode, out.decode().splitlines()


def test_terminal():
    for columns in (70, 80, 100, 200):
        for command in ('profiles', 'domains', 'alerts'):
            status, lines = terminal(columns, command, '-c', '/dev/null', '-S', STORE, '-n', '5')
            ok(status == 0 and len(lines) in (4, 6) and max(map(len, lines)) <= columns, '%s fit into %d columns' % (command, columns),
               '\n'.join(lines))
    status, lines = terminal(200, 'alerts', '-c', '/dev/null', '-S', STORE)
    ok(lines[1].startswith('2023-11-14T23:13:20+0100 '), 'times are local, with their offset', lines)


def test_while_written():
    db = sqlite3.connect(STORE)
    db.execute('BEGIN IMMEDIATE')
    db.execute("DELETE FROM alerts WHERE event_id = 'run-1'")
    same(len(rows('alerts')), 3, 'while another writes: what was there before')
    db.rollback()
    db.close()


def test_refused():
    refused(['profiles'], 1, 'there is no store at %s/none.db: name one with -S' % work, store=work + '/none.db')
    refused(['alerts'], 1, 'is not a regular file', store=work)
    refused(['alerts'], 1, 'file is not a database', store=write(work + '/text.db', b'no database' * 1000))
    refused(['alerts'], 2, '-S none', store='none')
    other = sqlite3.connect(work + '/other.db')
    other.execute('CREATE TABLE pairs(x)')
    other.commit()
    refused(['profiles'], 1, 'is a database of another program', store=work + '/other.db')
    refused(['domains'], 1, 'has no tables', store=write(work + '/empty.db', b''))
    shutil.copy(STORE, work + '/newer.db')
    newer = sqlite3.connect(work + '/newer.db')
    newer.execute('PRAGMA user_version = 99')
    newer.close()
    refused(['profiles'], 1, 'has version 99', store=work + '/newer.db')
    refused(['profiles', '--sort', 'nonsense'], 2, "'nonsense' is not one of: client ")
    refused(['profiles', '--sort', 'last_ns; DROP TABLE pairs'], 2, 'is not one of')
    refused(['profiles', '--judgement', 'guilty'], 2, "'guilty' is not one of: unknown")
    refused(['alerts', '--kind', 'x'], 2, "'x' is not one of: blocklist-match anomaly")
    for since in ('soon', '5', '-5d', '5days', '', '99999999999999999999d', '2023-13-01'):
        refused(['alerts', '--since', since], 2, "--since: '%s' is neither" % since)
    for most in ('x', '-1', '1.5', '', '99999999999999999999'):
        refused(['alerts', '--most', most], 2, "--most: '%s' is not a whole number" % most)
    refused(['alerts', 'x'], 2, "'x' is not an option")
    refused(['alerts', '--judgement', 'listed'], 2, "Try 'metsuke alerts --help'")
    before = open(STORE, 'rb').read()
    rows('profiles')
    same(open(STORE, 'rb').read(), before, 'reading changes nothing')


def test_damaged():
    damaged = bytearray(open(STORE, 'rb').read())
    for at in range(8192, len(damaged) - 4096, 4096):
        damaged[at:at + 64] = b'\xff' * 64
    for command in ('profiles', 'domains', 'alerts'):
        r = ask(command, store=write(work + '/damaged.db', bytes(damaged)))
        ok(r.returncode == 1 and b'cannot be read' in r.stderr, '%s of a damaged store: exit 1' % command, r)


try:
    subprocess.run([FILL, STORE, '5', '6', '400'], check=True, stderr=subprocess.DEVNULL)
    test_profiles()
    test_domains()
    test_alerts()
    test_terminal()
    test_while_written()
    test_refused()
    test_damaged()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
