#!/usr/bin/env python3
"""test_flood.py: lookups of listed names in a flood of others: none is lost, none waits behind the flood, look-alikes
share the flood's fate, and the books have every packet."""
import os
import signal

from burst import Burst
from lab import Sensor, address, case, check, dns_query, main, outcomes, until, want

RING = "capture:\n  ring_bytes: 65536\n  wakeup_bytes: 16384\n"
LISTS = "intel:\n  alert_window_seconds: 0\n  lists:\n    - {name: cc, path: %s}\n"
SERVER = address(4, 1)


def asked(e):
    return e.get("dns", {}).get("question", {}).get("name", "")


def ask(lab, ns, names):
    with lab.socket(ns) as s:
        for name in names:
            s.sendto(dns_query(name), (SERVER, 53))


def want_alerts(sensor, listed):
    """Each of the names alerts once, and nothing else does."""
    def found():
        return [asked(e) for e in sensor.find(lambda e: e["event"]["action"] == "blocklist-match")]
    until(lambda: len(found()) >= len(listed), 20)
    want(sorted(found()), sorted(listed), "alerts")


def want_books(sensor, sent):
    status = until(lambda: [s for s in [sensor.settle()] if s["ledger"]["packets"] >= sent])[0]
    ledger = status["ledger"]
    want(outcomes(ledger), ledger["packets"], "sum of the outcomes, of packets")
    want(ledger["dns"] + ledger["lost_bulk"], sent, "dns + lost_bulk, of the packets sent")
    want(ledger["lost_urgent"], 0, "lost_urgent")
    want(status["events"]["dns_queries"], ledger["dns"], "events in the status")
    return ledger


def test_full_ring(lab, outside, burst):
    """The reader stands still while the bulk ring overflows."""
    with Sensor(lab, lab.inner, ["eth0"], RING + LISTS % lab.path("cc.txt")) as sensor, \
            case("a full bulk ring: listed lookups are all there, before everything else"):
        listed = [lab.name("evil.flood") for _ in range(100)]
        near = [lab.name("notevil.flood") for _ in range(100)]
        sensor.send(signal.SIGSTOP)
        sent = 0
        for i in range(10):
            sent += burst(SERVER, 2000, 64, 100, i * 2000)
            ask(lab, outside, listed[i * 10:i * 10 + 10] + near[i * 10:i * 10 + 10])
            sent += 20
        sensor.send(signal.SIGCONT)
        want_alerts(sensor, listed)
        ledger = want_books(sensor, sent)
        check(ledger["lost_bulk"] > sent / 2, "the ring did not overflow:", ledger)
        want(ledger["urgent"], len(listed), "urgent")
        queries = sensor.find(lambda e: e["event"]["action"] == "dns-query")
        last = max(e["event"]["sequence"] for e in queries if asked(e) in listed)
        first = min(e["event"]["sequence"] for e in queries if asked(e) not in listed)
        check(last < first, "an urgent record came after one of the flood:", last, first)
        want(sensor.stop(), 0, "exit status")


def test_rate(lab, outside, burst):
    with Sensor(lab, lab.inner, ["eth0"], LISTS % lab.path("cc.txt")) as sensor, \
            case("100 listed lookups in 30000 others, as fast as they go: none is lost"):
        listed = [lab.name("evil.flood") for _ in range(100)]
        before = burst.dropped()
        flood = burst.start(SERVER, 30000, 40, 100)
        for name in listed:
            ask(lab, outside, [name])
            until(lambda: flood.poll() is not None, 0.001)
        want(flood.wait(60), 0, "the sender's exit status")
        sent = 30100 - (burst.dropped() - before)
        want_alerts(sensor, listed)
        ledger = want_books(sensor, sent)
        want(ledger["urgent"], len(listed), "urgent")
        print("# %d sent, %d lost on the bulk ring" % (sent, ledger["lost_bulk"]))
        want(sensor.stop(), 0, "exit status")


def test_reloads(lab, outside, burst):
    """Lists are swapped under a flood: every listed lookup alerts once, whichever set it met."""
    out = open(lab.path("text"), "wb")
    with Sensor(lab, lab.inner, ["eth0"], LISTS % lab.path("cc.txt"), sinks=["-"], more=["--format", "text"], wait=False,
                stdout=out) as sensor, case("100 reloads in a flood: no listed lookup is missed, none is doubled"):
        check(until(lambda: os.path.exists(os.path.join(sensor.runtime, "control")) or "watching eth0" in sensor.log_text()), "no start")
        listed, flood = [], burst.start(SERVER, 3000000, 10, 200)
        before, generation = burst.dropped(), sensor.status()["lists"][0]["generation"]
        for i in range(100):
            lab.file("cc.txt", "evil.flood\nmore%d.flood\n" % i, 0o644)
            sensor.send(signal.SIGHUP)
            for _ in range(3):
                listed.append(lab.name("evil.flood"))
                ask(lab, outside, [listed[-1]])
            check(until(lambda: sensor.status()["lists"][0]["generation"] > generation), "no new generation after", generation)
            generation = sensor.status()["lists"][0]["generation"]
        check(flood.poll() is None, "the flood was over too early")
        flood.kill()
        flood.wait()
        ledger = sensor.settle()["ledger"]
        want(sensor.stop(), 0, "exit status")
        with open(out.name) as f:
            told = sorted(line.split("ALERT")[1].split()[0] for line in f if "ALERT" in line)
        want(told, sorted(listed), "alerts")
        want(ledger["lost_urgent"], 0, "lost_urgent")
        print("# %d lookups, %d lost on the bulk ring, %d dropped by the veth pair" % (
            ledger["dns"], ledger["lost_bulk"], burst.dropped() - before))


def test(lab):
    lab.inner, outside = lab.ns("c"), lab.ns("s")
    lab.link(lab.inner, "eth0", outside, "up0", 4)
    lab.silent(lab.inner, SERVER)
    lab.file("cc.txt", "evil.flood\n", 0o644)
    burst = Burst(lab, outside, "up0")
    test_full_ring(lab, outside, burst)
    test_rate(lab, outside, burst)
    test_reloads(lab, outside, burst)


if __name__ == "__main__":
    main(test)
