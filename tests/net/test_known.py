#!/usr/bin/env python3
"""test_known.py: the live sensor and its lists: the alert names the process, the map and the status say so until it
expires, and lists are swapped under traffic without a lookup missed or told twice."""
import json
import os
import signal
import time

from lab import PYTHON, Sensor, address, case, check, main, until, want, want_process

SERVER, SERVER6 = address(9, 2), address(9, 2, 6)
CC = "198.19.0.66"


def alert(e):
    return e["event"]["action"] == "blocklist-match"


def loaded(e):
    return e["event"]["action"] == "intel-loaded"


class Loads:
    """The intel-loaded events from here on."""

    def __init__(self, sensor):
        self.sensor, self.before = sensor, len(sensor.find(loaded))

    def next(self, reason=None):
        self.before += 1
        e = self.sensor.wait(loaded, self.before, 30)[self.before - 1]
        want((e["event"].get("reason"), e["service"]["state"]), (reason, "degraded" if reason else "ok"), "reason, state")
        return e

    def none(self):
        want(len(self.sensor.find(loaded)), self.before, "intel-loaded events")


def reload(sensor, text, reason=None):
    loads = Loads(sensor)
    sensor.configure(text)
    sensor.send(signal.SIGHUP)
    return loads.next(reason)


def test_alert(lab, ns, sensor):
    for server in (SERVER, SERVER6):
        with case("dig asks %s for a name below a listed one: query and response name dig" % server):
            name = lab.name("evil.lab.test")
            dig = ["dig", "@" + server, name, "+tries=1", "+short"]
            done = lab.run(ns, dig)
            found = [e for e in sensor.about(name, 4) if alert(e)]
            want([e["dns"]["type"] for e in found], ["query", "answer"], "alerts")
            for e, quality in zip(found, ("socket", "cached")):
                want_process(e, done.pid, "/usr/bin/dig", dig, quality=quality)
                want(e["threat"]["enrichments"][0]["indicator"]["name"], "evil.lab.test", "entry")
            want(found[1]["dns"]["resolved_ip"], [CC], "C&C server")
    with case("a look-alike: no alert"):
        name = lab.name("notevil.lab.test")
        lab.run(ns, ["dig", "@" + SERVER, name, "+tries=1", "+short"])
        want([e["event"]["action"] for e in sensor.about(name, 2)], ["dns-query", "dns-response"], "events")
    with case("curl to a listed host: the alert names curl"):
        curl = ["curl", "-s", "-o", "/dev/null", "-H", "Host: Web.Evil.lab.test", "http://%s/gate" % SERVER]
        done = lab.run(ns, curl)
        found = [e for e in sensor.about("/gate", 2) if alert(e)]
        want(len(found), 1, "alerts")
        want_process(found[0], done.pid, "/usr/bin/curl", curl)


# Looks a name up as a bot does, by a socket of its own, then connects to port PORT of what it got: client SERVER NAME PORT.
CLIENT = """
import socket, sys
server, name, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels + b"\\0\\0\\1\\0\\1", (server, 53))
ip = socket.inet_ntoa(s.recv(512)[-4:])
c = socket.socket()
c.settimeout(0.5)
try:
    c.connect((ip, port))
except OSError:
    pass
"""


def connections(sensor, ip):
    return sensor.find(lambda e: alert(e) and e["network"]["transport"] == "tcp" and e["destination"]["ip"] == ip)


def test_contact(lab, ns, sensor):
    program = lab.file("bot.py", CLIENT)

    def connect(name):
        argv = [PYTHON, program, SERVER, name, "6667"]
        return argv, lab.run(ns, argv)

    with case("a connection to the address of another name: no alert"):
        name = lab.name("lab.test")
        connect(name)
        sensor.about(name, 2)
        sensor.settle()
        want(connections(sensor, "198.19.0.1"), [], "alerts")
    with case("a connection to where a listed name led: the alert names the process, the name and the lookup"):
        name = lab.name("evil.lab.test")
        argv, done = connect(name)
        sensor.wait(lambda e: e in connections(sensor, CC))
        told = [e for e in sensor.about(name, 4) if alert(e) and e["dns"]["type"] == "answer"]
        e = connections(sensor, CC)[0]
        want_process(e, done.pid, PYTHON, argv)
        want(e["metsuke"]["chain"], {"domain": name, "lookup": told[0]["event"]["id"]}, "metsuke.chain")
        want((e["destination"]["port"], e["threat"]["enrichments"][0]["indicator"]["name"]), (6667, "evil.lab.test"), "port, entry")
    with case("a connection to a listed address that nobody looked up: the alert names it"):
        argv = ["busybox", "nc", "-w", "1", "198.19.7.7", "4444"]
        done = lab.run(ns, argv)
        sensor.wait(lambda e: e in connections(sensor, "198.19.7.7"))
        e = connections(sensor, "198.19.7.7")[0]
        want(e["process"]["pid"], done.pid, "process.pid")
        check("chain" not in e["metsuke"], "a chain:", e["metsuke"])
        want(e["metsuke"]["alert"]["match"], "network", "metsuke.alert.match")
    with case("a connection to the address beside it: no alert"):
        lab.run(ns, ["busybox", "nc", "-w", "1", "198.19.7.8", "4444"])
        sensor.settle()
        want(connections(sensor, "198.19.7.8"), [], "alerts")


