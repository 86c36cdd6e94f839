#!/usr/bin/env python3
"""test_allow.py: metsuke allow beside a running sensor on a gateway: a client that was flagged for a domain, or for what a list
holds, is so no more within seconds, nothing restarts, and a file that is wrong changes nothing."""
import json
import os
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "replay"))
import harness
from lab import METSUKE, Sensor, address, case, check, main, until, want

CLIENT, SERVER, PERIOD_S = address(11, 1), address(12, 2), 120
DOMAIN, HOST = "lab.test", "gate.lab.test"
CONFIG = """detect: {settle_minutes: 0, rare_hours: 0, updates: true}
intel:
  alert_window_seconds: 0
  lists: [{name: bad, path: '%s'}]
store: {batch_seconds: 1}
"""


def past(lab, store):
    """Fifteen check-ins up to now, gathered but not judged."""
    now, out = time.time(), struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1)
    for i in range(15, 0, -1):
        frame = harness.ethernet(harness.tcp(20000 + i, 80, 1, harness.http("/gate", HOST, "User-Agent: x\r\n"), src=CLIENT, dst=SERVER))
        at = now - i * PERIOD_S
        out += struct.pack("<IIII", int(at), int(at % 1 * 1e6), len(frame), len(frame)) + frame
    config = lab.file("past.yaml", "detect: {min_checkins: 1000}\n")
    with open(lab.path("past.pcap"), "wb") as f:
        f.write(out)
    subprocess.run([METSUKE, "replay", "-q", "-c", config, "-S", store, lab.path("past.pcap")], check=True, stdout=subprocess.DEVNULL)


def flagged(sensor):
    return {(f["type"], f["value"]): f["reason"] for f in sensor.status()["flagged"]}


def alerts(sensor, action):
    return sensor.find(lambda e: e["event"]["action"] == action)


def allow(lab, path, *args):
    done = lab.run(None, [METSUKE, "allow", "-c", "/dev/null", "-a", path, "-S", "none", *args])
    want(done.status, 0, "metsuke allow %s: %s" % (args, done.out))


def test(lab):
    client, gateway, server = lab.ns("c"), lab.ns("g"), lab.ns("s")
    lab.link(client, "eth0", gateway, "lan", 11)
    lab.link(gateway, "wan", server, "eth0", 12)
    lab.sh("sysctl -qw net.ipv4.ip_forward=1", gateway)
    lab.sh("ip -n %s route add default via %s" % (client, address(11, 2)))
    lab.sh("ip -n %s route add default via %s" % (server, address(12, 1)))
    lab.dnsmasq(server, [SERVER])
    lab.nginx(server, [SERVER])
    store, allowed = lab.path("past.db"), lab.path("allow.jsonl")
    past(lab, store)
    with Sensor(lab, gateway, ["lan"], CONFIG % lab.file("bad.txt", "evil.lab.test\n"), more=["-S", store, "-a", allowed]) as sensor:
        with case("one check-in more: told and flagged"):
            lab.run(client, ["curl", "-s", "-H", "Host: " + HOST, "http://%s/gate" % SERVER])
            e = sensor.wait(lambda e: e["event"]["action"] == "anomaly")[0]
            want(e["metsuke"]["anomaly"]["entity"]["value"], DOMAIN, "entity")
            want(flagged(sensor), {("host", CLIENT): "anomaly: " + DOMAIN}, "flagged")
        with case("metsuke explain: the case, while the sensor runs, and a command that says it is fine"):
            until(lambda: lab.run(None, [METSUKE, "explain", "-c", "/dev/null", "-S", store, "last"]).status == 0)
            done = lab.run(None, [METSUKE, "explain", "-c", "/dev/null", "-S", store, "--json", "last"])
            commands = [s["command"] for s in json.loads(done.out)["next"]]
            check("metsuke allow --until 30d --why 'the reason' --client %s %s" % (CLIENT, DOMAIN) in commands, commands)
        with case("another client is allowed: nothing changes"):
            allow(lab, allowed, "--why", "x", "-C", "198.18.200.1", DOMAIN)
            check(until(lambda: "allowed: 1 entries" in sensor.log_text()), sensor.log_text())
            want(flagged(sensor), {("host", CLIENT): "anomaly: " + DOMAIN}, "flagged")
        with case("this one is: flagged no more, software in the store"):
            allow(lab, allowed, "--why", "our own", "--until", "1h", "-C", CLIENT, DOMAIN)
            check(until(lambda: not flagged(sensor)), flagged(sensor))
            profiles = [METSUKE, "profiles", "-c", "/dev/null", "-S", store, "--json", "-d", DOMAIN]
            check(until(lambda: "software" in [json.loads(x)["judgement"] for x in lab.run(None, profiles).out.splitlines()]),
                  lab.run(None, profiles).out)
        with case("what a list holds alerts and flags all the same"):
            allow(lab, allowed, "--why", "x", "evil.lab.test")
            check(until(lambda: "allowed: 3 entries" in sensor.log_text()), sensor.log_text())
            check(lab.lookup(client, SERVER, "a.evil.lab.test"), "no answer")
            check(until(lambda: alerts(sensor, "blocklist-match")), "no alert")
            check(until(lambda: ("host", CLIENT) in flagged(sensor)), flagged(sensor))
        with case("--also-listed: no alert any more, and flagged no more with the next lookup"):
            allow(lab, allowed, "--why", "x", "--also-listed", "evil.lab.test")
            check(until(lambda: sensor.log_text().count("allowed: 3 entries") == 2), sensor.log_text())
            before = len(alerts(sensor, "blocklist-match"))
            check(lab.lookup(client, SERVER, "a.evil.lab.test"), "no answer")
            check(until(lambda: not flagged(sensor)), flagged(sensor))
            want(len(alerts(sensor, "blocklist-match")), before, "alerts")
        with case("a line that is no entry: said, degraded, the others hold"):
            with open(allowed, "a") as f:
                f.write('{"domain":"com","why":"x"}\n')
            check(until(lambda: "allow.jsonl:4: 'com' is a top-level domain" in sensor.log_text()), sensor.log_text())
            want((sensor.status()["state"], sensor.status().get("reason")), ("degraded", "allow-refused"), "state")
            check(lab.lookup(client, SERVER, "a.evil.lab.test"), "no answer")
            want(len(alerts(sensor, "blocklist-match")), before, "alerts")


if __name__ == "__main__":
    main(test)
