#!/usr/bin/env python3
"""test_anomaly.py: two beaconing scripts among people's programs, live: each is told of with its process, stands in the map
`flagged` by name and in the store, and leaves the map when its verdict is withdrawn or its time is up."""
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import live_beacon as beacon
from lab import METSUKE, Sensor, address, case, check, main, until, want

CHECKINS = 14, 16  # judged at 12, 14 and 16
FLAG_S = 16        # much longer than between two verdicts
CLIENT = address(9, 1)
CONFIG = """detect:
  settle_minutes: 0
  model: '%s'
intel:
  flag_seconds: %d
  allow_empty: true
  lists: [{path: '%s', allow: true}]
store:
  batch_seconds: 1
"""


def flagged(lab, sensor):
    """What bpftool makes of the map: {host or process: value}."""
    found = {}
    for entry in json.loads(lab.sh("bpftool -j map dump pinned %s/flagged" % sensor.pins)):
        key, value = entry["formatted"]["key"], entry["formatted"]["value"]
        who = key["tgid"] if key["type"] == "FLAGGED_PROCESS" else ".".join(map(str, key["ip"][12:]))
        found[who] = value
    return found


def told(sensor):
    return sensor.find(lambda e: e["event"]["action"] == "anomaly")


def told_of(sensor, bot):
    return [e for e in told(sensor) if e["metsuke"]["anomaly"]["entity"]["value"] == bot.domain]


def ask(lab, sensor, command, *more):
    done = lab.run(None, [METSUKE, command, "-S", sensor.store, "--json", *more], stderr=subprocess.DEVNULL)
    want(done.status, 0, "metsuke %s: %s" % (command, done.out))
    return [json.loads(line) for line in done.out.splitlines()]


def pairs(profiles):
    return {(p["client"], p["domain"]) for p in profiles}


def want_told(sensor, bot):
    events = told_of(sensor, bot)
    want(len(events), 1, "anomalies about " + bot.domain)
    e = events[0]
    anomaly, process = e["metsuke"]["anomaly"], e["process"]
    want((process["executable"], process["name"]), (bot.executable, os.path.basename(bot.executable)), "process")
    want(anomaly["client"], {"type": "program", "value": bot.executable}, "client")
    want(anomaly["entity"]["type"], "registered_domain", "entity.type")
    want(e["source"]["ip"], CLIENT, "source.ip")
    check(anomaly["score"] >= anomaly["threshold"] and anomaly["sample_count"] >= 12, anomaly)
    check("gap_cv" in anomaly["triggered"] or "gap_spread" in anomaly["triggered"], anomaly)
    return e


def refused(lab, ns, model, *words):
    """A start with such a model."""
    sensor = Sensor(lab, ns, ["eth0"], "detect:\n  model: '%s'" % model, wait=False)
    want(sensor.exit_status(), 1, "exit status")
    for word in words:
        check(word in sensor.log_text(), "no", word, "in:", sensor.log_text())


def reload(sensor, config):
    def reloads():
        return sensor.find(lambda e: e["event"]["action"] == "config-reloaded")
    n = len(reloads())
    sensor.configure(config)
    sensor.send(signal.SIGHUP)
    until(lambda: len(reloads()) > n)


