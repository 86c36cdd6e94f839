"""harness.py: results as TAP lines, the program under test, and captures written byte by byte."""
import json
import os
import struct
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
BUILD = os.path.join(ROOT, os.environ.get('METSUKE_BUILD', 'build'))
METSUKE = os.path.join(BUILD, 'metsuke')
SHARED = os.environ.get('METSUKE_SHARED', os.path.join(ROOT, '..', 'shared'))
sys.path.insert(0, os.path.join(ROOT, 'tests'))
import schema  # pylint: disable=wrong-import-position

SCHEMA = [sys.executable, os.path.join(ROOT, 'tests', 'schema.py')]

_results = [0, 0]


def ok(good, name, detail=''):
    """One result; detail is shown when it is bad."""
    _results[0] += 1
    _results[1] += not good
    print('%sok %d - %s' % ('' if good else 'not ', _results[0], name))
    if not good:
        note(detail)
    sys.stdout.flush()
    return good


def same(got, expected, name):
    return ok(got == expected, name, 'got      %.2000r\nexpected %.2000r' % (got, expected))


def skip(name, reason):
    _results[0] += 1
    print('ok %d - %s # SKIP %s' % (_results[0], name, reason))


def note(text):
    for line in str(text).splitlines()[:40]:
        print('# ' + line)


def end():
    print('1..%d' % _results[0])
    sys.exit(1 if _results[1] else 0)


def tshark(capture, *args):
    """tshark over a capture, checksums checked."""
    checks = [x for p in ('ip', 'tcp', 'udp') for x in ('-o', p + '.check_checksum:TRUE')]
    return subprocess.run(['tshark', '-n', '-r', capture, *checks, *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          timeout=240)


TSHARK_WRONG = '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || ' \
    'tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment || _ws.expert.severity == error'


def run(*args, **kw):
    """metsuke with these arguments: its status, output and errors as bytes."""
    env = dict(os.environ, TZ='UTC', **kw.pop('env', {}))
    return subprocess.run([METSUKE, *args], env=env, timeout=120, stdin=kw.pop('stdin', subprocess.DEVNULL),
                          stdout=kw.pop('stdout', subprocess.PIPE), stderr=subprocess.PIPE, **kw)


def replay(*args, **kw):
    """Quiet, with the defaults whatever this machine's configuration says."""
    return run('replay', '-q', '-c', '/dev/null', *args, **kw)


def events(output):
    return [json.loads(line) for line in output.splitlines()]


_tables = []


def fits_schema(output):
    """(good, what is wrong): schema.py's rules, whose tables are read once."""
    if not _tables:
        _tables.append(schema.read_tables(schema.PAGE))
    check, lines = schema.Check(_tables[0]), output.splitlines(keepends=True)
    wrong = [reason for raw in lines for reason in check.line(raw)]
    if lines and not lines[-1].endswith(b'\n'):
        wrong.append('no newline at the end')
    return bool(lines) and not wrong, '\n'.join(wrong) if lines else 'no line'


# Frames. Addresses are strings; 192.0.2.1 asks 192.0.2.53 unless said otherwise.

CLIENT, SERVER = '192.0.2.1', '192.0.2.53'


def _address(ip):
    import ipaddress
    return ipaddress.ip_address(ip).packed


def ip(proto, payload, src=CLIENT, dst=SERVER):
    s, d = _address(src), _address(dst)
    if len(s) == 16:
        return struct.pack('>IHBB', 6 << 28, len(payload), proto, 64) + s + d + payload
    return struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(payload), 1, 0, 64, proto, 0) + s + d + payload


def udp(sport, dport, payload, **kw):
    return ip(17, struct.pack('>HHHH', sport, dport, 8 + len(payload), 0) + payload, **kw)


def tcp(sport, dport, seq, payload, **kw):
    return ip(6, struct.pack('>HHIIBBHHH', sport, dport, seq, 1, 0x50, 0x18, 65535, 0, 0) + payload, **kw)


def ethernet(packet):
    ethertype = 0x86dd if packet[0] >> 4 == 6 else 0x0800
    return bytes.fromhex('020000000002020000000001') + struct.pack('>H', ethertype) + packet


def name(text):
    return b''.join(bytes([len(x)]) + x.encode() for x in text.split('.') if x) + b'\0'


def dns_query(qname='example.org', qtype=1, ident=0x1234):
    return struct.pack('>HHHHHH', ident, 0x0100, 1, 0, 0, 0) + name(qname) + struct.pack('>HH', qtype, 1)


def dns_response(qname='example.org', qtype=1, ident=0x1234, rdata=b'\xc0\0\2\7', flags=0x8180):
    answer = struct.pack('>HHHIH', 0xc00c, qtype, 1, 300, len(rdata)) + rdata
    return struct.pack('>HHHHHH', ident, flags, 1, 1, 0, 0) + name(qname) + struct.pack('>HH', qtype, 1) + answer


def exchange(qname='example.org', sport=40000, rdata=b'\xc0\0\2\7', **kw):
    """The IP packets of a query and its response."""
    return [udp(sport, 53, dns_query(qname, **kw)),
            udp(53, sport, dns_response(qname, rdata=rdata, **kw), src=SERVER, dst=CLIENT)]


def http(target='/', host='example.org', more=''):
    return ('GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n' % (target, host, more)).encode()


# Captures. Frames are a millisecond apart from 2023-11-14T22:13:20Z on.

START = 1700000000


def pcap(frames, link=1, start=START, snaplen=262144):
    out = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, snaplen, link)
    for i, f in enumerate(frames):
        out += struct.pack('<IIII', start, 1000 * i, min(len(f), snaplen), len(f)) + f[:snaplen]
    return out


def timed(messages):
    """A pcap of (seconds after START, frame), in the order given."""
    out = [struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)]
    for after, frame in messages:
        at = round((START + after) * 1000000)
        out.append(struct.pack('<IIII', at // 1000000, at % 1000000, len(frame), len(frame)) + frame)
    return b''.join(out)


# Messages of timed(): what a bot and a reader do.

def get(at, client, host, target, port):
    return at, ethernet(tcp(port, 80, 1, http(target, host, 'User-Agent: x\r\n'), src=client, dst='198.51.100.80'))


def beacon(client, host, n, period, first=0):
    return [get(first + i * period + 0.3 * (i % 3), client, host, '/gate', 20000 + i) for i in range(n)]


def reader(client, host, first=0):
    gaps = [4, 41, 9, 130, 17, 3, 260, 25, 7, 1900, 12, 66, 5, 33, 18, 90, 6]
    return [get(first + sum(gaps[:i]), client, host, '/an-article-about-something'[:3 + i * 5 % 23], 30000 + i) for i in range(len(gaps))]


def pcapng(frames, link=1, start=START):
    def block(kind, body):
        body += b'\0' * (-len(body) % 4)
        return struct.pack('<II', kind, 12 + len(body)) + body + struct.pack('<I', 12 + len(body))

    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    out += block(1, struct.pack('<HHI', link, 0, 262144))
    for i, f in enumerate(frames):
        at = start * 1000000 + 1000 * i
        out += block(6, struct.pack('<IIIII', 0, at >> 32, at & 0xffffffff, len(f), len(f)) + f)
    return out


def write(path, data):
    with open(path, 'wb') as f:
        f.write(data)
    return path


def corpus():
    """The lent captures, or none."""
    folder = os.path.join(SHARED, 'corpus', 'pcap')
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder))] if os.path.isdir(folder) else []
