#!/usr/bin/env python3
"""test_store.py: the store beside a live sensor: killed under load, asked for by two, on a full disk, locked, and as metsuke
check sees it. Whatever becomes of the file, the sensor goes on."""
import contextlib
import os
import random
import sqlite3
import threading
import time

from lab import METSUKE, Sensor, address, case, check, dns_query, main, until, want

SERVER = address(4, 2)
KILLS = 4
CONFIG = "store:\n  batch_seconds: 1"


class Load(threading.Thread):
    """Lookups below one new domain after the other, until it is told to end."""

    def __init__(self, lab, ns, first):
        super().__init__()
        self.socket, self.sent, self.first, self.over = lab.socket(ns), 0, first, False
        self.start()

    def run(self):
        with self.socket as s:
            while not self.over:
                s.sendto(dns_query("www.d%d.example" % (self.first + self.sent)), (SERVER, 53))
                self.sent += 1
                time.sleep(0.002)

    def end(self):
        self.over = True
        self.join()
        return self.first + self.sent


def rows(path, sql="select count(*) from pairs"):
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as db:
        found = [row[0] for row in db.execute(sql)]
    db.close()
    return found


def pairs(path):
    return rows(path)[0] if os.path.exists(path) else 0


def store_state(sensor):
    return sensor.status()["store"]["state"]


def want_events(lab, sensor, ns, server=SERVER):
    name = lab.name()
    check(lab.lookup(ns, server, name), "no answer")
    sensor.about(name, 2)


def test_killed(lab, ns):
    rng, sent, kept = random.Random(), 0, 0
    sensor = Sensor(lab, ns, ["eth0"], CONFIG)
    for turn in range(KILLS):
        with case("SIGKILL under load, %d: the file is sound, and what was in it is back" % (turn + 1)):
            load = Load(lab, ns, sent)
            until(lambda: pairs(sensor.store) > kept)
            time.sleep(rng.uniform(0, 1.2))
            before = pairs(sensor.store)
            sensor.process.kill()
            sensor.process.wait()
            sent = load.end()
            check(before > kept, before, "pairs in the store, not more than", kept)
            want(rows(sensor.store, "pragma integrity_check"), ["ok"], "integrity")
            kept = pairs(sensor.store)
            check(before <= kept <= sent, "pairs:", before, "before,", kept, "after,", sent, "sent")
            clients, domains = rows(sensor.store, "select count(*) from clients"), rows(sensor.store, "select count(*) from domains")
            sensor = sensor.run_again()
            seen = sensor.status()
            want((seen["profiles"]["pairs"], [seen["profiles"]["clients"]], [seen["profiles"]["domains"]]),
                 (kept, clients, domains), "pairs, clients, domains")
            want((seen["store"]["state"], seen["state"]), ("ok", "ok"), "state")
    with case("SIGTERM: everything that was seen is in the store"):
        load = Load(lab, ns, sent)
        time.sleep(0.3)
        load.end()
        there = sensor.settle()["profiles"]["pairs"]
        check(there > kept, there, kept)
        want(sensor.stop(), 0, "exit status")
        want(pairs(sensor.store), there, "pairs")
    return sensor.store


def test_two(lab, ns):
    with Sensor(lab, ns, ["eth0"], CONFIG) as first, Sensor(lab, ns, ["eth1"], CONFIG, more=["-S", first.store]) as second:
        with case("a second sensor on the same file: degraded, says whose it is, and its events flow"):
            want((second.status()["state"], second.status()["reason"], store_state(second)),
                 ("degraded", "store-locked", "store-locked"), "the second one's state")
            want(store_state(first), "ok", "the first one's store")
            check("pid %d)" % first.pid in second.log_text(), second.log_text())
            want_events(lab, second, ns, address(5, 2))
            want_events(lab, first, ns)
        with case("the first one ends: the store is the second one's, with what both have seen"):
            want(first.stop(), 0, "exit status")
            until(lambda: store_state(second) == "ok", 15)
            want((store_state(second), second.status()["state"]), ("ok", "ok"), "state")
            want(second.stop(), 0, "exit status")
            want(rows(first.store, "select sum(queries) from domains where domain = 'lab.test'"), [2], "lookups below lab.test")


