#!/usr/bin/env python3
"""test_enforce.py: what the live sensor drops. Listed names and flagged hosts on a gateway, flagged processes on a host:
they are stopped, once, and told as denied; all else goes on beside them. What was switched on undoes itself, and nothing
is left of it when the sensor is killed or hangs."""
import json
import signal
import socket
import subprocess
import time

from lab import METSUKE, PYTHON, Sensor, address, case, check, dns_query, main, outcomes, until, want

LISTS = """intel:
  lists:
    - {name: cc, path: %s}
    - {name: told, path: %s, enforce: false}
    - {name: fine, path: %s, allow: true}
"""


def write_lists(lab):
    return LISTS % (lab.file("cc.txt", "evil.lab.test\n", 0o644), lab.file("told.txt", "dubious.lab.test\n", 0o644),
                    lab.file("fine.txt", "fine.evil.lab.test\nfine.lab.test\n", 0o644))


def denied(e):
    return "denied" in e["event"]["type"]


def asked(lab, ns, name, server, source=None, timeout=0.4):
    """Is there an answer?"""
    with lab.socket(ns) as s:
        if source:
            s.bind((source, 0))
        s.settimeout(timeout)
        s.sendto(dns_query(name), (server, 53))
        try:
            return bool(s.recv(4096))
        except OSError:
            return False


def fetched(lab, ns, host, server, path, *more):
    """Does curl come back with the page?"""
    argv = ["curl", "-s", "--max-time", "0.7", "-H", "Host: " + host, *more, "http://%s%s" % (server, path)]
    return lab.run(ns, argv).out == "here\n"


def told_once(sensor, key, why, *actions):
    """The events about it: each of these actions once, all denied and for this reason."""
    found = sensor.about(key, len(actions))
    want(sorted(e["event"]["action"] for e in found), sorted(actions), "events")
    for e in found:
        want((denied(e), e["event"].get("outcome"), e["metsuke"].get("denied")), (True, "success", why), "denied")
    return found


def let_go(sensor, key, *actions):
    found = sensor.about(key, len(actions))
    want(sorted(e["event"]["action"] for e in found), sorted(actions), "events")
    for e in found:
        check(not denied(e) and "denied" not in e.get("metsuke", {}), "said to be denied:", e)


def enforce(sensor, word):
    done = sensor.lab.run(None, [METSUKE, "enforce", word, "-c", "/dev/null", "-R", sensor.runtime])
    return done.status, done.out.strip()


def reload(sensor, text):
    before = len(sensor.find(lambda e: e["event"]["action"] == "config-reloaded"))
    sensor.configure(text)
    sensor.send(signal.SIGHUP)
    sensor.wait(lambda e: "configuration read again" in e.get("message", ""), 1)
    check(until(lambda: len(sensor.find(lambda e: e["event"]["action"] == "config-reloaded")) > before), "not read")
    sensor.settle()


def test_listed(lab, client, server, sensor):
    with case("a listed name: the lookup is dropped at the first hook and told once, with its alert"):
        name = lab.name("evil.lab.test")
        check(not asked(lab, client, name, server), "it was answered")
        told_once(sensor, name, "listed", "dns-query", "blocklist-match")
    for domain in ("notevil.lab.test", "fine.evil.lab.test"):
        with case("%s: answered" % domain):
            name = lab.name(domain)
            check(asked(lab, client, name, server, timeout=3), "no answer")
            let_go(sensor, name, "dns-query", "dns-response")
    with case("a name of a list that is only told: answered, with its alerts"):
        name = lab.name("dubious.lab.test")
        check(asked(lab, client, name, server, timeout=3), "no answer")
        let_go(sensor, name, "dns-query", "dns-response", "blocklist-match", "blocklist-match")
    with case("a listed host: the request is dropped, however often TCP sends it again"):
        check(not fetched(lab, client, "www.evil.lab.test", server, "/listed"), "it came back")
        sensor.settle()
        found = sensor.find(lambda e: e.get("url", {}).get("path") == "/listed")
        want({(e["event"]["action"], denied(e)) for e in found}, {("http-request", True), ("blocklist-match", True)}, "events")
    with case("another host of the same server: it comes back"):
        check(fetched(lab, client, "www.lab.test", server, "/other"), "no page")
        let_go(sensor, "/other", "http-request")
    with case("a head of several segments is dropped where the first one names the host"):
        cookie = ["-H", "Cookie: " + "c" * 6000]
        check(not fetched(lab, client, "www.evil.lab.test", server, "/long", *cookie), "it came back")
        check(fetched(lab, client, "www.lab.test", server, "/longer", *cookie), "no page of the other host")
        found = sensor.wait(lambda e: e.get("url", {}).get("path") == "/long" and e["event"]["action"] == "http-request")
        check(denied(found[0]), "not said to be denied:", found[0])
        let_go(sensor, "/longer", "http-request")


