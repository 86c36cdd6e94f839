#!/usr/bin/env python3
"""experiments.py: the two experiments of Mihara et al., 2008, on generated captures, and a shortened one live: `make lab`.
Prints their tables; exit status 1 when a bot was missed or a benign host accused."""
import os
import subprocess
import sys
import time

import judge
import tables

ROOT = os.path.dirname(os.path.dirname(tables.HERE))
BUILD = os.path.join(ROOT, os.environ.get("METSUKE_BUILD", "build"))
WATCHLIST = os.path.join(tables.HERE, "watchlist.tsv")


def generate(kind, path, *options):
    subprocess.run([os.path.join(BUILD, "lab", "labgen"), kind, "-d", tables.HERE, *options, path], check=True,
                   stdout=subprocess.DEVNULL)


def replay(capture, events):
    with open(events, "wb") as out:
        subprocess.run([os.path.join(BUILD, "metsuke"), "replay", "-q", "-c", "/dev/null", "-l", WATCHLIST, capture],
                       check=True, stdout=out, stderr=subprocess.DEVNULL)


def experiment(kind, *options):
    """The hosts of a generated capture with what was told of them, false alarms, the capture and its events."""
    capture = os.path.join(BUILD, "lab", kind + ".pcap")
    events = os.path.join(BUILD, "lab", kind + ".ndjson")
    began = time.monotonic()
    generate(kind, capture, *options)
    made = time.monotonic()
    replay(capture, events)
    print("%s: made in %.1f s, replayed in %.1f s" % (os.path.relpath(capture, ROOT), made - began, time.monotonic() - made),
          file=sys.stderr)
    hosts = judge.read_labels(capture + ".labels.tsv")
    return hosts, judge.judge(hosts, judge.read_alerts(events)), capture, events


def count_lookups(events):
    with open(events) as f:
        return sum('"action":"dns-query"' in line for line in f)


def live():
    if os.geteuid():
        print("SKIPPED: the live experiment needs root, for namespaces and the sensor")
        return 0
    return subprocess.run([sys.executable, os.path.join(tables.HERE, "live.py")]).returncode


def main():
    hosts, false, _, _ = experiment("bots")
    tables.print_names(hosts)
    tables.print_addresses(hosts)
    tables.print_found(hosts)
    wrong = judge.faults(hosts, false)

    hosts, false, capture, events = experiment("benign")
    tables.print_benign(hosts, tables.count_packets(capture, hosts), count_lookups(events), 24, false)
    wrong += judge.faults(hosts, false)
    sys.stdout.flush()
    failed = live()
    for fault in wrong:
        print("WRONG: " + fault)
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