def test_flagged(lab, ns, sensor):
    with case("flagged: the process and the client, in the map and in the status"):
        name = lab.name("evil.lab.test")
        done = lab.run(ns, ["dig", "@" + SERVER, name, "+tries=1", "+short"])
        sensor.about(name, 4)
        entries = json.loads(lab.sh("bpftool -j map dump pinned %s/flagged" % sensor.pins))
        flagged = {f["type"] + " " + f["value"]: f for f in sensor.status()["flagged"]}
        want(len(entries), len(flagged), "entries in the map")
        for who in ("process %d" % done.pid, "host " + address(9, 1)):
            check(who in flagged, "no", who, "in", list(flagged))
            want(flagged[who]["score"], 91, "score")
        want(flagged["process %d" % done.pid]["reason"], "cc: " + name, "reason")
    with case("flagged: gone when it expires"):
        check(until(lambda: sensor.status()["flagged"] == [], 10), "still there:", sensor.status()["flagged"])


def test_reload(lab, ns, sensor, config, listed):
    with case("a list that lost more than half: refused, the old one stays"):
        lab.file("cc.txt", "one.lab.test\n", 0o644)
        reload(sensor, config, "lists-refused")
        name = lab.name("evil.lab.test")
        lab.lookup(ns, SERVER, name)
        want(len(sensor.about(name, 4)), 4, "events")
    with case("a list that is gone: refused, the old one stays"):
        reload(sensor, config.replace("cc.txt", "nowhere.txt"), "lists-refused")
    with case("20 reloads under lookups: every listed one alerts once, no other does"):
        lab.file("cc.txt", listed, 0o644)
        sensor.configure(config)
        names = []
        with lab.socket(ns) as s:
            for i in range(20):
                sensor.send(signal.SIGHUP)
                names += lab.stream(ns, SERVER, 50, pause=0.0005)
                for _ in range(5):
                    name = lab.name("evil.lab.test")
                    lab.lookup(ns, SERVER, name)
                    names.append(name)
        sensor.wait(lambda e: e["event"]["action"] == "dns-query" and e["dns"]["question"]["name"] == names[-1])
        sensor.settle()
        found = sensor.find(lambda e: alert(e) and e.get("dns", {}).get("type") == "query" and e["dns"]["question"]["name"] in names)
        want(sorted(e["dns"]["question"]["name"] for e in found), sorted(n for n in names if "evil" in n), "alerts")
        generations = [e["metsuke"]["alert"]["generation"] for e in found]
        check(generations[-1] > 10 and generations == sorted(generations), "generations:", generations)


def looked_up(lab, ns, sensor, domain):
    """How many alerts a lookup below this domain raises."""
    name = lab.name(domain)
    lab.lookup(ns, SERVER, name)
    sensor.wait(lambda e: e["event"]["action"] == "dns-response" and e["dns"]["question"]["name"] == name)
    sensor.settle()
    return len([e for e in sensor.about(name) if alert(e)])


