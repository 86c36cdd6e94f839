#!/usr/bin/env python3
"""test_gateway.py: a gateway between clients and servers, watched on either side or both, with and without address
translation. What passes through is reported once, with the client that asked."""
import shutil
import signal
import time

from lab import Sensor, Skip, address, case, check, dns_query, main, until, want, want_no_process, want_process

NAT = """table ip mt {
    chain post {
        type nat hook postrouting priority 100; policy accept;
        meta l4proto { tcp, udp } oifname "wan" %s
    }
}
"""


def ports(lab, client, server, name, path):
    """A lookup and a request from the client; returns its two ports."""
    dns = lab.lookup(client, server, name)
    check(dns, "no answer from", server)
    done = lab.run(client, ["curl", "-s", "-w", "%{local_port}", "http://%s%s" % (
        "[%s]" % server if ":" in server else server, path)])
    check(done.out.startswith("here\n"), "no page:", done.out)
    return dns, int(done.out.split("\n")[1])


def want_forwarded(lab, e, client, family, port, server):
    want((e["source"]["ip"], e["source"]["port"]), (address(11, 1, family), port), "source")
    want(e["destination"]["ip"], server, "destination.ip")
    want(e["source"].get("mac"), lab.mac(client, "eth0"), "source.mac")
    want(e.get("tags"), ["forwarded"], "tags")
    check("host" not in e, "a host:", e)
    want(e["observer"]["ingress"]["interface"]["name"], "lan", "observer.ingress.interface.name")
    want(e["network"]["direction"], "outbound", "network.direction")
    want_no_process(e)


def asked_before(lab, client, server_ns):
    """A query on its way while no sensor runs: the answer comes when the caller says so."""
    server, asker, name = lab.socket(server_ns), lab.socket(client), lab.name()
    server.bind((address(12, 2), 5353))
    server.settimeout(5)
    asker.sendto(dns_query(name), (address(12, 2), 5353))
    query, whence = server.recvfrom(512)

    def answer():
        with server, asker:
            server.sendto(query[:2] + b"\x81\x83" + query[4:], whence)
            return asker.getsockname()[1]

    return name, answer


def watch(lab, spaces, sensor, watched, how, family):
    client, gateway, _ = spaces
    server = address(12, 2, family)
    name, path = lab.name(), "/" + lab.name()
    with case("%s, IPv%d: query, response and request once each, with the client" % (how, family)):
        dns, http = ports(lab, client, server, name, path)
        query, response = sensor.about(name, 2)
        request = sensor.about(path, 1)[0]
        want((query["event"]["action"], response["event"]["action"]), ("dns-query", "dns-response"), "actions")
        want_forwarded(lab, query, client, family, dns, server)
        want_forwarded(lab, response, client, family, dns, server)
        want_forwarded(lab, request, client, family, http, server)
        check(response["event"].get("duration", 0) > 0, "no duration:", response)
        want(response["network"]["community_id"], query["network"]["community_id"], "community_id")
    with case("%s, IPv%d: the gateway's own lookup%s" % (
            how, family, ", with its process" if "wan" in watched else " goes by another way")):
        name = lab.name()
        dig = ["dig", "@" + server, name, "+tries=1"]
        done = lab.run(gateway, dig)
        for e in sensor.about(name, 2 if "wan" in watched else 0):
            want_process(e, done.pid, "/usr/bin/dig", dig)
            want((e["network"]["direction"], e["source"]["ip"]), ("egress", address(12, 1, family)), "whence")
            check("tags" not in e and "host" in e and "mac" not in e["source"], "as if forwarded:", e)
            want(e["observer"]["ingress"]["interface"]["name"], "wan", "interface")
    with case("%s, IPv%d: a client's lookup at the gateway's own server: ingress, not forwarded" % (how, family)):
        name = lab.name()
        port = lab.lookup(client, address(11, 2, family), name)
        check(port, "no answer")
        for e in sensor.about(name, 2 if "lan" in watched else 0):
            want(e["network"]["direction"], "ingress", "network.direction")
            want((e["source"]["ip"], e["source"]["port"]), (address(11, 1, family), port), "source")
            want(e["source"].get("mac"), lab.mac(client, "eth0"), "source.mac")
            check("tags" not in e and "host" in e, "as if forwarded:", e)
            want_no_process(e)


def test_watching(lab, spaces, watched, nat, families):
    client, gateway, server_ns = spaces
    how = "%s watched, NAT %s" % ("+".join(watched), nat or "off")
    late, answer = asked_before(lab, client, server_ns)
    with Sensor(lab, gateway, watched, "networks:\n  home: [198.18.11.0/24, '2001:db8:b::/64']\n"
                "dns:\n  ports: [53, 5353]") as sensor:
        with case("%s: a response whose query was not seen still has the client" % how):
            port = answer()
            e = sensor.about(late, 1)[0]
            want((e["source"]["ip"], e["source"]["port"]), (address(11, 1), port), "source")
            want((e.get("tags"), e["network"]["direction"], "host" in e), (["forwarded"], "outbound", False), "whose")
        for family in families:
            watch(lab, spaces, sensor, watched, how, family)
        with case(how + ": the ledger adds up, and what passes twice is counted as forwarded"):
            ledger = sensor.settle()["ledger"]
            want(ledger["lost_bulk"], 0, "lost_bulk")
            check((ledger["forwarded"] > 0) == (len(watched) == 2), "forwarded:", ledger)
            want(sensor.stop(signal.SIGTERM), 0, "exit status")