def test_beside(lab, client, server, sensor):
    with case("1000 allowed lookups beside 200 listed ones: all of these answered, none of those"):
        answers = {}
        with lab.socket(client) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            s.settimeout(3)
            for i in range(1000):
                s.sendto(dns_query(lab.name(), query_id=i), (server, 53))
                if i % 5 == 0:
                    s.sendto(dns_query(lab.name("evil.lab.test"), query_id=10000 + i), (server, 53))
                time.sleep(0.0005)
                while i - len(answers) >= 100:  # no faster than the server, whose queue is short
                    answers[int.from_bytes(s.recv(4096)[:2], "big")] = True
            while len(answers) < 1000:
                answers[int.from_bytes(s.recv(4096)[:2], "big")] = True
            s.settimeout(0.2)
            try:
                answers[int.from_bytes(s.recv(4096)[:2], "big")] = True
            except OSError:
                pass
        want(sorted(answers), list(range(1000)), "answers")
    with case("the ledger adds up, and counts what was dropped"):
        status = sensor.settle()
        ledger = status["ledger"]
        want(outcomes(ledger), ledger["packets"], "the sum of the outcomes")
        check(status["enforcement"]["denied_listed"] >= 203, "denied:", status["enforcement"])
        want((status["enforcement"]["mode"], status["enforcement"]["state"]), ("listed", "on"), "mode and state")
        want([(l["name"], l["blocked"]) for l in status["lists"]], [("cc", True), ("told", False), ("fine", False)], "lists")


def test_switches(lab, client, server, sensor, lists):
    def passes():
        return asked(lab, client, lab.name("evil.lab.test"), server)

    with case("SIGHUP switches it off and on"):
        reload(sensor, lists)
        check(passes(), "switched off, and no answer")
        reload(sensor, lists + "enforce: listed")
        check(not passes(), "switched on, and answered")
    with case("a trial: it is undone by itself, and the sensor says so"):
        reload(sensor, lists + "enforce: {mode: listed, canary_seconds: 1}")
        check(not passes(), "on trial, and answered")
        check(sensor.status()["enforcement"]["seconds_left"] is not None, "no time is left:", sensor.status()["enforcement"])
        check(until(passes), "not undone")
        undone = sensor.wait(lambda e: "undone: nobody confirmed" in e.get("message", ""))
        want(undone[0]["event"].get("reason"), "enforcement-undone", "event.reason")
        want(sensor.status()["reason"], "enforcement-undone", "reason")
        want(enforce(sensor, "confirm")[0], 1, "exit status of a confirmation that comes too late")
    with case("what was undone stays so over a SIGHUP that changes nothing"):
        reload(sensor, lists + "enforce: {mode: listed, canary_seconds: 1}")
        check(passes(), "it is dropped again")
    with case("tried again and confirmed: it stays"):
        want(enforce(sensor, "retry"), (0, "enforcement: trial"), "answer")
        want(enforce(sensor, "confirm"), (0, "enforcement: on"), "answer")
        time.sleep(1.5)
        check(not passes(), "it was undone")
        want(enforce(sensor, "undo"), (0, "enforcement: undone"), "answer")
        check(passes(), "undone, and no answer")
        want(enforce(sensor, "retry")[0], 0, "exit status")
        want(enforce(sensor, "confirm")[0], 0, "exit status")


