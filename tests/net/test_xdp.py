#!/usr/bin/env python3
"""test_xdp.py: the hooks on real devices: native and generic XDP, large frames, offloads, VLAN tags in the frame and
beside it, devices without a link layer, request heads in pieces."""
import contextlib
import fcntl
import os
import shutil
import socket
import struct
import time

from lab import Sensor, Skip, address, case, check, dns_query, main, want, want_no_process

CLIENT, SERVER = address(10, 1), address(10, 2)

# Puts VLAN tags beside the frame, as a VLAN device does: outer 7, and with INNER inner 8 in the frame.
PUSH = """
static long (*push)(void *skb, unsigned short protocol, unsigned short tci) = (void *)18;
__attribute__((section("tc"))) int tag(void *skb)
{
#ifdef INNER
	push(skb, 0x0081, 8);
	push(skb, 0xa888, 7);
#else
	push(skb, 0x0081, 7);
#endif
	return 0;
}
char _license[] __attribute__((section("license"))) = "GPL";
"""


def request(path, size):
    """A request head of that many bytes; the target takes 2000 of them at most."""
    target = path + "?" + "q" * (min(size, 2000) - len(path) - 1)
    head = "GET %s HTTP/1.1\r\nHost: big.test\r\nCookie: " % target
    return target, (head + "c" * (size - len(head) - 4) + "\r\n\r\n").encode()


def send_head(lab, ns, server, parts, pause=0.15, close=True):
    s = lab.socket(ns, 6 if ":" in server else 4, socket.SOCK_STREAM)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.settimeout(5)
    s.connect((server, 80))
    for i, part in enumerate(parts):
        time.sleep(pause if i else 0)
        s.sendall(part)
    if close:
        check(s.recv(100).startswith(b"HTTP/1.1 200"), "no page")
        s.close()
    return s


def response_of(query, n):
    """An answer with n addresses, 16 bytes each."""
    answers = b"".join(b"\xc0\x0c" + struct.pack(">HHIH4B", 1, 1, 60, 4, 198, 19, i >> 8, i & 255) for i in range(n))
    return query[:2] + struct.pack(">5H", 0x8180, 1, n, 0, 0) + query[12:] + answers


def at_both(sensors, key, n):
    """The events about key at the client's side and at the server's, the roles checked."""
    events = [s.about(key, n) for s in sensors]
    for e in events[0]:
        want((e["network"]["direction"], e.get("process", {}).get("pid")), ("egress", os.getpid()), "at the client")
    for e in events[1]:
        want(e["network"]["direction"], "ingress", "at the server")
        want_no_process(e)
    return events[0] + events[1]


def test_mode(lab, spaces, mode, config, mtu, size):
    """One sensor on each end of the link."""
    client, server = spaces
    how = "%s XDP, MTU %d" % (mode, mtu)
    with Sensor(lab, client, ["eth0"], config) as a, Sensor(lab, server, ["up0"], config) as b:
        sensors = a, b
        with case(how + ": the mode is what the status and the first event say"):
            for s in sensors:
                want([i["xdp"] for i in s.status()["interfaces"]], [mode.split()[0]], "xdp in the status")
                want(s.events()[0]["metsuke"]["capabilities"]["xdp"], mode.split()[0], "capabilities.xdp")
        for family in (4, 6):
            to = address(10, 2, family)
            with case("%s, IPv%d: a lookup, at both ends" % (how, family)):
                name = lab.name()
                check(lab.lookup(client, to, name), "no answer")
                at_both(sensors, name, 2)
            with case("%s, IPv%d: a head of %d bytes at once, one event with the whole target" % (how, family, size)):
                path = "/" + lab.name()
                target, head = request(path, size)
                send_head(lab, client, to, [head])
                for e in at_both(sensors, path, 1):
                    want(e["url"]["original"], target, "url.original")
                    want(e["http"]["request"].get("bytes"), size, "http.request.bytes")
                    check("marks" not in e.get("metsuke", {}), "marks:", e)
            with case("%s, IPv%d: a head in three segments with pauses, one event" % (how, family)):
                path = "/" + lab.name()
                parts = [b"GET " + path.encode(), b" HTTP/1.1\r\nHost: parts.test\r\nUser-Ag",
                         b"ent: three/1.0\r\n\r\n"]
                send_head(lab, client, to, parts)
                for e in at_both(sensors, path, 1):
                    want((e["url"]["domain"], e["user_agent"]["original"]), ("parts.test", "three/1.0"), "fields")
                    check("marks" not in e.get("metsuke", {}), "marks:", e)
            with case("%s, IPv%d: a response of 100 addresses %s" % (how, family, "is whole" if mtu > 1500 else
                                                                    "comes in fragments, the first one is reported")):
                name = lab.name()
                with lab.socket(client, family) as asker, lab.socket(server, family) as answerer:
                    answerer.bind((to, 5353))
                    answerer.settimeout(5)
                    asker.settimeout(5)
                    query = dns_query(name)
                    asker.sendto(query, (to, 5353))
                    answerer.sendto(response_of(query, 100), answerer.recvfrom(512)[1])
                    want(len(asker.recv(4096)), len(query) + 1600, "bytes of the response")
                for e in at_both(sensors, name, 2):
                    if e["event"]["action"] != "dns-response":
                        continue
                    marks = e.get("metsuke", {}).get("marks", [])
                    check(("first_fragment" in marks) == (mtu == 1500), "marks:", marks)
                    n = len(e["dns"]["answers"])
                    check(n == 100 if mtu > 1500 else 80 < n < 100, "answers:", n)
        with case(how + ": the ledgers add up, nothing was unreadable or lost"):
            for s in sensors:
                ledger = s.settle()["ledger"]
                for outcome in ("unreadable", "lost_bulk", "no_scratch", "bad_link", "bad_ip", "bad_tcp", "bad_udp"):
                    want(ledger[outcome], 0, outcome)
                want(s.stop(), 0, "exit status")