def ask(lab, client, source, n=1):
    """Queries that nobody answers, from this address and port; the name of the last. A port of 0: each its own."""
    for _ in range(n):
        name = lab.name()
        with lab.socket(client) as s:
            s.bind(source)
            s.sendto(dns_query(name), (address(12, 2), 5353))
    return name


def udp_timeouts(lab, ns, seconds, stream):
    """How long conntrack keeps a flow's port for it."""
    for which, n in (("", seconds), ("_stream", stream)):
        lab.sh("sysctl -qw net.netfilter.nf_conntrack_udp_timeout%s=%d" % (which, n), ns)


def test_while_running(lab, spaces):
    """What the sensor remembers of the kernel's tables does not outlive what it tells."""
    client, gateway, _ = spaces
    own, other = address(11, 1), address(11, 3)
    config = "dns:\n  ports: [53, 5353]"
    lab.sh("ip -n %s addr add %s/24 dev eth0" % (client, other))
    for rule, port in (("masquerade", 5000), ("snat to " + address(12, 77), 5001)):  # a flow of its own each
        lab.run(gateway, ["nft", "delete", "table", "ip", "mt"])
        with Sensor(lab, gateway, ["wan"], config) as sensor:
            name = ask(lab, client, (own, 0), 600)
            with case("no NAT, 600 lookups: the client"):
                want(sensor.about(name, 1)[0]["source"]["ip"], own, "source.ip")
            if not translate(lab, gateway, rule):
                return
            with case("NAT begins while the sensor runs: the client is known again after half a second at the latest"):
                time.sleep(0.5)
                e = sensor.about(ask(lab, client, (own, port)), 1)[0]
                want((e["source"]["ip"], e["source"]["port"], e["source"].get("mac")),
                     (own, port, lab.mac(client, "eth0")), "source")
    if not translate(lab, gateway, "masquerade to :41000"):  # one port for all
        return
    udp_timeouts(lab, gateway, 1, 1)
    with Sensor(lab, gateway, ["wan"], config) as sensor:
        with case("a reused port: each lookup has its own client"):
            for turn in range(4):
                source, names = ((own, other)[turn % 2], 6000 + turn), []

                def passes():
                    names.append(ask(lab, client, source))
                    time.sleep(0.05)
                    return sensor.find(lambda e: e.get("dns", {}).get("question", {}).get("name") in names)

                check(until(passes), "no lookup of", source, "passes")
                for e in passes():
                    want((e["source"]["ip"], e["source"]["port"]), source, "source")
        with case("two lookups by one socket: the same client"):
            found = []
            with lab.socket(client) as s:
                s.bind((own, 0))

                def both():
                    names = [lab.name(), lab.name()]
                    for name in names:
                        s.sendto(dns_query(name), (address(12, 2), 5353))
                    time.sleep(0.05)
                    found[:] = sensor.find(lambda e: e.get("dns", {}).get("question", {}).get("name") in names)
                    return len(found) == 2

                check(until(both), "they do not pass")
                want({(e["source"]["ip"], e["source"]["port"]) for e in found}, {s.getsockname()}, "sources")
    udp_timeouts(lab, gateway, 30, 120)


def translate(lab, gateway, rule):
    """Is it there? Where nft or the kernel cannot do it, a skip says so."""
    with case("address translation: " + rule):
        if not shutil.which("nft"):
            raise Skip("nft is not installed")
        lab.run(gateway, ["nft", "delete", "table", "ip", "mt"])  # of the round before
        done = lab.run(gateway, ["nft", "-f", lab.file("nat", NAT % rule)])
        if "not supported" in done.out:
            raise Skip("the kernel has no " + done.out.split("\n")[0])
        want((done.status, done.out), (0, ""), "nft's answer")
        return True


def test(lab):
    client, gateway, server = lab.ns("c"), lab.ns("g"), lab.ns("s")
    lab.link(client, "eth0", gateway, "lan", 11)
    lab.link(gateway, "wan", server, "eth0", 12)
    for key in ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"):
        lab.sh("sysctl -qw " + key, gateway)
    for family in (4, 6):
        lab.sh("ip -n %s -%d route add default via %s" % (client, family, address(11, 2, family)))
        lab.sh("ip -n %s -%d route add default via %s" % (server, family, address(12, 1, family)))
    both = [address(12, 2), address(12, 2, 6)]
    lab.dnsmasq(server, both)
    lab.nginx(server, both)
    lab.dnsmasq(gateway, [address(11, 2), address(11, 2, 6)])
    sides = (["lan"], ["wan"], ["lan", "wan"])
    for watched in sides:
        test_watching(lab, (client, gateway, server), watched, "", (4, 6))
    test_while_running(lab, (client, gateway, server))
    for rule in ("masquerade", "masquerade to :40000-50000"):  # the client's port is kept, or is another one
        if not translate(lab, gateway, rule):
            continue
        for watched in sides:
            test_watching(lab, (client, gateway, server), watched, rule, (4,))


if __name__ == "__main__":
    main(test)