def test_ends(lab, client, server, sensor):
    """A sensor that hangs, and one that is killed."""
    def passes():
        return asked(lab, client, lab.name("evil.lab.test"), server)

    with case("a sensor that hangs drops nothing for long"):
        check(not passes(), "answered before")
        sensor.send(signal.SIGSTOP)
        check(until(passes, 20), "still dropped")
        sensor.send(signal.SIGCONT)
        check(until(lambda: not passes()), "it goes on, and drops nothing")
    with case("SIGKILL: nothing is dropped any more"):
        sensor.stop(signal.SIGKILL)
        check(until(passes, 20), "still dropped")


def test_flagged_hosts(lab, client, server, sensor):
    bot, other, resolver = address(11, 1), address(11, 3), address(11, 4)
    with case("a host that asks for a listed name is flagged, and from then on blocked"):
        check(asked(lab, client, lab.name("lab.test"), server, bot, 3), "no answer before")
        for host in (bot, resolver):
            name = lab.name("evil.lab.test")
            check(not asked(lab, client, name, server, host), "it was answered")
            told_once(sensor, name, "listed", "dns-query", "blocklist-match")
        name = lab.name("lab.test")
        check(not asked(lab, client, name, server, bot), "it was answered")
        told_once(sensor, name, "flagged", "dns-query")
        check(not fetched(lab, client, "www.lab.test", server, "/bot", "--interface", bot), "the page came back")
    with case("an exception is not: asked for and fetched"):
        check(asked(lab, client, lab.name("fine.lab.test"), server, bot, 3), "no answer")
        check(fetched(lab, client, "www.fine.lab.test", server, "/fine", "--interface", bot), "no page")
    with case("its neighbour and a host that is spared are not"):
        for host in (other, resolver):
            check(asked(lab, client, lab.name("lab.test"), server, host, 3), "no answer for", host)
            check(fetched(lab, client, "www.lab.test", server, "/by-" + host, "--interface", host), "no page for", host)
    with case("the map and the status say who is blocked, and why"):
        flagged = {f["value"]: f for f in sensor.status()["flagged"]}
        want({ip: f["blocked"] for ip, f in flagged.items()}, {bot: True, resolver: False}, "blocked")
        check(flagged[bot]["reason"].startswith("cc: n"), "reason:", flagged[bot])
        entries = json.loads(lab.sh("bpftool -j map dump pinned %s/flagged" % sensor.pins))
        effects = {e["formatted"]["key"]["ip"][-1]: e["formatted"]["value"]["effect"] for e in entries}
        want(effects, {1: "EFFECT_BLOCKED", 4: "EFFECT_TOLD"}, "effects in the map, by host")


# A bot and its cover: asks for each name that it reads, and says whether there was an answer.
ASKER = """
import socket, sys
for line in sys.stdin:
    server, name, host = line.split()
    labels = b"".join(bytes([len(l)]) + l.encode() for l in name.split("."))
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.5)
    s.sendto(b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0" + labels + b"\\0\\0\\1\\0\\1", (server, 53))
    try:
        said = "answer" if s.recv(512) else ""
    except OSError:
        said = "silence"
    c = socket.create_connection((server, 80))
    c.settimeout(0.5)
    c.sendall(b"GET /%s HTTP/1.1\\r\\nHost: %s\\r\\n\\r\\n" % (name.encode(), host.encode()))
    try:
        said += " page" if c.recv(512) else ""
    except OSError:
        said += " nothing"
    print(said, flush=True)
"""