def test_files(lab, ns, sensor, listed):
    def rename(text):
        os.rename(lab.file("cc.new", text, 0o644), lab.path("cc.txt"))

    with case("a list is renamed over: it counts, without a signal"):
        loads = Loads(sensor)
        want(looked_up(lab, ns, sensor, "fresh.lab.test"), 0, "alerts before")
        rename(listed + "fresh.lab.test\ncom\n")
        e = loads.next()
        want(looked_up(lab, ns, sensor, "fresh.lab.test"), 2, "alerts after")
        one = e["metsuke"]["intel"]["lists"][0]
        want((one["name"], one["entries"], one["refused"], one["read"]), ("cc", 5, 1, True), "name, entries, refused, read")
    with case("a list is written in place: the same"):
        lab.file("cc.txt", listed + "later.lab.test\n", 0o644)
        loads.next()
        want([looked_up(lab, ns, sensor, n) for n in ("fresh.lab.test", "later.lab.test")], [0, 2], "alerts")
    with case("a list is away, and back: nothing is read, nothing lost"):
        os.rename(lab.path("cc.txt"), lab.path("away.txt"))
        time.sleep(2.5)
        want(looked_up(lab, ns, sensor, "later.lab.test"), 2, "alerts")
        loads.none()
        os.rename(lab.path("away.txt"), lab.path("cc.txt"))
        loads.next()  # another ctime
    with case("a list that becomes empty: refused, the state says so, and the old one stays"):
        generation = sensor.status()["lists"][0]["generation"]
        rename("")
        e = loads.next("lists-refused")
        want(e["message"], "lists refused: 0 entries in place of 5, more than half would be gone; generation %d stays" % generation,
             "message")
        want(sensor.status()["reason"], "lists-refused", "reason in the status")
        want(looked_up(lab, ns, sensor, "later.lab.test"), 2, "alerts")
    with case("a good one again: ok again"):
        rename(listed)
        want(loads.next()["metsuke"]["intel"]["generation"], generation + 1, "generation")
        want(sensor.status()["state"], "ok", "state")
    with case("a list of 300 000 names is read beside the traffic: no packet is lost, every listed lookup alerts"):
        rename(listed + "".join("n%d.big.lab.test\n" % i for i in range(300000)))
        names = []
        while not sensor.find(lambda e: loaded(e) and e["metsuke"]["intel"]["entries"] > 300000):
            names += [lab.name("evil.lab.test") for _ in range(20)]
            check(len(names) < 20000, "it is never read")
            for name in names[-20:]:
                lab.lookup(ns, SERVER, name)
        loads.next()
        want(looked_up(lab, ns, sensor, "n299999.big.lab.test"), 2, "alerts by the new list")
        names_asked = set(names)
        found = sensor.find(lambda e: alert(e) and e.get("dns", {}).get("type") == "query" and e["dns"]["question"]["name"] in names_asked)
        want(sorted(e["dns"]["question"]["name"] for e in found), sorted(names), "alerts")
        want(sensor.status()["ledger"]["lost_bulk"], 0, "lost")
        rename(listed)
        loads.next("lists-refused")


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 9)
    lab.dnsmasq(outside, [SERVER, SERVER6], "--address=/evil.lab.test/" + CC)
    lab.nginx(outside, [SERVER])
    lab.sh("ip -n %s route add default via %s" % (ns, SERVER))
    listed = "evil.lab.test\nother.lab.test\nthird.lab.test\n198.19.7.7\n"
    lab.file("cc.txt", listed, 0o644)
    config = "intel:\n  alert_window_seconds: 0\n  flag_seconds: 3\n  lists:\n    - {name: cc, path: %s, severity: 91}\n" \
        % lab.path("cc.txt")
    with Sensor(lab, ns, ["eth0"], config) as sensor:
        test_alert(lab, ns, sensor)
        test_contact(lab, ns, sensor)
        test_flagged(lab, ns, sensor)
        test_reload(lab, ns, sensor, config, listed)
        test_files(lab, ns, sensor, listed)
        want(sensor.stop(), 0, "exit status")
    with Sensor(lab, ns, ["eth0"], config.replace("cc.txt", "nowhere.txt"), wait=False) as sensor:
        with case("no list can be read at start: exit status 1"):
            want(sensor.exit_status(), 1, "exit status")
            check("not one entry" in sensor.log_text(), sensor.log_text())
    with Sensor(lab, ns, ["eth0"], config.replace("cc.txt", "nowhere.txt").replace("intel:", "intel:\n  allow_empty: true")) as sensor:
        with case("the same with intel.allow_empty: it starts, degraded, and takes the list when it comes"):
            loads = Loads(sensor)
            want(sensor.status()["reason"], "lists-unreadable", "reason in the status")
            lab.file("nowhere.txt", listed, 0o644)
            loads.next()
            want(looked_up(lab, ns, sensor, "evil.lab.test"), 2, "alerts")
        want(sensor.stop(), 0, "exit status")


if __name__ == "__main__":
    main(test)