def test_full(lab, ns):
    disk = lab.path("disk")
    os.mkdir(disk)
    lab.sh("mount -t tmpfs -o size=1m metsuke-test " + disk)
    lab.at_exit(lab.sh, "umount -l " + disk)
    with Sensor(lab, ns, ["eth0"], CONFIG, more=["-S", disk + "/metsuke.db"]) as sensor:
        with case("a full disk: the sensor goes on, degraded"):
            until(lambda: store_state(sensor) == "ok" and os.path.exists(disk + "/metsuke.db-wal"))
            fd = os.open(disk + "/filler", os.O_WRONLY | os.O_CREAT)
            with contextlib.suppress(OSError):
                while os.write(fd, bytes(4096)):
                    pass
            os.close(fd)
            load = Load(lab, ns, 0)
            until(lambda: store_state(sensor) == "store-full", 15)
            load.end()
            seen = sensor.status()
            want((seen["state"], seen["reason"], seen["store"]["state"]), ("degraded", "store-full", "store-full"), "state")
            check(seen["store"]["errors"] > 0, seen["store"])
            want_events(lab, sensor, ns)
        with case("room again: written, as if nothing had been"):
            os.remove(disk + "/filler")
            until(lambda: store_state(sensor) == "ok", 20)
            want(sensor.status()["state"], "ok", "state")
            check("works again" in sensor.log_text(), sensor.log_text())


def test_locked(lab, ns):
    with Sensor(lab, ns, ["eth0"], CONFIG) as sensor:
        with case("another program holds the database: the sensor goes on, degraded, and writes when it is let"):
            until(lambda: store_state(sensor) == "ok" and os.path.exists(sensor.store))
            db = sqlite3.connect(sensor.store, isolation_level=None)
            db.execute("begin immediate")
            want_events(lab, sensor, ns)
            until(lambda: store_state(sensor) == "store-busy", 15)
            want((sensor.status()["state"], sensor.status()["reason"]), ("degraded", "store-busy"), "state")
            want_events(lab, sensor, ns)
            db.execute("rollback")
            db.close()
            until(lambda: store_state(sensor) == "ok", 15)
            want(sensor.status()["state"], "ok", "state")
            want(sensor.stop(), 0, "exit status")
            want(rows(sensor.store, "select queries from domains where domain = 'lab.test'"), [2], "lookups below lab.test")


def test_check(lab, kept):
    def said(word, config):
        done = lab.run(None, [METSUKE, "check", "-c", lab.file("check.yaml", config)])
        return done.status, next((line.split(None, 2) for line in done.out.splitlines() if line.split(None, 2)[1] == word), done.out)

    with case("metsuke check: the model that comes with the program, and one that is broken"):
        status, (state, _, text) = said("model", "interfaces: [lo]")
        check((status, state) == (0, "ok") and text.startswith("builtin: ") and "rows of HTTP" in text, status, state, text)
        broken = lab.file("broken.json", '{\n"format": "metsuke-model",\n')
        status, (state, _, text) = said("model", "interfaces: [lo]\ndetect: {model: '%s'}" % broken)
        check((status, state) == (1, "MISSING") and text.startswith(broken + ": line "), status, state, text)
    store = "interfaces: [lo]\nstore: {path: '%s'}"
    foreign, ours = lab.path("foreign.db"), sqlite3.connect(lab.path("foreign.db"))
    ours.execute("create table other (x)")
    ours.commit()
    ours.close()
    for what, path, state, word in (("in use before", kept, "ok", "version 1, %d pairs" % pairs(kept)),
                                    ("that is not there yet", lab.path("new.db"), "ok", "made at start"),
                                    ("in a folder that is not there", lab.path("no/where/new.db"), "absent", "No such file"),
                                    ("of another program", foreign, "absent", foreign),
                                    ("that is no database", lab.file("text.db", "text " * 999), "absent", "not a database")):
        with case("metsuke check: a store %s" % what):
            status, line = said("store", store % path)
            want((status, line[0], word in line[2]), (0, state, True), "status, line: %s" % line)


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    for n in (0, 1):
        lab.link(ns, "eth%d" % n, outside, "up%d" % n, 4 + n)
    lab.dnsmasq(outside, [SERVER, address(5, 2)])
    kept = test_killed(lab, ns)
    test_two(lab, ns)
    test_full(lab, ns)
    test_locked(lab, ns)
    test_check(lab, kept)


if __name__ == "__main__":
    main(test)
