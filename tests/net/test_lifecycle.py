#!/usr/bin/env python3
"""test_lifecycle.py: starting, stopping, dying, living beside another one, and changes under way. Nothing is left
behind and nobody else's traffic suffers."""
import glob
import json
import os
import signal
import subprocess

from lab import Fail, METSUKE, Sensor, address, case, check, main, until, want

SERVER = address(4, 2)

# Configurations, the line that is named, a word that is said.
BROKEN = (("dns:\n  ports: [53\n", "", ""), ("stats:\n  interval_seconds: often\n", ":2", "often"),
          ("dns:\n  ports: [0]\n", "", "dns.ports"), ("dns:\n  ports: [53]\nnonsense: 1\n", ":3", "nonsense"))


def program_ids(lab):
    return {p["id"] for p in json.loads(lab.sh("bpftool -j prog show"))}


def want_detached(lab, ns, dev, ids):
    """No XDP program on the interface, and the kernel has let go of the programs: no hook holds them."""
    check(ids, "no programs were seen before")
    check(until(lambda: not ids & program_ids(lab)), "programs are still there:", sorted(ids & program_ids(lab)))
    link = json.loads(lab.sh("ip -d -j -n %s link show %s" % (ns, dev)))[0]
    check("xdp" not in link, "XDP is still there:", link)
    check(not any(json.loads(lab.sh("bpftool -j net show dev " + dev, ns))[0].values()), "bpftool net shows something")


def want_event(lab, sensor, ns, server=SERVER):
    name = lab.name()
    check(lab.lookup(ns, server, name), "no answer")
    sensor.about(name, 2)


def want_refused(sensor, status, *words):
    want(sensor.exit_status(), status, "exit status; it said: " + sensor.log_text())
    for word in words:
        check(word in sensor.log_text(), "no", repr(word), "in:", sensor.log_text())
    check(not os.path.exists(sensor.pins), "pins were left")


def test_stop(lab, ns):
    for number in (signal.SIGTERM, signal.SIGINT):
        with case("%s: exit status 0, nothing stays attached, no pins" % number.name):
            with Sensor(lab, ns, ["eth0", "lo"]) as sensor:
                want_event(lab, sensor, ns)
                ids = sensor.programs()
                check(os.path.isdir(sensor.pins), "no pins while it runs")
                check("xdp" in lab.sh("ip -d -n %s link show eth0" % ns), "no XDP program while it runs")
                want(sensor.stop(number), 0, "exit status")
                want(sensor.events()[-1]["event"]["action"], "metsuke-stopped", "last event")
                want_detached(lab, ns, "eth0", ids)
                check(not os.path.exists(sensor.pins), "pins are left in", sensor.pins)
                want(os.listdir(sensor.runtime), ["lock"], "left in the runtime folder")
    with case("SIGKILL: traffic goes on, nothing stays attached, the next start is clean"):
        with Sensor(lab, ns, ["eth0"]) as sensor:
            want_event(lab, sensor, ns)
            ids = sensor.programs()
            sensor.process.kill()
            check(lab.lookup(ns, SERVER, lab.name()), "no answer right after")
            sensor.process.wait()
            want_detached(lab, ns, "eth0", ids)
            check(os.listdir(sensor.pins), "no pins were left: nothing to clean")
            with sensor.run_again() as again:
                check(lab.lookup(ns, SERVER, lab.name()), "no answer")
                want_event(lab, again, ns)
                want(again.settle()["ledger"]["dns"], 4, "dns of a fresh ledger")
                want(again.stop(), 0, "exit status")
                check(not os.path.exists(again.pins), "pins are left")