def frame(lab, client, tags, name, source_port=4000):
    """A query from outside with these (protocol, id) tags, as bytes on the wire."""
    dns = dns_query(name)
    udp = struct.pack(">4H", source_port, 53, 8 + len(dns), 0) + dns
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(SERVER),
                     socket.inet_aton(CLIENT))
    macs = bytes.fromhex(lab.mac(client, "eth0").replace("-", "")) + bytes.fromhex("02000a0b0c0d")
    return macs + b"".join(struct.pack(">HH", *t) for t in tags) + struct.pack(">H", 0x0800) + ip + udp


def send_frame(lab, ns, dev, data):
    with lab.inside(ns):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind((dev, 0))
            s.send(data)


def want_vlan(e, vlan):
    want(e["network"].get("vlan"), {"id": str(vlan)} if vlan else None, "network.vlan")


# Tags (protocol, priority and id), the VLAN that is said, what it is.
TAGGED = (((), None, "no tag"), (((0x8100, 7),), 7, "a tag"), (((0x8100, 0x6007),), 7, "a tag with priority"),
          (((0x8100, 0xe000),), None, "a priority tag without an id"), (((0x88a8, 100), (0x8100, 7)), 100, "QinQ"),
          (((0x8100, 4094), (0x8100, 1)), 4094, "two 802.1Q tags"))


def test_vlan(lab, client, server, sensor):
    for tags, vlan, what in TAGGED:
        with case("a frame with %s comes in: %s" % (what, "VLAN %d" % vlan if vlan else "no VLAN")):
            name = lab.name()
            send_frame(lab, server, "up0", frame(lab, client, tags, name))
            e = sensor.about(name, 1)[0]
            want_vlan(e, vlan)
            want((e["source"]["ip"], e["source"].get("mac")), (SERVER, "02-00-0A-0B-0C-0D"), "source")
        with case("a frame with %s goes out: %s" % (what, "VLAN %d" % vlan if vlan else "no VLAN")):
            name = lab.name()
            send_frame(lab, client, "eth0", frame(lab, client, tags, name))
            want_vlan(sensor.about(name, 1)[0], vlan)
    with case("three tags: not looked into, counted"):
        before = sensor.status()["ledger"]["not_ip"]
        name = lab.name()
        send_frame(lab, server, "up0", frame(lab, client, ((0x88a8, 1), (0x8100, 2), (0x8100, 3)), name))
        sensor.about(name, 0)
        check(sensor.status()["ledger"]["not_ip"] > before, "not_ip is as before")


def test_tag_beside(lab, client, sensor, other):
    """A VLAN device's tag is beside the frame at the hook of the device below; a bridge with a filter does the same."""
    with case("a query through a VLAN device below which the sensor watches"):
        done = lab.run(client, ["ip", "link", "add", "link", "eth0", "name", "eth0.7", "type", "vlan", "id", "7"])
        if done.status:
            raise Skip("no VLAN devices here: " + done.out.strip())
        tag_beside(lab, client, (sensor, other), "eth0.7", 7)
    for flags, what in (([], "a tag"), (["-DINNER"], "an outer tag, the inner one in it")):
        with case("a query with %s beside the frame: its process and the outer VLAN" % what):
            clang = next(filter(shutil.which, ["clang-19", "clang-16", "clang-15", "clang-14", "clang"]), None)
            done = lab.run(client, ["ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0"])
            if done.status or not clang:
                raise Skip("no %s here" % ("bridge" if clang else "clang"))
            lab.sh("ip -n %s link set eth0 master br0" % client)
            program = lab.path("push.o")
            lab.sh(" ".join([clang, "-O2", "-target", "bpf", *flags, "-c", lab.file("push.c", PUSH), "-o", program]))
            lab.sh("tc qdisc add dev br0 clsact", client)
            lab.sh("tc filter add dev br0 egress bpf direct-action object-file %s section tc" % program, client)
            tag_beside(lab, client, (sensor, other), "br0", 7)
        lab.run(client, ["ip", "link", "del", "br0"])


