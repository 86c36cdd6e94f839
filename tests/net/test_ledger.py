#!/usr/bin/env python3
"""test_ledger.py: nothing gets lost without being counted. The sensor is stopped while a burst overfills its small
ring; afterwards every packet sent is either an event or a loss, in all the books alike."""
import signal
import time

from burst import Burst
from lab import Sensor, address, case, check, main, outcomes, until, want

CONFIG = "capture:\n  ring_bytes: 65536\n  wakeup_bytes: 16384\nstats:\n  interval_seconds: 1"
MANY, FEW = 200000, 100


def lost_events(sensor):
    return sensor.find(lambda e: e["event"]["action"] == "events-lost")


def books(sensor, sent):
    """The ledger, the events and the health events against each other, of a sensor that still runs."""
    status = until(lambda: [s for s in [sensor.settle()] if s["ledger"]["packets"] >= sent])[0]
    ledger = status["ledger"]
    want(outcomes(ledger), ledger["packets"], "sum of the outcomes, of packets")
    want(ledger["dns"] + ledger["lost_bulk"], sent, "dns + lost_bulk, of the packets sent")
    written = sensor.find(lambda e: e["event"]["action"] == "dns-query")
    want(len(written), ledger["dns"], "events in the file")
    want(status["events"]["dns_queries"], ledger["dns"], "events in the status")
    want(len({e["dns"]["question"]["name"] for e in written}), ledger["dns"], "names in the file")
    until(lambda: sum(e["metsuke"]["lost"]["ring"] for e in lost_events(sensor)) >= ledger["lost_bulk"])
    lost = [e["metsuke"]["lost"] for e in lost_events(sensor)]
    want(sum(n["ring"] for n in lost), ledger["lost_bulk"], "metsuke.lost.ring in sum")
    want(sum(n["reader"] + n["sink"] for n in lost), 0, "other losses")
    want([s["dropped"] + s["errors"] for s in status["sinks"]], [0], "lines dropped by the sink")
    return ledger


def stats_agree(sensor, ledger):
    """The last stats event, written at the stop, has the ledger's numbers."""
    want(sensor.stop(signal.SIGTERM), 0, "exit status")
    stats = sensor.find(lambda e: e["event"]["action"] == "stats")[-1]["metsuke"]["stats"]
    kernel = stats["kernel"]
    want(kernel["packets"], sum(kernel["outcome"].values()), "packets, of the outcomes in the stats event")
    want((kernel["outcome"]["dns"], kernel["ringbuf_drops"]), (ledger["dns"], ledger["lost_bulk"]), "dns and drops")
    sent = [s["sent"] for s in stats["sink"].values()]
    lines = len(sensor.events())
    check(lines - 2 <= sent[0] <= lines, "sent by the sink:", sent, "lines in the file:", lines)


def overfill(sensor, family, burst):
    with case("IPv%d: a burst over a full ring: sent = events + lost, in every book" % family):
        sensor.send(signal.SIGSTOP)
        sent = burst(family, MANY, 64, 100)
        sensor.send(signal.SIGCONT)
        check(sent > MANY / 2, "the veth pair passed on only", sent)
        ledger = books(sensor, sent)
        check(ledger["lost_bulk"] > sent / 2 and ledger["dns"] > 100, "the ring did not overflow:", ledger)
        print("# %d sent, %d passed on, %d events, %d lost" % (MANY, sent, ledger["dns"], ledger["lost_bulk"]))
    with case("IPv%d: after the burst nothing more is lost" % family):
        n, lost = len(lost_events(sensor)), ledger["lost_bulk"]
        ledger = books(sensor, sent + burst(family, FEW, 10, 20000, MANY))
        time.sleep(1.2)
        want((len(lost_events(sensor)), ledger["lost_bulk"]), (n, lost), "events-lost, lost_bulk")
        check(n >= 1, "no events-lost")
        stats_agree(sensor, ledger)


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 3)
    server = lab.socket(ns, 6)  # both families; nobody reads it, nothing answers
    server.bind(("::", 53))
    sender = Burst(lab, outside, "up0")

    def burst(family, n, every, pause, first=0):
        return sender(address(3, 1, family), n, every, pause, first)

    for family in (4, 6):
        with Sensor(lab, ns, ["eth0"], CONFIG) as sensor:
            overfill(sensor, family, burst)
    with Sensor(lab, ns, ["eth0"], CONFIG) as sensor, case("a small burst into the same ring: all, no events-lost"):
        want(burst(4, FEW, 50, 0), FEW, "passed on by the veth pair")
        ledger = books(sensor, FEW)
        want((ledger["dns"], ledger["lost_bulk"]), (FEW, 0), "dns, lost_bulk")
        time.sleep(1.2)
        want(lost_events(sensor), [], "events-lost")
        stats_agree(sensor, ledger)


if __name__ == "__main__":
    main(test)
