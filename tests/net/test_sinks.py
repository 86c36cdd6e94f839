#!/usr/bin/env python3
"""test_sinks.py: where the lines go. No line is lost that is not counted, none is cut in two, and a sink in trouble
does not hurt the one beside it."""
import contextlib
import glob
import os
import signal
import socket
import subprocess
import time

from lab import Sensor, address, case, check, main, read_lines, until, want

SERVER = address(7, 2)


def queries(events):
    return [e["dns"]["question"]["name"] for e in events if e["event"]["action"] == "dns-query"]


def want_all(events, names):
    """Every query once and in order, and no gap in the sensor's own numbers."""
    events = sorted(events, key=lambda e: e["event"]["sequence"])
    want(len(queries(events)), len(names), "queries")
    want(queries(events), names, "queries")
    want([e["event"]["sequence"] for e in events], list(range(1, len(events) + 1)), "event.sequence")


def sink(sensor, kind):
    return next(s for s in sensor.status()["sinks"] if kind in s["sink"])


def test_reopen(lab, ns):
    with Sensor(lab, ns, ["eth0"]) as sensor, case("rename and SIGHUP under way: lines go on in the new file"):
        def rotate(i):
            if i in (200, 400, 600):
                os.rename(sensor.file, "%s.%d" % (sensor.file, i))
                sensor.send(signal.SIGHUP)
        names = lab.stream(ns, SERVER, 800, 0.002, between=rotate)
        want(sensor.stop(), 0, "exit status")
        parts = [read_lines(f) for f in glob.glob(sensor.file + "*")]
        want(len(parts), 4, "files")
        check(all(len(p) > 50 for p in parts), "lines in the files:", [len(p) for p in parts])
        want_all(sum(parts, []), names)


def test_rotation(lab, ns):
    for keep, limit in ((1000, 20000), (3, 20000), (1000, 100)):
        with Sensor(lab, ns, ["eth0"], "output:\n  rotate_bytes: %d\n  rotate_keep: %d" % (limit, keep)) as sensor:
            with case("a new file every %d bytes, %d kept" % (limit, keep)):
                names = lab.stream(ns, SERVER, 300, 0.0005)
                want(sensor.stop(), 0, "exit status")
                files = glob.glob(sensor.file + "*")
                events = read_lines(*files)
                for f in files:
                    check(os.path.getsize(f) <= limit or len(read_lines(f)) == 1, f, "has", os.path.getsize(f), "bytes")
                if keep == 3:
                    want(sorted(f[len(sensor.file):] for f in files), ["", ".1", ".2", ".3"], "files")
                    last = [e["event"]["sequence"] for e in sorted(events, key=lambda e: e["event"]["sequence"])]
                    want(last, list(range(last[0], last[0] + len(last))), "numbers of the lines that were kept")
                    check(queries(events), "no queries kept")
                else:
                    want_all(events, names)


def test_slow_reader(lab, ns):
    path = lab.path("reader.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        sensor = Sensor(lab, ns, ["eth0"], "output:\n  queue_bytes: 262144", sinks=["unix:" + path], wait=False,
                        more=["-o", "file:" + lab.path("beside")])
        sensor.file = lab.path("beside")
        with sensor:
            reader = stop_reading(lab, ns, sensor, listener)
            read_again(lab, ns, sensor, reader)


def stop_reading(lab, ns, sensor, listener):
    with case("a Unix socket whose reader stops reading loses its own lines; the file beside it has all"):
        reader = listener.accept()[0]
        sensor.wait(lambda e: e["event"]["action"] == "metsuke-started")
        names = lab.stream(ns, SERVER, 3000, 0.0005)
        sensor.wait(lambda e: e.get("dns", {}).get("question", {}).get("name") == names[-1])
        unread, beside, status = sink(sensor, "unix"), sink(sensor, "file"), sensor.status()
        check(unread["dropped"] > 500, "dropped by the socket:", unread)
        want((beside["dropped"], beside["errors"], beside["working"]), (0, 0, True), "file sink")
        want(status["ledger"]["lost_bulk"], 0, "lost_bulk")
        lost = sensor.wait(lambda e: e["event"]["action"] == "events-lost")
        check(lost[0]["metsuke"]["lost"]["sink"] > 0, "metsuke.lost.sink:", lost[0])
    return reader