def broken_models(lab):
    with open(os.path.join(os.path.dirname(METSUKE), "..", "share", "baseline.json")) as f:
        good = f.read()
    return (("cut short", lab.file("cut.json", good[:len(good) // 2]), "cut.json:"),
            ("of a later version", lab.file("newer.json", good.replace('"version": 1', '"version": 2')), "newer.json"),
            ("that is not there", lab.path("none.json"), "none.json"))


def start(lab, ns):
    rng = random.Random(4)
    bots = [beacon.bot("syncd", "api.cedar-works.test", "/v1/poll", rng, CHECKINS[0]),
            beacon.bot("helper", "www.novapixel.example", "/status?id=7", rng, CHECKINS[1])]
    people = [beacon.person("browser%d" % i, rng, CHECKINS[1] * beacon.PERIOD_S) for i in range(3)]
    bots[0].start_shell(lab, ns, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
    bots[1].start_python(lab, ns)
    for p in people:
        p.start_shell(lab, ns, beacon.BROWSER)
    return bots, people


def test_found(lab, sensor, bots):
    syncd, helper = bots
    sensor.wait(lambda e: e["event"]["action"] == "anomaly", 2, seconds=60)
    for bot, how in ((syncd, "a program for each check-in"), (helper, "one that stays")):
        with case("%s, %s: told once, with its process" % (bot.label, how)):
            want_told(sensor, bot)
    stays = helper.process.pid
    with case("the process that stays is named by its pid"):
        want(told_of(sensor, helper)[0]["process"]["pid"], stays, "process.pid")
    with case("bpftool map dump of flagged shows them and their host by name, and nobody else"):
        there = flagged(lab, sensor)
        check(CLIENT in there and stays in there, there)
        want({v["verdict"] for v in there.values()}, {"VERDICT_SUSPICIOUS"}, "verdicts")
        want(there[stays]["reason"], "anomaly: novapixel.example", "reason")
        check(90 <= there[stays]["score"] <= 100, there[stays])
        check(all(v["reason"] in ("anomaly: novapixel.example", "anomaly: cedar-works.test") for v in there.values()), there)
        pids = {e["process"]["pid"] for e in sensor.find(lambda e: e.get("process", {}).get("executable") == syncd.executable)}
        check(set(there) - {CLIENT, stays} <= pids, "others than syncd's:", list(there))
    with case("metsuke status shows the process with its reason"):
        seen = [f for f in sensor.status()["flagged"] if f["value"] == str(stays)]
        want([(f["type"], f["verdict"], f["reason"]) for f in seen], [("process", "suspicious", "anomaly: novapixel.example")], "flagged")
        text = lab.run(None, [METSUKE, "status", "-c", "/dev/null", "-R", sensor.runtime]).out
        check("suspicious  anomaly: novapixel.example" in text, text)
    with case("metsuke alerts and profiles show them while the sensor runs"):
        check(until(lambda: len(ask(lab, sensor, "alerts")) == 2), "alerts:", ask(lab, sensor, "alerts"))
        until(lambda: len(ask(lab, sensor, "profiles", "--judgement", "suspicious")) == 2)
        want(pairs(ask(lab, sensor, "profiles", "--judgement", "suspicious")), {(b.executable, b.domain) for b in bots}, "suspicious profiles")


def test_broken_model(lab, ns, sensor, allowed):
    models = broken_models(lab)
    for what, path, word in models:
        with case("SIGHUP with a model %s: said, the old one stays" % what):
            before = sensor.status()["detect"]["model"]
            reload(sensor, CONFIG % (path, FLAG_S, allowed))
            check("%s" % word in sensor.log_text() and "the old one stays" in sensor.log_text(), sensor.log_text())
            want(sensor.status()["detect"]["model"], before, "model")
    for what, path, word in models:
        with case("a start with a model %s: exit status 1, named" % what):
            refused(lab, ns, path, "detect.model: ", word)


def test_withdrawn(lab, sensor, bots, allowed):
    syncd, helper = bots
    stays = helper.process.pid
    before = flagged(lab, sensor)
    with case("a domain that becomes an exception: its process leaves the map before its time"):
        check(stays in before, "not there before:", before)
        lab.file(os.path.basename(allowed), helper.domain + "\n")
        reload(sensor, CONFIG % ("", FLAG_S, allowed))
        check(until(lambda: stays not in flagged(lab, sensor), FLAG_S), flagged(lab, sensor))
        check(time.time_ns() < before[stays]["until_ns"], "its time was up:", before[stays])
        pair = helper.executable, helper.domain
        until(lambda: pair in pairs(ask(lab, sensor, "profiles", "--judgement", "software")), 5)
        check(pair in pairs(ask(lab, sensor, "profiles", "--judgement", "software")), ask(lab, sensor, "profiles"))
    with case("the host stays for the other's sake, whose next verdict renews it and names its next process"):
        def renewed():
            there = flagged(lab, sensor)
            processes = [v for who, v in there.items() if who != CLIENT]
            return CLIENT in there and len(processes) > 1 and there[CLIENT]["until_ns"] > before[CLIENT]["until_ns"] and there
        there = until(renewed)
        check(there, flagged(lab, sensor))
        want({v["reason"] for v in there.values()}, {"anomaly: cedar-works.test"}, "reasons")
        want(there[CLIENT]["since_ns"] <= before[CLIENT]["until_ns"] - FLAG_S * 10**9, True, "since the first")


def test(lab):
    ns = beacon.network(lab, [*beacon.SITES, "api.cedar-works.test", "www.novapixel.example"])
    allowed = lab.file("allowed.txt", "unrelated.example\n")
    with Sensor(lab, ns, ["eth0"], CONFIG % ("", FLAG_S, allowed)) as sensor:
        bots, people = start(lab, ns)
        test_found(lab, sensor, bots)
        test_withdrawn(lab, sensor, bots, allowed)
        test_broken_model(lab, ns, sensor, allowed)
        with case("after the last verdict's time nobody is flagged"):
            for actor in bots:
                actor.process.wait(60)
            check(until(lambda: not flagged(lab, sensor), FLAG_S + 5), flagged(lab, sensor))
            check(not sensor.status()["flagged"], sensor.status()["flagged"])
        with case("people's programs went on all the while, and none of them was told of"):
            check(all(p.process.poll() in (None, 0) for p in people), [p.process.poll() for p in people])
            want({e["metsuke"]["anomaly"]["entity"]["value"] for e in told(sensor)}, {b.domain for b in bots}, "told of")
            want(len(told(sensor)), 2, "anomalies")
            seen = sensor.find(lambda e: e["event"]["action"] == "http-request" and "browser" in e["process"]["name"])
            check(len(seen) > 30, len(seen), "requests of people")


if __name__ == "__main__":
    main(test)