def tag_beside(lab, client, sensors, dev, vlan):
    lab.sh("ip -n %s addr add %s/24 dev %s" % (client, address(13, 1), dev))
    lab.sh("ip -n %s link set %s up" % (client, dev))
    lab.sh("ip -n %s neigh add %s lladdr 02:00:00:00:00:01 dev %s" % (client, address(13, 2), dev))
    name = lab.name()
    with lab.socket(client) as s:
        s.sendto(dns_query(name), (address(13, 2), 53))
    sent, _ = (s.about(name, 1)[0] for s in sensors)  # XDP at the other end sees no tag that is beside the frame
    want(sent["process"]["pid"], os.getpid(), "process.pid")
    want_vlan(sent, vlan)


def open_tun(lab, ns):
    with lab.inside(ns):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", b"tun0", 0x1001))  # TUNSETIFF: IFF_TUN | IFF_NO_PI
    return fd


def test_tun(lab, ns):
    with case("a device without a link layer: queries out and in over IPv4 and IPv6, no MAC"):
        try:
            fd = open_tun(lab, ns)
        except OSError as e:
            raise Skip("no tun device: %s" % e)
        for family, rest in ((4, "/24 dev tun0"), (6, "/64 dev tun0 nodad")):
            lab.sh("ip -n %s addr add %s%s" % (ns, address(14, 1, family), rest))
        lab.sh("ip -n %s link set tun0 up" % ns)
        with Sensor(lab, ns, ["tun0"]) as sensor:
            os.set_blocking(fd, False)
            for family in (4, 6):
                name, back = lab.name(), lab.name()
                with lab.socket(ns, family) as s:
                    s.sendto(dns_query(name), (address(14, 2, family), 53))
                e = sensor.about(name, 1)[0]
                want((e["network"]["direction"], e["process"]["pid"], e["source"].get("mac")),
                     ("egress", os.getpid(), None), "out")
                packets = []
                with contextlib.suppress(BlockingIOError):
                    while True:
                        packets.append(os.read(fd, 2048))
                query = next(p for p in packets if name.split(".")[0].encode() in p)
                at, n = (12, 4) if family == 4 else (8, 16)  # the same packet back: addresses and name change
                query = query[:at] + query[at + n:at + 2 * n] + query[at:at + n] + query[at + 2 * n:]
                old, new = name.split(".")[0].encode(), back.split(".")[0].encode()
                want(len(old), len(new), "length of the label")
                os.write(fd, query.replace(old, new))
                e = sensor.about(back, 1)[0]
                want((e["network"]["direction"], e["source"]["ip"], e["source"].get("mac")),
                     ("ingress", address(14, 2, family), None), "in")
            want(sensor.settle()["ledger"]["bad_link"], 0, "bad_link")
        os.close(fd)


def start_unfinished(lab, client):
    """Heads whose end never comes. Returns what looks for them later: the sensor waits ten seconds for the rest."""
    path, other = "/" + lab.name(), "/" + lab.name()
    heads = ([b"GET %s HTTP/1.1\r\nHost: un" % path.encode(), b"finished.test\r\nX: "],
             [b"GETTING %s is no request" % other.encode()])
    sockets = [send_head(lab, client, SERVER, head, 0.05, close=False) for head in heads]
    started = time.time()

    def look(sensors):
        with case("a head that is never finished: one event after ten seconds, marked incomplete"):
            check(not any(s.about(path) for s in sensors) or time.time() - started > 9, "too early")
            for s in sensors:
                s.wait(lambda e: e.get("url", {}).get("path") == path, seconds=15)
            for e in at_both(sensors, path, 1):
                want(e["metsuke"]["marks"], ["incomplete"], "marks")
                want(e["url"]["domain"], "unfinished.test", "url.domain")
        with case("what only starts like a request: no event"):
            at_both(sensors, other, 0)
        for s in sockets:
            s.close()

    return look


def test(lab):
    client, server = lab.ns("c"), lab.ns("s")
    lab.link(client, "eth0", server, "up0", 10)
    listen = [SERVER, address(10, 2, 6)]
    lab.dnsmasq(server, listen)
    lab.nginx(server, listen)
    ports = "dns:\n  ports: [53, 5353]\n"
    generic = ports + "capture:\n  xdp_generic_only: true\n"
    test_mode(lab, (client, server), "generic", generic, 1500, 3000)
    for dev, ns in (("eth0", client), ("up0", server)):
        lab.sh("ethtool -K %s tso off gso off gro off tx off" % dev, ns)
    test_mode(lab, (client, server), "native without offloads", ports, 1500, 3000)
    for dev, ns in (("eth0", client), ("up0", server)):
        lab.sh("ethtool -K %s tso on gso on gro on tx on" % dev, ns)
    with Sensor(lab, client, ["eth0"]) as sensor, Sensor(lab, server, ["up0"]) as other:
        look = start_unfinished(lab, client)
        test_vlan(lab, client, server, sensor)
        test_tag_beside(lab, client, sensor, other)
        look((sensor, other))
    test_tun(lab, client)
    test_mode(lab, (client, server), "native", ports, 1500, 3000)
    for dev, ns in (("eth0", client), ("up0", server)):
        lab.sh("ip -n %s link set %s mtu 9000" % (ns, dev))
    test_mode(lab, (client, server), "native", ports, 9000, 3900)


if __name__ == "__main__":
    main(test)
