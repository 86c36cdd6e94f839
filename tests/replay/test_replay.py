#!/usr/bin/env python3
"""test_replay.py: metsuke replay from the command line: captures in, the same bytes out, errors told."""
import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from harness import *

GOLDEN = os.path.join(ROOT, 'tests', 'golden')
work = tempfile.mkdtemp(prefix='metsuke-replay-')


def path(leaf):
    return os.path.join(work, leaf)


def small_frames():
    """Two lookups, one of them without an answer, a request, and things that are neither."""
    return [ethernet(p) for p in
            exchange() + [udp(40001, 53, dns_query('no-answer.example.net', 28, 7)),
                          tcp(50000, 80, 1000, http('/a.html?b=c', 'www.example.org', 'User-Agent: test\r\n')),
                          tcp(50000, 80, 2000, b'\x16\x03\x01 no request'),
                          udp(40002, 123, b'x' * 48),
                          ip(1, b'\x08\0\0\0\0\1\0\1')]]


SMALL = write(path('small.pcap'), pcap(small_frames()))


def mask(output):
    """Without what belongs to this machine and this version."""
    output = re.sub(rb'("(?:agent|observer)":{[^}]*"version":")[^"]*', rb'\1-', output)
    return re.sub(rb'("agent":{[^}]*"id":"|"hostname":")[^"]*', rb'\1-', output)


def test_golden():
    json_out, text_out = replay(SMALL), replay('--format', 'text', SMALL)
    same(json_out.returncode, 0, 'replay of the small capture: exit 0')
    for leaf, got in (('small.ndjson', mask(json_out.stdout)), ('small.txt', text_out.stdout)):
        if '--write-golden' in sys.argv:
            write(os.path.join(GOLDEN, leaf), got)
        same(got.decode().splitlines(), open(os.path.join(GOLDEN, leaf)).read().splitlines(), 'golden ' + leaf)
    ok(b'\033' not in text_out.stdout, 'no color where there is no terminal')
    same(replay('--format', 'json', SMALL).stdout, json_out.stdout, '--format json is what a pipe gets anyway')


def test_same_bytes():
    first = replay(SMALL).stdout
    same(replay(SMALL).stdout, first, 'two replays give the same bytes')
    other = write(path('other.pcap'), pcap([ethernet(p) for p in exchange('other.example')]))
    ok(events(replay(other).stdout)[0]['agent']['ephemeral_id'] != events(first)[0]['agent']['ephemeral_id'],
       'another capture has another run id')


