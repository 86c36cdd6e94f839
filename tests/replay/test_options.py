#!/usr/bin/env python3
"""test_options.py: command line and configuration of the program: what is taken, what is refused, exit statuses."""
import gzip
import os
import shutil
import subprocess
import tempfile

from harness import *

work = tempfile.mkdtemp(prefix='metsuke-options-')
CAPTURE = write(os.path.join(work, 'one.pcap'), pcap([ethernet(p) for p in exchange()]))


def config(text):
    return write(os.path.join(work, 'metsuke.yaml'), text.encode())


def check(args, status, out=None, err=None):
    """Exit status, and words that have to be on standard output and standard error."""
    r = run(*args)
    good = r.returncode == status and (out or '').encode() in r.stdout and (err or '').encode() in r.stderr
    if status == 2:
        good = good and not r.stdout
    shown = ' '.join(args).replace(work, '') or 'no command'
    ok(good, '%s: exit %d%s' % (shown, status, ', ' + (out or err) if out or err else ''),
       'exit %d\n%s\n%s' % (r.returncode, r.stdout.decode(), r.stderr.decode()))
    return r


def test_program():
    check(['--version'], 0, out='metsuke ')
    check(['--help'], 0, out='usage: metsuke COMMAND')
    check(['-h'], 0, out='usage: metsuke COMMAND')
    check([], 2, err='usage: metsuke COMMAND')
    check(['nonsense'], 2, err="unknown command 'nonsense'")
    check(['Run'], 2, err="unknown command 'Run'")
    check(['--versio'], 2, err='unknown command')
    check(['version'], 0, out='metsuke ')
    check(['help'], 0, out='usage: metsuke COMMAND')
    check(['help', 'replay'], 0, out='usage: metsuke replay')
    check(['help', 'nonsense'], 2, err="unknown command 'nonsense'")


def test_commands():
    for command in ('run', 'replay', 'check', 'status', 'profiles', 'domains', 'alerts'):
        check([command, '--help'], 0, out='usage: metsuke %s' % command)
        check([command, '--nonsense'], 2, err="Try 'metsuke %s --help'" % command)
        check([command, '-c'], 2, err="Try 'metsuke %s --help'" % command)
        check([command, '-c', '/nonexistent'], 1, err='cannot open configuration /nonexistent')
    for command in ('run', 'check', 'status', 'profiles'):
        check([command, 'eth0'], 2, err="'eth0' is not an option")
    check(['run', '-i'], 2)
    check(['status', '-i', 'eth0'], 2)
    check(['replay', '-i', 'eth0', CAPTURE], 2)
    check(['status', '--runtime-dir', work, '-c', '/dev/null'], 1, err='no sensor runs with ' + work)


def test_replay_options():
    plain = run('replay', '-c', '/dev/null', CAPTURE).stdout
    ok(plain.count(b'\n') == 2, 'replay of two messages: two lines')
    for args in (['-q', CAPTURE], ['--quiet', CAPTURE], [CAPTURE, '-q'], ['--format=json', '--', CAPTURE],
                 ['-o', '-', CAPTURE], ['--output=-', CAPTURE], ['-f', 'auto', CAPTURE]):
        same(run('replay', '-c', '/dev/null', *args).stdout, plain, 'replay %s' % ' '.join(args).replace(work, ''))
    check(['replay', '-f', 'xml', CAPTURE], 2, err="'xml' is not one of")
    check(['replay', '-f', '', CAPTURE], 2, err="'' is not one of")
    check(['replay', '-o', 'tcp:1', CAPTURE], 2, err="sink 'tcp:1': expected")
    check(['replay', '-o', 'file:', CAPTURE], 2, err="sink 'file:': expected")
    check(['replay', '-o', 'unix:/' + 'x' * 107, CAPTURE], 2, err='at most 107 bytes')
    check(['replay', '-o', 'file:/nonexistent/x', CAPTURE], 1, err='cannot open /nonexistent/x')
    check(['run', '-o', 'tcp:1'], 2, err="sink 'tcp:1': expected")
    check(['replay', '-q'], 2, err='expected a capture file')
    packed, empty = os.path.join(work, 'packed.pcap.gz'), os.path.join(work, 'empty.pcap')
    with gzip.open(packed, 'wb') as f:
        f.write(open(CAPTURE, 'rb').read())
    open(empty, 'wb').close()
    check(['replay', packed], 1, err="it is compressed; 'zcat %s | metsuke replay -' reads it" % packed)
    check(['replay', empty], 1, err='truncated')
    many = [a for i in range(17) for a in ('-o', 'file:%s/sink%d' % (work, i))]
    check(['replay', *many, CAPTURE], 1, err='more than 16 sinks')
    check(['replay', *(['-o', '-'] * 33), CAPTURE], 1)