def read_again(lab, ns, sensor, reader):
    def read(got):
        reader.settimeout(1)
        with contextlib.suppress(TimeoutError):
            while more := reader.recv(1 << 20):
                got += more
        return got

    with case("once the reader reads again, what it gets are whole lines, and each lost one is counted"):
        got = read(b"")
        more = lab.stream(ns, SERVER, 5, 0.01)
        events = read_lines(lab.file("got", read(got)))
        want(queries(events)[-5:], more, "the last queries")
        dropped = sink(sensor, "unix")["dropped"]
        want(len(events) + dropped, len(sensor.events()), "lines read + dropped, of those in the file")
        reader.close()
        want(sensor.stop(), 0, "exit status")
        want_all(sensor.events(), queries(sensor.events())[:3000] + more)
        check("lines lost" in sensor.log_text(), "no word about it in:", sensor.log_text())


def test_unix_restart(lab, ns):
    path = lab.path("comes.sock")
    with Sensor(lab, ns, ["eth0"], sinks=["unix:" + path], wait=False) as sensor:
        with case("a Unix socket that is not there yet: degraded; it connects once there is one"):
            until(lambda: os.path.exists(sensor.runtime + "/control.sock") and sensor.status()["state"] == "degraded")
            want(sensor.status()["reason"], "sink-broken", "reason")
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
                listener.listen()
                listener.settimeout(1)
                for _ in range(20):  # it tries when there is something to say
                    lab.stream(ns, SERVER, 1)
                    with contextlib.suppress(TimeoutError):
                        listener.accept()[0].close()
                        break
                else:
                    check(False, "it does not connect")
            want(sensor.stop(), 0, "exit status")


def test_closed_output(lab, ns):
    with Sensor(lab, ns, ["eth0"], sinks=["-"], wait=False, stdout=subprocess.PIPE) as sensor:
        with case("standard output closed by its reader: a message and exit status 1"):
            first = sensor.process.stdout.readline()
            check(b"metsuke-started" in first, "first line:", str(first))
            sensor.process.stdout.close()
            lab.stream(ns, SERVER, 3, 0.05)
            want(sensor.exit_status(), 1, "exit status")
            check("standard output was closed by its reader" in sensor.log_text(), "says:", sensor.log_text())
            check(not os.path.exists(sensor.pins), "pins are left")


def test_full_disk(lab, ns):
    small = lab.path("small")
    os.mkdir(small)
    lab.sh("mount -t tmpfs -o size=256k,mode=755 tmpfs " + small)
    lab.at_exit(lab.sh, "umount -l " + small)
    with Sensor(lab, ns, ["eth0"], more=["-o", "file:%s/full" % small]) as sensor:
        names = []
        with case("a full disk: degraded, counted; capture and the other sink go on"):
            with open(small + "/filler", "wb") as filler:
                filler.write(bytes(180 << 10))
            names += lab.stream(ns, SERVER, 300, 0.001)
            full = until(lambda: [s for s in [sink(sensor, "full")] if not s["working"]])
            check(full, "it works:", sink(sensor, "full"))
            check(full[0]["errors"] > 0 and full[0]["dropped"] > 0, "errors and dropped:", full[0])
            status = sensor.status()
            want((status["state"], status["reason"]), ("degraded", "sink-broken"), "state")
            beside = sink(sensor, "events-")
            want((beside["dropped"], beside["errors"], beside["working"]), (0, 0, True), "the other sink")
            want(status["ledger"]["dns"], 300, "dns in the ledger")
        with case("... and that an events-lost line is lost there makes no other one"):
            sensor.settle()
            lines = len(sensor.events())
            time.sleep(8)
            more = [e["event"]["action"] for e in sensor.events()[lines:]]
            check(more in ([], ["events-lost"]), "in eight quiet seconds:", more)  # one for what the queue still held
        with case("space again: it works again, all lines in it are whole, those missing were counted"):
            os.unlink(small + "/filler")
            for _ in range(60):
                names += lab.stream(ns, SERVER, 1)
                if until(lambda: sink(sensor, "full")["working"], 0.2):
                    break
            want(sensor.status()["state"], "ok", "state")
            names += lab.stream(ns, SERVER, 20)
            sensor.settle()
            dropped = sink(sensor, "full")["dropped"]
            want(sensor.stop(), 0, "exit status")
            want_all(sensor.events(), names)
            there = read_lines(small + "/full")
            check(queries(there)[-20:] == names[-20:], "the last queries are not there")
            want(len(there) + dropped, len(sensor.events()), "lines in it + dropped, of all lines")


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 7)
    swallow = lab.silent(outside, SERVER)
    test_reopen(lab, ns)
    test_rotation(lab, ns)
    test_slow_reader(lab, ns)
    test_unix_restart(lab, ns)
    test_closed_output(lab, ns)
    test_full_disk(lab, ns)
    swallow.close()


if __name__ == "__main__":
    main(test)