def test_formats():
    frames = small_frames()
    expected = replay(SMALL).stdout
    ng = write(path('small.pcapng'), pcapng(frames))
    same(replay(ng).stdout, expected, 'pcapng gives what pcap gives')
    with open(SMALL, 'rb') as f:
        same(replay('-', stdin=f).stdout, expected, '- reads standard input')
    p = subprocess.Popen([METSUKE, 'replay', '-q', '-c', '/dev/null', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    same(p.communicate(open(ng, 'rb').read())[0], expected, '- reads pcapng from a pipe')
    big = struct.pack('>IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i, f in enumerate(frames):
        big += struct.pack('>IIII', START, 1000 * i, len(f), len(f)) + f
    same(replay(write(path('big.pcap'), big)).stdout, expected, 'pcap of a big-endian machine')
    nano = struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 65535, 1)
    for i, f in enumerate(frames):
        nano += struct.pack('<IIII', START, 1000000 * i + 7, len(f), len(f)) + f
    out = events(replay(write(path('nano.pcap'), nano)).stdout)
    same([e['@timestamp'] for e in out], [e['@timestamp'] for e in events(expected)], 'nanosecond pcap')
    same(out[1]['event']['duration'], 1000000, 'nanoseconds are kept in the duration')
    empty = replay(write(path('empty.pcap'), pcap([])))
    same((empty.returncode, empty.stdout), (0, b''), 'a capture without frames is no error')


def test_several():
    second = write(path('second.pcap'), pcap([ethernet(p) for p in exchange('second.example')], start=START + 10))
    out = events(replay(SMALL, second).stdout)
    same([e['dns']['question']['name'] for e in out if 'dns' in e],
         ['example.org', 'example.org', 'no-answer.example.net', 'second.example', 'second.example'],
         'several captures in the order given')
    same([e['event']['sequence'] for e in out], list(range(1, len(out) + 1)), 'one sequence over all of them')
    query, answer = exchange('split.example')
    a = write(path('query.pcap'), pcap([ethernet(query)]))
    b = write(path('answer.pcap'), pcap([ethernet(answer)], start=START + 1))
    same(events(replay(a, b).stdout)[1]['event'].get('duration'), 1000000000, 'a response joins over the file boundary')
    r = replay(path('missing.pcap'), SMALL)
    ok(r.returncode == 1 and r.stdout and b'missing.pcap' in r.stderr, 'a capture that is missing: the next one is read')


def test_truncated():
    whole = open(SMALL, 'rb').read()
    lines = replay(SMALL).stdout.splitlines(True)
    ends = [24]
    for f in small_frames():
        ends.append(ends[-1] + 16 + len(f))
    n_lines = [0, 1, 2, 3, 4, 4, 4, 4]  # events in the first n frames
    good = True
    for cut in range(25, len(whole)):
        frames = max(i for i, e in enumerate(ends) if e <= cut)
        at_edge = cut in ends
        r = replay(write(path('cut.pcap'), whole[:cut]))
        good &= r.stdout == b''.join(lines[:n_lines[frames]]) and r.returncode == (0 if at_edge else 1) and \
            (at_edge or (b'cut.pcap: frame %d: ' % (frames + 1) in r.stderr and b'truncated' in r.stderr))
        if not good:
            note('cut at %d: exit %d, %r' % (cut, r.returncode, r.stderr))
            break
    ok(good, 'cut anywhere: whole frames, the number of the broken one, exit 1')
    ng = pcapng(small_frames())
    r = replay(write(path('cut.pcapng'), ng[:-10]))
    ok(r.returncode == 1 and r.stdout == b''.join(lines) and b'cut.pcapng: frame 7' in r.stderr, 'cut pcapng', r.stderr)
    short = write(path('short.pcap'), pcap(small_frames(), snaplen=60))
    out = events(replay(short).stdout)
    ok(out and all('truncated' in e['metsuke']['marks'] for e in out if 'dns' in e), 'frames cut by the snap length are marked')


def test_refused():
    for leaf, data in (('text.pcap', b'This is no capture.\n' * 20), ('empty', b''), ('magic', b'\xd4\xc3\xb2\xa1'),
                       ('zeros', bytes(1000))):
        r = replay(write(path(leaf), data))
        ok(r.returncode == 1 and not r.stdout and os.fsencode(path(leaf)) in r.stderr, 'not a capture (%s): exit 1' % leaf,
           r.stderr)
    for what, target in (('missing', path('nowhere.pcap')), ('folder', work)):
        r = replay(target)
        ok(r.returncode == 1 and os.fsencode(target) in r.stderr, '%s: exit 1 with its name' % what, r.stderr)
    r = replay(write(path('wifi.pcap'), pcap([b'\0' * 40], link=105)))
    ok(r.returncode == 1 and b'wifi.pcap' in r.stderr and b'link type 105' in r.stderr and b'not supported' in r.stderr,
       'link type that is not supported: exit 1 with name and number', r.stderr)


def test_links():
    packets = exchange() + [tcp(50000, 80, 1, http())] + [
        udp(40000, 53, dns_query(ident=6), src='2001:db8::1', dst='2001:db8::53')]

    def sll(p):
        return struct.pack('>HHH8sH', 0, 1, 6, b'\2\0\0\0\0\1\0\0', 0x86dd if p[0] >> 4 == 6 else 0x800) + p

    def sll2(p):
        return struct.pack('>HHIHBB8s', 0x86dd if p[0] >> 4 == 6 else 0x800, 0, 1, 1, 0, 6, b'\2\0\0\0\0\1\0\0') + p

    def strip(output):
        out = events(output)
        for e in out:
            e['source'].pop('mac', None)
            del e['event']['id'], e['agent']['ephemeral_id']
        return out

    expected = strip(replay(write(path('eth.pcap'), pcap([ethernet(p) for p in packets]))).stdout)
    same(len(expected), 4, 'Ethernet: four events')
    for what, link, wrap in (('SLL', 113, sll), ('SLL2', 276, sll2),
                             ('NULL', 0, lambda p: struct.pack('<I', 10 if p[0] >> 4 == 6 else 2) + p),
                             ('LOOP', 108, lambda p: struct.pack('>I', 24 if p[0] >> 4 == 6 else 2) + p),
                             ('RAW', 101, lambda p: p), ('RAW of OpenBSD', 12, lambda p: p)):
        r = replay(write(path('link.pcap'), pcap([wrap(p) for p in packets], link=link)))
        same(strip(r.stdout), expected, 'link type %s: the same events' % what)
    vlan = [f[:12] + b'\x81\0\x20\x0b' + f[12:] for f in map(ethernet, packets)]
    out = events(replay(write(path('vlan.pcap'), pcap(vlan))).stdout)
    same([e['network']['vlan']['id'] for e in out], ['11'] * 4, '802.1Q: the VLAN id')


class Reader(threading.Thread):
    """Whoever connects to a socket is read to the end."""

    def __init__(self, where):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(where)
        self.listener.listen()
        self.data = b''
        self.start()

    def run(self):
        peer, _ = self.listener.accept()
        while True:
            more = peer.recv(65536)
            if not more:
                return
            self.data += more


def test_sinks():
    expected = replay(SMALL).stdout
    r = replay('-o', 'file:' + path('out.ndjson'), SMALL)
    same((r.returncode, r.stdout), (0, b''), '-o file: leaves standard output empty')
    same(open(path('out.ndjson'), 'rb').read(), expected, '-o file: gets the same bytes')
    reader = Reader(path('sock'))
    r = replay('-o', 'unix:' + path('sock'), '-o', '-', '-o', 'file:' + path('out2.ndjson'), SMALL)
    reader.join(10)
    same((r.returncode, reader.data), (0, expected), '-o unix: gets the same bytes')
    same((r.stdout, open(path('out2.ndjson'), 'rb').read()), (expected, expected), 'three sinks at once')
    r = replay('--format', 'text', '-o', 'file:' + path('out3.ndjson'), '-o', '-', SMALL)
    ok(r.stdout.startswith(b'22:13:20') and open(path('out3.ndjson'), 'rb').read() == expected,
       '--format is of standard output alone')
    r = replay('-o', 'file:/nonexistent/x', SMALL)
    ok(r.returncode == 1 and b'/nonexistent/x' in r.stderr, 'a sink that cannot be opened: exit 1', r.stderr)


def test_closed_stdout():
    many = write(path('many.pcap'), pcap([ethernet(udp(1024 + i % 60000, 53, dns_query(ident=i % 65536)))
                                          for i in range(20000)]))
    read_end, write_end = os.pipe()
    os.close(read_end)
    r = replay(many, stdout=write_end)
    os.close(write_end)
    ok(r.returncode == 1 and b'standard output was closed' in r.stderr, 'nobody reads standard output: exit 1', r.stderr)
    p = subprocess.Popen([METSUKE, 'replay', '-q', '-c', '/dev/null', many], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = p.stdout.readline()
    p.stdout.close()
    error = p.stderr.read()
    ok(p.wait() == 1 and first.endswith(b'}\n') and b'standard output was closed' in error, 'the reader leaves: exit 1', error)
    slow = subprocess.Popen('%s replay -q -c /dev/null %s | { sleep 1; cat; } | wc -l' % (METSUKE, many), shell=True, stdout=subprocess.PIPE)
    same(slow.communicate()[0].strip(), b'20000', 'a slow reader loses nothing')


def test_join():
    packets = exchange() + exchange('late.example', sport=40009)[1:]
    out = events(replay(write(path('join.pcap'), pcap([ethernet(p) for p in packets]))).stdout)
    query, answer, orphan = out
    same(answer['event']['duration'], 1000000, 'a response joins its query: duration')
    same((answer['event']['start'], answer['event']['end']), (query['@timestamp'], answer['@timestamp']), 'start and end')
    same((answer['source'], answer['network']), (dict(query['source']), query['network']), 'same source, same flow')
    ok('duration' not in orphan['event'] and 'bytes' not in orphan['source'], 'a response without a query has no duration')
    same(orphan['event']['outcome'], 'success', 'it has an outcome all the same')


def test_segments():
    head = http('/' + 'long/' * 300, 'www.example.org', 'User-Agent: three\r\nX-Fill: %s\r\n' % ('y' * 1000))
    cuts = [head[:700], head[700:1600], head[1600:]]

    def capture(parts):
        seq, frames = 1000, []
        for part in parts:
            frames.append(ethernet(tcp(50000, 8080, seq & 0xffffffff, part)))
            seq += len(part)
        return replay(write(path('head.pcap'), pcap(frames)))

    out = events(capture(cuts).stdout)
    one = events(capture([head]).stdout)
    same(len(out), 1, 'a head over three segments is one event')
    same((out[0]['http'], out[0]['url'], out[0]['user_agent']), (one[0]['http'], one[0]['url'], one[0]['user_agent']),
         'it reads like the one in one segment')
    same(out[0]['@timestamp'], '2023-11-14T22:13:20.000000Z', 'its time is that of the first segment')
    same(out[0]['http']['request']['bytes'], len(head), 'its length is that of the whole')
    tiny = events(capture([head[i:i + 100] for i in range(0, len(head), 100)]).stdout)
    same((len(tiny), tiny[0]['url']), (1, one[0]['url']), 'a head in segments of 100 bytes')
    cut = events(capture(cuts[:2]).stdout)
    same((len(cut), cut[0].get('metsuke')), (1, {'marks': ['incomplete']}), 'a head without its end comes at the end, marked')
    body = events(capture(cuts[:2] + [cuts[2] + b'GET /not/a/request HTTP/1.1\r\n\r\n']).stdout)
    same([e['url'] for e in body], [one[0]['url']], 'what follows the head is its body')


def test_schema(captures):
    good, said = fits_schema(replay(SMALL).stdout)
    ok(good, 'small capture: every line fits docs/events.md', said)
    if not captures:
        skip('corpus: every line fits docs/events.md', 'no captures in %s' % SHARED)
        return
    outputs, broken = b'', []
    for c in captures:
        r = replay(c)
        outputs += r.stdout
        if r.returncode and b'truncated dump file' not in r.stderr:
            broken.append((c, r.stderr))
    same(broken, [], 'corpus: every capture is read, or broken in itself')
    good, said = fits_schema(outputs)
    ok(good, 'corpus: every line fits docs/events.md', said)
    note(said)
    checker = os.path.join(SHARED, 'schema', 'check.py')
    if os.path.exists(checker):
        p = subprocess.run([sys.executable, checker, os.path.dirname(checker)], input=outputs, stdout=subprocess.PIPE)
        ok(p.returncode == 0, 'corpus: check.py has nothing to say', p.stdout.decode())
    else:
        skip('corpus: check.py has nothing to say', 'no %s' % checker)
    same([c for c in captures[::7] if replay(c).stdout != replay(c).stdout], [], 'corpus: two replays give the same bytes')


def test_usage():
    for args in ((), ('--nonsense', SMALL), ('-o',), ('--format', 'xml', SMALL), ('-x', SMALL)):
        r = run('replay', *args)
        ok(r.returncode == 2 and not r.stdout and (b'--help' in r.stderr or b'xml' in r.stderr),
           'replay %s: exit 2' % ' '.join(a for a in args if a != SMALL), r.stderr)
    ok(b'7 frames: 2 DNS queries, 1 DNS responses, 1 HTTP requests' in run('replay', '-c', '/dev/null', SMALL).stderr,
       'a summary on standard error')
    same(replay(SMALL).stderr, b'', 'none with -q')


def test_unprivileged():
    if os.geteuid() != 0:
        ok(replay(SMALL).returncode == 0, 'an unprivileged user can replay')
        return
    if not shutil.which('setpriv'):
        skip('an unprivileged user can replay', 'setpriv is not installed')
        return
    os.chmod(work, 0o755)
    binary = shutil.copy(METSUKE, path('metsuke'))  # the tree itself may be closed to others
    p = subprocess.run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all',
                        '--bounding-set=-all', binary, 'replay', '-q', '-c', '/dev/null', SMALL], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    same((p.returncode, p.stdout), (0, replay(SMALL).stdout), 'user %s without capabilities can replay' %
         pwd.getpwuid(65534).pw_name)


try:
    test_golden()
    test_same_bytes()
    test_formats()
    test_several()
    test_truncated()
    test_refused()
    test_links()
    test_sinks()
    test_closed_stdout()
    test_join()
    test_segments()
    test_usage()
    test_unprivileged()
    test_schema(corpus())
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
