#!/usr/bin/env python3
"""test_stub.py: a stub resolver on 127.0.0.1:53 that forwards. The lookup on lo belongs to the program that asks, the
one on the wire to the stub, and both have their answers."""
from lab import Sensor, address, case, check, main, until, want, want_process

SERVER = address(8, 2)


def unbound(lab, ns):
    conf = lab.file("unbound.conf", """
server:
    directory: "%s"
    username: ""
    chroot: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    do-daemonize: no
    num-threads: 1
    interface: 127.0.0.1
    interface: ::1
    access-control: 127.0.0.0/8 allow
    access-control: ::1 allow
    module-config: "iterator"
    do-not-query-localhost: no
    qname-minimisation: no
    use-caps-for-id: no
    local-zone: "test." nodefault
forward-zone:
    name: "."
    forward-addr: %s
remote-control:
    control-enable: no
""" % (lab.tmp, SERVER))
    return lab.serve(ns, ["unbound", "-d", "-c", conf], lambda: lab.lookup(ns, "127.0.0.1", "ready.none.test", 0.3))


def dnsmasq(lab, ns):
    return lab.dnsmasq(ns, ["127.0.0.1", "::1"], forward_to=SERVER)


def parts(sensor, name):
    """query and response on lo, query and response on the wire"""
    events = sensor.about(name, 4)
    inner = [e for e in events if e["observer"]["ingress"]["interface"]["name"] == "lo"]
    outer = [e for e in events if e["observer"]["ingress"]["interface"]["name"] == "eth0"]
    for pair, where in ((inner, "lo"), (outer, "eth0")):
        want([e["event"]["action"] for e in pair], ["dns-query", "dns-response"], "on " + where)
        check(pair[1]["event"].get("duration", 0) > 0, "no duration:", pair[1])
        want(pair[1]["event"]["start"], pair[0]["@timestamp"], "event.start of the response")
        for e in pair:
            want(e["network"]["direction"], "egress", "network.direction")
    return inner, outer


def test_stub(lab, ns, kind, start):
    stub = start(lab, ns)
    with Sensor(lab, ns, ["lo", "eth0"]) as sensor:
        for family, local in ((4, "127.0.0.1"), (6, "::1")):
            with case("%s over IPv%d: asked on lo by dig, forwarded by the stub" % (kind, family)):
                name = lab.name()
                dig = ["dig", "@" + local, name, "+tries=1", "+short"]
                done = lab.run(ns, dig)
                want(done.out, "198.19.0.1\n", "answer")
                inner, outer = parts(sensor, name)
                for e in inner:
                    want_process(e, done.pid, "/usr/bin/dig", dig)
                    want((e["source"]["ip"], e["destination"]["ip"]), (local, local), "on lo")
                for e in outer:
                    want_process(e, stub.pid, "/usr/sbin/" + kind)
                    want(e["destination"]["ip"], SERVER, "upstream")
                check(inner[1]["event"]["duration"] >= outer[1]["event"]["duration"], "the outer lookup took longer")
            with case("%s over IPv%d: asked again, answered by the stub: nothing on the wire" % (kind, family)):
                done = lab.run(ns, dig)
                want(done.out, "198.19.0.1\n", "answer")
                events = sensor.about(name, 6)
                for e in events[4:]:
                    want(e["observer"]["ingress"]["interface"]["name"], "lo", "interface")
                    want_process(e, done.pid, "/usr/bin/dig", dig)
        with case("%s: by name through the resolver of libc" % kind):
            name = lab.name()
            done = lab.run(ns, ["getent", "ahostsv4", name], resolver="127.0.0.1")
            check("198.19.0.1" in done.out, "answer:", done.out)
            inner, outer = parts(sensor, name)
            want_process(inner[0], done.pid, "/usr/bin/getent", ["getent", "ahostsv4", name])
            want_process(outer[0], stub.pid, "/usr/sbin/" + kind)
            want(sensor.stop(), 0, "exit status")
    stub.terminate()
    until(lambda: stub.poll() is not None)


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 8)
    lab.dnsmasq(outside, [SERVER], "--local-ttl=60")
    for kind, start in (("unbound", unbound), ("dnsmasq", dnsmasq)):
        test_stub(lab, ns, kind, start)


if __name__ == "__main__":
    main(test)