def test_two(lab, ns):
    with Sensor(lab, ns, ["eth0"]) as first:
        with case("a second one on the same runtime folder: refused, names the first one's pid"):
            second = Sensor(lab, ns, ["eth1"], wait=False, more=["-R", first.runtime])
            want_refused(second, 1, "pid %d)" % first.pid, first.runtime, "--runtime-dir")
            want_event(lab, first, ns)
            check(os.listdir(first.pins), "the first one's pins are gone")
        with case("a second one on the same pin folder: refused, the first one's maps stay pinned"):
            second = Sensor(lab, ns, ["eth1"], wait=False, more=["-P", first.pins])
            try:
                second.process.wait(3)
            except subprocess.TimeoutExpired:
                second.stop()
                raise Fail("it runs; pins of the first: %s" % glob.glob(first.pins + "/*"))
            want(second.exit_status(), 1, "exit status")
            check(first.pins in second.log_text(), "does not name the folder:", second.log_text())
            check(os.path.exists(first.pins + "/counters"), "the first one's pins are gone")
        with case("a second one with its own folders on another interface: each sees its own"):
            with Sensor(lab, ns, ["eth1"]) as second:
                one, two = lab.name(), lab.name()
                check(lab.lookup(ns, SERVER, one) and lab.lookup(ns, address(5, 2), two), "no answer")
                for sensor, mine, others in ((first, one, two), (second, two, one)):
                    want([e["process"]["pid"] for e in sensor.about(mine, 2)], [os.getpid()] * 2, "pids")
                    sensor.about(others, 0)
                want(second.stop(), 0, "exit status of the second")
            want_event(lab, first, ns)
        with case("a second one on the same interface: refused, the first one goes on"):
            want_refused(Sensor(lab, ns, ["eth0"], wait=False), 1, "eth0", "another XDP program")
            want_event(lab, first, ns)


def test_refusals(lab, ns):
    with case("an interface that is not there: exit status 1, named, nothing attached to the others"):
        want_refused(Sensor(lab, ns, ["eth0", "nosuch0"], wait=False), 1, "nosuch0; there are:", " eth0")
        check("xdp" not in lab.sh("ip -d -n %s link show eth0" % ns), "eth0 has an XDP program")
    for flags, word in ((["--nosuch"], "nosuch"), (["-i"], "i"), (["eth0"], "eth0"), (["--format", "xml"], "xml")):
        with case("usage: metsuke run %s: exit status 2" % " ".join(flags)):
            want_refused(Sensor(lab, ns, [], sinks=[], wait=False, more=flags), 2, word)
    with case("without privilege: exit status 1, names the capabilities"):
        program = lab.file("metsuke", open(METSUKE, "rb").read())
        run = [program, "run", "-i", "eth0", "-R", lab.path("nobody"), "-P", "/sys/fs/bpf/%s-nobody" % lab.prefix]
        done = lab.run(ns, ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] + run)
        want(done.status, 1, "exit status")
        check(all(c in done.out for c in ("CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN")), "says:", done.out)
    with case("without CAP_BPF alone: exit status 1, names that one only"):
        done = lab.run(ns, ["setpriv", "--bounding-set=-bpf,-sys_admin", "--inh-caps=-bpf,-sys_admin"] + run)
        want(done.status, 1, "exit status")
        check("CAP_BPF" in done.out and "CAP_NET_ADMIN" not in done.out.split("run as")[0], "says:", done.out)
    with case("a configuration that is not there, one that is wrong: exit status 1, file and line"):
        want_refused(Sensor(lab, ns, ["eth0"], wait=False, more=["-c", lab.path("none")]), 1, lab.path("none"))
        wrong = Sensor(lab, ns, ["eth0"], "dns:\n  port: 53", wait=False)
        want_refused(wrong, 1, wrong.config + ":2", "dns.port")


def reload(sensor, text, reason=None):
    """Gives it another configuration; returns once it has taken or refused it."""
    n = len(sensor.find(lambda e: e["event"]["action"] == "config-reloaded"))
    sensor.configure(text)
    sensor.send(signal.SIGHUP)
    e = sensor.wait(lambda e: e["event"]["action"] == "config-reloaded", n + 1)[-1]
    want(e["event"].get("reason"), reason, "event.reason of the reload")


def test_reload(lab, ns, swallow):
    def seen(sensor, port):
        return bool(sensor.about(lab.stream(ns, address(4, 2), 1, port=port)[0]))

    with Sensor(lab, ns, ["eth0"], "dns:\n  ports: [53]") as sensor:
        with case("SIGHUP with other dns.ports: the new one is seen, the old one is not, the process is known"):
            want((seen(sensor, 5399), seen(sensor, 53)), (False, True), "port 5399, port 53 before")
            reload(sensor, "dns:\n  ports: [5399]")
            want((seen(sensor, 5399), seen(sensor, 53)), (True, False), "port 5399, port 53 after")
            want(sensor.find(lambda e: "dns" in e)[-1]["process"]["pid"], os.getpid(), "process.pid")
        for text, line, word in BROKEN:
            with case("SIGHUP with a broken configuration (%r): refused, the old one stays" % text):
                reload(sensor, text, "configuration-refused")
                said = sensor.log_text()
                check(not line or sensor.config + line in said, "no file and line in:", said[-600:])
                check(word in said, "no", word, "in:", said[-600:])
                want((seen(sensor, 5399), seen(sensor, 53)), (True, False), "port 5399, port 53")
                want((sensor.status()["state"], sensor.status().get("reason")), ("degraded", "configuration-refused"), "state")
        with case("SIGHUP with the first one again: as before"):
            reload(sensor, "dns:\n  ports: [53]")
            want((seen(sensor, 5399), seen(sensor, 53)), (False, True), "port 5399, port 53")
            want(sensor.status()["state"], "ok", "state")
            want(sensor.stop(), 0, "exit status")
    with Sensor(lab, ns, [], "interfaces: [eth0]") as sensor:
        with case("SIGHUP with another interface: it moves there"):
            want_event(lab, sensor, ns)
            reload(sensor, "interfaces: [eth1]")
            name = lab.name()
            check(lab.lookup(ns, SERVER, name), "no answer")
            want_event(lab, sensor, ns, address(5, 2))
            sensor.about(name, 0)
            check("xdp" not in lab.sh("ip -d -n %s link show eth0" % ns), "eth0 still has an XDP program")