class Asker:
    def __init__(self, lab, ns, program, server):
        self.server = server
        self.process = lab.spawn(ns, [PYTHON, program], stdin=subprocess.PIPE)

    def ask(self, name, host="www.lab.test"):
        self.process.stdin.write(("%s %s %s\n" % (self.server, name, host)).encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()


def test_flagged_processes(lab, ns, server, lists):
    program = lab.file("asker.py", ASKER)
    with Sensor(lab, ns, ["eth0"], lists + "enforce: flagged") as sensor:
        bot, other = (Asker(lab, ns, program, server) for _ in range(2))
        with case("two processes of one program on one host: both are answered"):
            want([p.ask(lab.name()) for p in (bot, other)], ["answer page"] * 2, "answers")
        with case("one asks for a listed name: it is flagged and blocked, the other goes on"):
            name = lab.name("evil.lab.test")
            check(bot.ask(name).startswith("silence"), "it was answered")
            check(until(lambda: sensor.find(lambda e: denied(e) and e["event"]["action"] == "blocklist-match")), "no alert")
            name = lab.name()
            want(bot.ask(name), "silence nothing", "answer to the bot")
            want(other.ask(lab.name()), "answer page", "answer to the other")
            found = sensor.wait(lambda e: name in json.dumps(e) and denied(e), 2)
            want({(e["event"]["action"], e["metsuke"]["denied"], e["process"]["pid"]) for e in found},
                 {(a, "flagged", bot.process.pid) for a in ("dns-query", "http-request")}, "events")
            check(asked(lab, ns, lab.name(), server, timeout=3), "no answer to this process")
        with case("an exception passes even for the bot"):
            want(bot.ask(lab.name("fine.lab.test"), "fine.lab.test"), "answer page", "answer")
        with case("the status: the process is blocked, the machine's own address is not"):
            flagged = {(f["type"], f["value"]): f["blocked"] for f in sensor.status()["flagged"]}
            want(flagged, {("process", str(bot.process.pid)): True, ("host", address(13, 1)): False}, "flagged")
        with case("enforcement of what is listed alone: the bot's other lookups pass"):
            reload(sensor, lists + "enforce: listed")
            want(bot.ask(lab.name()), "answer page", "answer")
            check(bot.ask(lab.name("evil.lab.test")).startswith("silence"), "a listed name was answered")
        for p in (bot, other):
            p.process.stdin.close()


def test(lab):
    client, gateway, server, host = lab.ns("c"), lab.ns("g"), lab.ns("s"), lab.ns("h")
    lab.link(client, "eth0", gateway, "lan", 11)
    lab.link(gateway, "wan", server, "eth0", 12)
    lab.link(host, "eth0", server, "eth1", 13)
    lab.sh("sysctl -qw net.ipv4.ip_forward=1", gateway)
    lab.sh("ip -n %s route add default via %s" % (client, address(11, 2)))
    lab.sh("ip -n %s route add default via %s" % (server, address(12, 1)))
    for n in (3, 4):
        lab.sh("ip -n %s addr add %s/24 dev eth0" % (client, address(11, n)))
    listen = [address(12, 2), address(13, 2)]
    lab.dnsmasq(server, listen)
    lab.nginx(server, listen)
    lists = write_lists(lab)
    with Sensor(lab, gateway, ["lan", "wan"], lists) as sensor:
        with case("off by default: a listed name is answered"):
            check(asked(lab, client, lab.name("evil.lab.test"), address(12, 2), timeout=3), "no answer")
            want(sensor.status()["enforcement"]["mode"], "off", "mode")
    once = "  alert_window_seconds: 0\n"
    with Sensor(lab, gateway, ["lan", "wan"], lists + once + "enforce: listed") as sensor:
        test_listed(lab, client, address(12, 2), sensor)
        test_beside(lab, client, address(12, 2), sensor)
        test_switches(lab, client, address(12, 2), sensor, lists + once)
        test_ends(lab, client, address(12, 2), sensor)
    spare = "enforce: {mode: flagged, spare: [%s/32]}" % address(11, 4)
    with Sensor(lab, gateway, ["lan", "wan"], lists + once + spare) as sensor:
        test_flagged_hosts(lab, client, address(12, 2), sensor)
        with case("SIGTERM: exit status 0"):
            want(sensor.stop(signal.SIGTERM), 0, "exit status")
    test_flagged_processes(lab, host, address(13, 2), lists)


if __name__ == "__main__":
    main(test)
