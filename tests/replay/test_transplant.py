#!/usr/bin/env python3
"""test_transplant.py: a capture's host moved into the made-up network says what it said, from another address, at another time, with
checksums as right or wrong as they were; and several captures become one."""
import shutil
import tempfile

from harness import *

LAB = os.path.join(ROOT, 'tests', 'lab')
work = tempfile.mkdtemp(prefix='metsuke-transplant-')
LABGEN = os.path.join(BUILD, 'lab', 'labgen')
NEW, NEW6, RESOLVER = '198.18.100.1', '2001:db8:18::c612:6401', '198.18.0.53'
CLIENT6, SERVER6 = '2001:db8:1::1', '2001:db8:1::53'


def path(leaf):
    return os.path.join(work, leaf)


def labgen(*args):
    return subprocess.run([LABGEN, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


def read_frames(p):
    """[(microseconds, frame, original length)] of a capture that labgen wrote."""
    out, data, at = [], open(p, 'rb').read(), 24
    while at < len(data):
        s, us, n, full = struct.unpack_from('<IIII', data, at)
        out.append((s * 1000000 + us, data[at + 16:at + 16 + n], full))
        at += 16 + n
    return out


def moved(frames, *more, link=1, snaplen=262144, host=CLIENT + '=' + NEW):
    capture = write(path('in.pcap'), pcap(frames, link=link, snaplen=snaplen))
    out = labgen('transplant', '--host', host, *more, capture, path('out.pcap'))
    same((out.returncode, out.stderr), (0, b''), 'labgen transplant')
    return read_frames(path('out.pcap'))


# Checksums, by a sum of its own over everything: 0xffff where they are right.

def total(data):
    data += b'\0' * (len(data) % 2)
    s = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xffff) + (s >> 16)
    return s


def l4_total(packet):
    if packet[0] >> 4 == 6:
        return total(packet[8:40] + struct.pack('>II', len(packet) - 40, packet[6]) + packet[40:])
    pseudo = packet[12:20] + struct.pack('>HH', packet[9], len(packet) - 20)
    return total((b'' if packet[9] == 1 else pseudo) + packet[20:])


def summed(packet, off=0):
    """With checksums, the one of what it carries wrong by `off`."""
    p = bytearray(packet)
    start = 40 if p[0] >> 4 == 6 else 20
    proto = p[6] if start == 40 else p[9]
    at = start + {17: 6, 6: 16, 1: 2, 58: 2}[proto]
    if start == 20:
        struct.pack_into('>H', p, 10, 0)
        struct.pack_into('>H', p, 10, 0xffff - total(bytes(p[:20])))
    struct.pack_into('>H', p, at, 0)
    struct.pack_into('>H', p, at, (0xffff - l4_total(bytes(p)) + off) & 0xffff or 0xffff)
    return bytes(p)


def right(packet):
    return (packet[0] >> 4 == 6 or total(packet[:20]) == 0xffff) and l4_total(packet) == 0xffff


def addresses(packet):
    import ipaddress
    at, size = (8, 16) if packet[0] >> 4 == 6 else (12, 4)
    return tuple(str(ipaddress.ip_address(packet[at + i * size:at + (i + 1) * size])) for i in range(2))


SITE = '203.0.113.9'
PACKETS = [summed(p) for p in (*exchange(), tcp(50000, 80, 7, http(), dst=SITE), tcp(80, 50000, 1, b'HTTP/1.1 200 OK\r\n\r\n', src=SITE,
                                                                                 dst=CLIENT))]


def test_links():
    """Whatever it was captured on, Ethernet comes out, and the same packets."""
    def vlan(p):
        return ethernet(p)[:12] + b'\x81\0\0\x07' + ethernet(p)[12:]

    links = {'Ethernet': (1, ethernet), 'VLAN': (1, vlan), 'QinQ': (1, lambda p: vlan(p)[:12] + b'\x88\xa8\0\x09' + vlan(p)[12:]),
             'PPPoE': (1, lambda p: b'\2' * 12 + b'\x88\x64\x11\0\0\1' + struct.pack('>H', len(p) + 2) + b'\0\x21' + p),
             'MPLS': (1, lambda p: b'\2' * 12 + b'\x88\x47\0\1\0\x40\0\2\1\x40' + p), 'raw': (101, bytes),
             'cooked': (113, lambda p: b'\0' * 14 + b'\x08\0' + p), 'cooked, version 2': (276, lambda p: b'\x08\0' + b'\0' * 18 + p),
             'null': (0, lambda p: b'\2\0\0\0' + p)}
    for what, (link, wrap) in links.items():
        frames = moved([wrap(p) for p in PACKETS], '--resolver', SERVER, link=link)
        same([addresses(f[14:]) for _, f, _ in frames], [(NEW, RESOLVER), (RESOLVER, NEW), (NEW, SITE), (SITE, NEW)], what + ': addresses')
        ok(all(right(f[14:]) for _, f, _ in frames), what + ': checksums')
        ok(all(f[:14] == bytes.fromhex('020000000001' '0201c6126401' '0800') for _, f, _ in frames[::2]) and
           all(f[:14] == bytes.fromhex('0201c6126401' '020000000001' '0800') for _, f, _ in frames[1::2]), what + ': hardware addresses')
        same([f[34:40] + f[52:] for _, f, _ in frames], [p[20:26] + p[38:] for p in PACKETS], what + ': what they carry')


def test_sums():
    frames = moved([ethernet(summed(p, 5)) for p in PACKETS])
    before = [l4_total(summed(p, 5)) for p in PACKETS]
    ok(0xffff not in before, 'wrong checksums')
    same([l4_total(f[14:]) for _, f, _ in frames], before, 'stay as wrong as they were')
    none = PACKETS[0][:26] + b'\0\0' + PACKETS[0][28:]
    same(moved([ethernet(none)])[0][1][40:42], b'\0\0', 'UDP without one stays without')
    whole = moved([ethernet(p) for p in PACKETS])
    cut = moved([ethernet(p) for p in PACKETS], snaplen=60)
    same([(f, n) for _, f, n in cut], [(f[:60], n) for _, f, n in whole], 'what was cut off counts all the same')
    later = bytearray(PACKETS[0])
    later[6:8] = b'\0\x10'
    later[10:12] = b'\0\0'
    later[10:12] = struct.pack('>H', 0xffff - total(bytes(later[:20])))
    f = moved([ethernet(bytes(later))])[0][1][14:]
    ok(addresses(f)[0] == NEW and total(f[:20]) == 0xffff and f[20:] == later[20:], 'a later fragment: its header alone')
    port = 0xffff - l4_total(udp(0, 9, b'', src=NEW, dst=SITE))
    f = moved([ethernet(summed(udp(port, 9, b'', dst=SITE)))])[0][1]
    ok(right(f[14:]) and f[40:42] == b'\xff\xff', 'a UDP checksum of zero is written as 0xffff', f[40:42])


def moved_many(packets):
    return [f[14:] for _, f, _ in moved([ethernet(p) for p in packets])]


def test_quotes():
    """ICMP errors quote the packet that they are about."""
    for what, quoted in (('whole', PACKETS[0]), ('header and eight bytes', PACKETS[2][:28])):
        error = summed(ip(1, b'\3\3\0\0\0\0\0\0' + quoted, src='203.0.113.1', dst=CLIENT))
        f = moved_many([error])[0]
        ok(right(f) and addresses(f) == ('203.0.113.1', NEW), what + ': the error')
        ok(addresses(f[28:])[0] == NEW and total(f[28:48]) == 0xffff and (len(quoted) < 40 or right(f[28:])), what + ': the packet in it')
    echo = summed(ip(1, b'\x08\0\0\0\0\1\0\1' + PACKETS[0], dst=SITE))
    same(moved_many([echo])[0][28:], echo[28:], 'an echo quotes nothing')
    six = [summed(p) for p in (udp(4000, 53, dns_query(), src=CLIENT6, dst=SERVER6),
                               ip(58, b'\1\4\0\0\0\0\0\0' + udp(4000, 53, dns_query(), src=CLIENT6, dst=SERVER6), src=SERVER6, dst=CLIENT6))]
    frames = [f[14:] for _, f, _ in moved([ethernet(p) for p in six], host=CLIENT6 + '=' + NEW6)]
    ok(all(map(right, frames)) and [addresses(f) for f in frames] == [(NEW6, SERVER6), (SERVER6, NEW6)] and
       addresses(frames[1][48:]) == (NEW6, SERVER6), 'IPv6')


def test_whom():
    other = udp(40000, 53, dns_query('other.example'), src='192.0.2.77')
    arp = b'\xff' * 12 + b'\x08\x06' + b'\0' * 28
    frames = moved([ethernet(PACKETS[0]), ethernet(other), arp, b'', ethernet(PACKETS[1]), ethernet(PACKETS[0])[:30]])
    same([addresses(f[14:]) for _, f, _ in frames], [(NEW, SERVER), (SERVER, NEW)], 'frames of others, without IP and too short are left out')
    frames = moved([ethernet(udp(1, 53, dns_query(), src='10.0.0.5', dst=d)) for d in ('10.0.0.1', '8.8.8.8')] +
                   [ethernet(udp(1, 123, b'', src='10.0.0.5', dst=d)) for d in ('10.0.0.2', '255.255.255.255', '224.0.0.251')],
                   host='10.0.0.5=' + NEW)
    same([addresses(f[14:])[1] for _, f, _ in frames], [RESOLVER, '8.8.8.8', '10.0.0.2', '255.255.255.255', '224.0.0.251'],
         'a private address that is asked is the resolver, nobody else')
    same([f[:6].hex() for _, f, _ in frames[2:]], ['020000000001', 'ffffffffffff', '01005e0000fb'], 'broadcast and multicast stay so')
    frames = moved([ethernet(p) for p in PACKETS], '--host', '%s=198.18.100.2' % SITE)
    same([addresses(f[14:]) for _, f, _ in frames[2:]], [(NEW, '198.18.100.2'), ('198.18.100.2', NEW)], 'two hosts')


def test_times():
    capture = bytearray(pcap([ethernet(p) for p in PACKETS]))
    at, seconds = 24, (START + 5, START + 6, START + 2, START + 9)
    for s in seconds:
        struct.pack_into('<I', capture, at, s)
        at += 16 + struct.unpack_from('<I', capture, at + 8)[0]
    write(path('jump.pcap'), bytes(capture))
    labgen('transplant', '--host', CLIENT + '=' + NEW, path('jump.pcap'), path('same.pcap'))
    same([t // 1000000 for t, _, _ in read_frames(path('same.pcap'))], list(seconds), 'without --start, the capture\'s own time')
    labgen('transplant', '--host', CLIENT + '=' + NEW, '--start', '1767600000.25', path('jump.pcap'), path('later.pcap'))
    same([t for t, _, _ in read_frames(path('later.pcap'))], [1767600000250000 + 1000000 * (s - START - 5) + 1000 * i
                                                              for i, s in enumerate(seconds)],
         'with it, the first frame then, and the others as far from it as they were, also backwards')


def test_merge():
    for i, s in enumerate((0, 2, 1)):
        write(path('m%d.pcap' % i), pcap([ethernet(p) for p in PACKETS], start=START + s))
    out = labgen('merge', path('all.pcap'), *(path('m%d.pcap' % i) for i in range(3)), path('m0.pcap'))
    frames = read_frames(path('all.pcap'))
    same((out.returncode, len(frames)), (0, 16), 'labgen merge')
    ok(all(a[0] <= b[0] for a, b in zip(frames, frames[1:])), 'in the order of time')
    labgen('merge', path('one.pcap'), path('m1.pcap'))
    same(read_frames(path('one.pcap')), read_frames(path('m1.pcap')), 'one alone stays what it is')
    labgen('merge', path('jumps.pcap'), path('later.pcap'), path('m0.pcap'))
    same([f for f in read_frames(path('jumps.pcap')) if f[0] > 1767000000000000], read_frames(path('later.pcap')),
         'a clock that jumps keeps its order')
    write(path('raw.pcap'), pcap(PACKETS, link=101))
    out = labgen('merge', path('x.pcap'), path('m0.pcap'), path('raw.pcap'))
    ok(out.returncode == 1 and b'raw.pcap: not Ethernet' in out.stderr, 'another link: refused', out.stderr)


def said(capture, client):
    """What a client says and hears, without addresses and times."""
    out = []
    for e in events(replay(capture).stdout):
        if e['event']['action'] != 'anomaly' and client in (e.get('source', {}).get('ip'), e.get('destination', {}).get('ip')):
            out.append((e['event']['action'], e.get('dns', {}).get('question', {}).get('name'), e.get('dns', {}).get('id'),
                        e.get('url', {}).get('original'), e.get('dns', {}).get('answers')))
    return out


def test_events():
    """What the sensor sees of it is what it saw before."""
    made = path('lab.pcap')
    labgen('mixed', '-n', '3', '-b', '2', '-s', '5', '-t', '3', '-f', '10', '--light', made)
    captures = [(made, '198.18.1.2')]
    folder = os.path.join(SHARED, 'corpus', 'pcap')
    if os.path.isdir(folder):
        captures += [(os.path.join(folder, n), a) for n, a in (('amadey-2020-07.pcap', '192.168.56.101'),
                     ('zloader-2020-06.pcap', '192.168.56.101'), ('iodine-ndpi.pcap', '10.0.2.30'),
                     ('spambot-bredolab-2010.pcap', '192.168.1.222'))]
    else:
        skip('real captures', 'no ' + folder)
    for capture, host in captures:
        run_ = labgen('transplant', '--host', host + '=' + NEW, capture, path('moved.pcap'))
        before, after = said(capture, host), said(path('moved.pcap'), NEW)
        ok(run_.returncode == 0 and len(before) > 10 and before == after, '%s: the same %d events' % (os.path.basename(capture), len(before)),
           (run_.stderr, len(after)))


def test_cut_file():
    data = pcap([ethernet(p) for p in PACKETS])
    write(path('cut.pcap'), data[:-5])
    out = labgen('transplant', '--host', CLIENT + '=' + NEW, path('cut.pcap'), path('out.pcap'))
    ok(out.returncode == 0 and b'cut.pcap: truncated' in out.stderr and len(read_frames(path('out.pcap'))) == 3,
       'a file that ends within a frame: what stands before', out.stderr)


def test_bad_input():
    capture = write(path('in.pcap'), pcap([ethernet(p) for p in PACKETS]))
    for args, status, text in (((), 2, b'usage'), (('--host', CLIENT), 2, b'not OLD=NEW'), (('--host', 'x=' + NEW), 2, b'x=198.18.100.1'),
                               (('--host', CLIENT + '=' + NEW6), 2, b'one is IPv4'),
                               (('--host', CLIENT + '=' + NEW, '--host', CLIENT + '=198.18.100.2'), 2, b'named twice'),
                               (('--host', CLIENT + '=' + NEW, '--start', 'now'), 2, b'--start now'),
                               (('--host', '192.0.2.200=' + NEW), 1, b'in.pcap: no frame of any such host')):
        out = labgen('transplant', *args, capture, path('x.pcap'))
        ok(out.returncode == status and text in out.stderr, 'refused: ' + ' '.join(args), (out.returncode, out.stderr))
    for args in (('transplant', '--host', CLIENT + '=' + NEW, path('nowhere.pcap'), path('x.pcap')), ('merge', path('x.pcap'), path('nowhere.pcap'))):
        out = labgen(*args)
        ok(out.returncode == 1 and b'nowhere.pcap' in out.stderr, args[0] + ': no such capture', out.stderr)
    same(labgen('merge').returncode, 2, 'merge of nothing')
    os.symlink('/dev/full', path('full'))
    for args in (('transplant', '--host', CLIENT + '=' + NEW, capture, path('full')), ('merge', path('full'), capture)):
        out = labgen(*args)
        ok(out.returncode == 1 and b'full' in out.stderr, args[0] + ': no room on the disk', out.stderr)


LABELS = """pcap	infected_host	cc_domain_or_ip	family	source	channel	role	confidence
one.pcap	198.18.1.1	%s	alpha	here	http:80	cc	high
one.pcap	198.18.1.2	-	-	here	-	benign	high
two.pcap	192.0.2.1	DGA:[a-z]{8}\\.com (12 names)	beta	here	dns	dga	high
two.pcap	192.0.2.1	example.org	beta	here	dns	payload	high
"""


def test_network():
    """One command: users, and every host of a folder's labels."""
    corpus = path('corpus')
    os.makedirs(os.path.join(corpus, 'pcap'))
    one = os.path.join(corpus, 'pcap', 'one.pcap')
    labgen('mixed', '-n', '2', '-b', '2', '-s', '9', '-t', '2', '-f', '10', '--period', '60', '--light', one)
    bot = [x.split('\t') for x in open(one + '.labels.tsv') if '198.18.1.1\tbot' in x][0]
    generated = ['abcdefg%s.com' % c for c in 'abcdefghijkl']
    write(os.path.join(corpus, 'pcap', 'two.pcap'), pcap([ethernet(f) for n in [*generated, 'notgenerated.com'] for f in
                                                          exchange(n)] + [ethernet(f) for f in exchange()]))
    write(os.path.join(corpus, 'labels.tsv'), (LABELS % bot[3]).encode())
    run_ = [sys.executable, os.path.join(LAB, 'transplanted.py'), '--hosts', '4', '--hours', '24', '--apart', corpus, path('net.pcap')]
    out = subprocess.run(run_, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    same((out.returncode, out.stderr), (0, b''), 'transplanted.py')
    rows = [x.rstrip('\n').split('\t') for x in open(path('net.pcap.labels.tsv')) if '198.18.100.' in x]
    same([x[:4] for x in rows], [['198.18.100.1', 'bot', 'alpha/cc', bot[3]], ['198.18.100.2', 'benign', 'benign', '-'],
                                 ['198.18.100.3', 'bot', 'beta/dga', '-'], ['198.18.100.3', 'payload', 'beta/payload', 'example.org']],
         'a host of its own for each that the labels name, with its role, family and domain')
    ok(abs(int(rows[0][13]) - int(bot[13])) <= 2 and rows[2][14] == '12' and rows[3][14] == '1', 'check-ins and requests',
       (rows, bot))
    clients = {e['source']['ip'] for e in events(replay(path('net.pcap')).stdout) if e['event']['action'] == 'dns-query'}
    ok({'198.18.100.1', '198.18.100.2', '198.18.100.3', '198.18.1.1', '198.18.1.4'} <= clients and '192.0.2.1' not in clients,
       'among the users', clients)
    ok(os.path.exists(path('net.pcap.pfx2as')) and not [x for x in os.listdir(work) if x.startswith('.transplanted')], 'and nothing left over')
    onto = [x for x in run_ if x != '--apart']
    onto[-1] = path('onto.pcap')
    subprocess.run(onto, stdout=subprocess.DEVNULL)
    users = {x.split('\t')[0] for x in open(path('onto.pcap.labels.tsv')) if not x.startswith('#')}
    same(users, {'198.18.1.%d' % i for i in range(1, 5)}, 'or on hosts of users')
    same(len({x.split('\t')[0] for x in open(path('onto.pcap.labels.tsv')) if '\tbot\t' in x}), 2, 'each on one')
    whole = open(path('net.pcap'), 'rb').read()
    subprocess.run(run_, stdout=subprocess.DEVNULL)
    ok(whole == open(path('net.pcap'), 'rb').read(), 'the same bytes again')
    for text, why in (('one.pcap\tx\n', b':1: 2 fields, not 8'), ('x.pcap\t1\t2\t3\t4\t5\t6\t7\n', b'x.pcap: no such capture'), ('', b'no capture')):
        write(os.path.join(corpus, 'labels.tsv'), text.encode())
        out = subprocess.run(run_, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ok(out.returncode == 1 and why in out.stderr, 'refused: ' + why.decode(), out.stderr)


if __name__ == '__main__':
    try:
        for test in (test_links, test_sums, test_quotes, test_whom, test_times, test_merge, test_events, test_cut_file, test_bad_input,
                     test_network):
            test()
    finally:
        shutil.rmtree(work)
    end()