def test_prefix_tables(lab, ns):
    good, bad = lab.file("good.pfx2as", b"192.0.2.0\t24\t64500\n"), lab.file("bad.pfx2as", b"nonsense\n")

    def state(sensor):
        s = sensor.status()
        return s["state"], s.get("reason")

    with case("a prefix table that cannot be used: exit status 1, named"):
        want_refused(Sensor(lab, ns, ["eth0"], "networks:\n  prefix_tables: [%s]" % bad, wait=False), 1, bad)
    with Sensor(lab, ns, ["eth0"], "networks:\n  prefix_tables: [%s]" % good) as sensor:
        with case("SIGHUP with a prefix table that cannot be used: degraded until there is a good one; events flow"):
            want(state(sensor), ("ok", None), "state before")
            reload(sensor, "networks:\n  prefix_tables: [%s]" % bad)
            until(lambda: state(sensor) == ("degraded", "prefix-tables-refused"))
            check(bad in sensor.log_text() and "the prefixes stay as they were" in sensor.log_text(), "says:", sensor.log_text())
            want_event(lab, sensor, ns)
            reload(sensor, "networks:\n  prefix_tables: [%s]" % good, "prefix-tables-refused") # until they were read
            until(lambda: state(sensor) == ("ok", None))
            want(sensor.stop(), 0, "exit status")


def test_interface(lab, ns, outside):
    def state(sensor):
        s = sensor.status()
        return s["state"], s.get("reason"), [i["present"] for i in s["interfaces"]]

    with Sensor(lab, ns, ["eth2", "eth0"]) as sensor:
        with case("an interface goes: degraded, the others go on"):
            want(state(sensor), ("ok", None, [True, True]), "state before")
            lab.sh("ip -n %s link del eth2" % ns)
            until(lambda: state(sensor)[0] == "degraded")
            want(state(sensor), ("degraded", "interface-missing", [False, True]), "state")
            want_event(lab, sensor, ns)
        for how in ("and returns", "and returns a second time"):
            with case("an interface goes %s: events flow again" % how):
                lab.link(ns, "eth2", outside, "up2", 6)
                until(lambda: state(sensor)[0] == "ok")
                want(state(sensor), ("ok", None, [True, True]), "state")
                server = lab.dnsmasq(outside, [address(6, 2)])
                want_event(lab, sensor, ns, address(6, 2))
                server.terminate() # the next one binds the same address
                server.wait()
                if "second" not in how:
                    lab.sh("ip -n %s link del eth2" % ns)
        with case("an interface that is only renamed: what is watched goes by the name"):
            lab.sh("ip -n %s link set eth2 down" % ns)
            lab.sh("ip -n %s link set eth2 name other2" % ns)
            until(lambda: state(sensor)[0] == "degraded")
            want(state(sensor), ("degraded", "interface-missing", [False, True]), "state")
            want(sensor.stop(), 0, "exit status")


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    for n in (0, 1, 2):
        lab.link(ns, "eth%d" % n, outside, "up%d" % n, 4 + n)
    lab.dnsmasq(outside, [address(4, 2), address(5, 2)])
    swallow = lab.silent(outside, SERVER, 5399)
    test_stop(lab, ns)
    test_two(lab, ns)
    test_refusals(lab, ns)
    test_reload(lab, ns, swallow)
    test_prefix_tables(lab, ns)
    test_interface(lab, ns, outside)


if __name__ == "__main__":
    main(test)