def test_configuration():
    r = run('replay', '-q', '-c', config('output:\n  format: text\n'), CAPTURE)
    ok(r.returncode == 0 and b'dns ?' in r.stdout, 'the file says text')
    r = run('replay', '-q', '-c', config('output:\n  format: text\n'), '-f', 'json', CAPTURE)
    ok(r.stdout.startswith(b'{'), 'the command line wins over the file')
    r = run('replay', '-q', '-c', config('output:\n  sinks: ["file:%s/a"]\n' % work), '-o', 'file:%s/b' % work, CAPTURE)
    ok(not os.path.exists(work + '/a') and os.path.getsize(work + '/b') > 0, 'sinks of the command line replace those of the file')
    r = run('replay', '-q', '-c', config('dns:\n  ports: [54]\n'), CAPTURE)
    same((r.returncode, r.stdout), (0, b''), 'other ports: nothing to see')
    r = run('replay', '-q', '-c', config('networks:\n  home: [192.0.2.0/28]\n'), CAPTURE)
    same(events(r.stdout)[0]['network']['direction'], 'outbound', 'home networks tell the direction')
    r = run('replay', '-q', '-c', config('agent:\n  id: sensor-7\n'), CAPTURE)
    same(events(r.stdout)[0]['agent']['id'], 'sensor-7', 'agent.id')
    r = run('replay', '-c', config('log:\n  level: error\n'), CAPTURE)
    same(r.stderr, b'', 'log.level: error leaves the summary out')
    for text, line, words in (('nonsense: 1\n', 1, 'nonsense: unknown key'), ('dns:\n  ports: [0]\n', 2, "dns.ports: '0' is not a port"),
                              ('a: [\n', 2, '')):
        r = run('replay', '-c', config(text), CAPTURE)
        ok(r.returncode == 1 and not r.stdout and ('metsuke.yaml:%d: %s' % (line, words)).encode() in r.stderr,
           'configuration %r: exit 1, line %d' % (text, line), r.stderr.decode())
    r = run('replay', '-c', config('capture:\n  ring_bytes: 5000\n'), CAPTURE)
    ok(r.returncode == 1 and b'5000 is not a power of two' in r.stderr, 'contradictory values: exit 1', r.stderr.decode())
    r = run('replay', '-c', config('public_suffix_list: /nonexistent\n'), CAPTURE)
    ok(r.returncode == 1 and b'Public Suffix List /nonexistent' in r.stderr, 'a suffix list that is not there: exit 1', r.stderr)


def test_prefix_tables():
    write(os.path.join(work, 'v4'), b'192.0.2.0\t24\t64500\n10.0.0.1\t8\t1\n')
    write(os.path.join(work, 'v6'), b'2001:db8::/32 64501_64502\n')
    r = run('check', '-c', config('networks:\n  prefix_tables: [v4, v6]\n'))
    ok(b'ok      prefix tables          2 pfx2as, 0 MMDB; 1 prefixes of IPv4, 1 of IPv6, 1 refused' in r.stdout,
       'check: what prefix tables hold', r.stdout.decode())
    ok(("%s/v4:2: '10.0.0.1\t8': bits are set behind the length" % work).encode() in r.stderr,
       'check: the line of a prefix table that is refused', r.stderr.decode())
    r = run('check', '-c', config('networks:\n  prefix_tables: [v4, v5]\n'))
    ok(r.returncode == 1 and b'MISSING prefix tables' in r.stdout and ('%s/v5: No such file' % work).encode() in r.stderr,
       'check: a prefix table that is not there: exit 1', r.stderr.decode())


def test_defaults():
    r = run('check', '--defaults')
    same(r.returncode, 0, 'check --defaults: exit 0')
    again = run('check', '-c', config(r.stdout.decode()), '--defaults')
    same(again.stdout, r.stdout, 'its output is a configuration file')
    same(run('replay', '-q', '-c', config(r.stdout.decode()), CAPTURE).stdout, run('replay', '-q', '-c', '/dev/null', CAPTURE).stdout,
         'which changes nothing')


try:
    test_program()
    test_commands()
    test_replay_options()
    test_configuration()
    test_prefix_tables()
    test_defaults()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
