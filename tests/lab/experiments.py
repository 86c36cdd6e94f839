#!/usr/bin/env python3
"""experiments.py: the two experiments of Mihara et al., 2008, on generated captures, and a shortened one live: `make lab`.
Prints their tables; exit status 1 when a bot was missed or a benign host accused. FULL=1: 300 bots and 300 benign host-days
besides, of 20 and 15 other seeds."""
import os
import subprocess
import sys
import time

import judge
import tables

ROOT = os.path.dirname(os.path.dirname(tables.HERE))
BUILD = os.path.join(ROOT, os.environ.get("METSUKE_BUILD", "build"))
WATCHLIST = os.path.join(tables.HERE, "watchlist.tsv")


def say(text):
    print(text, file=sys.stderr, flush=True)


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
    say("%s: made in %.1f s, replayed in %.1f s" % (os.path.relpath(capture, ROOT), made - began, time.monotonic() - made))
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


def benign(*options):
    """Faults, false alarms, packets of each host, lookups of a day."""
    hosts, false, capture, events = experiment("benign", *options)
    return judge.faults(hosts, false), false, list(tables.count_packets(capture, hosts).values()), count_lookups(events)


def extension():
    """The same with other seeds: other sites, gaps, addresses. Returns the faults."""
    everyone, faults, false, packets, lookups = {}, [], [], [], 0
    for seed in range(1, 21):
        hosts, wrong, _, _ = experiment("bots", "-s", str(seed))
        everyone.update({(seed, ip): h for ip, h in hosts.items()})
        faults += judge.faults(hosts, wrong)
    for seed in range(1, 16):
        wrong, alarms, counts, asked = benign("-s", str(seed))
        faults, false, packets, lookups = faults + wrong, false + alarms, packets + counts, lookups + asked
    print("Other seeds: %d bots" % len(everyone))
    tables.print_found(everyone)
    tables.print_benign(packets, lookups, 24)
    tables.print_false(len(false), sum(packets), lookups, len(packets))
    return faults


def main():
    hosts, false, _, _ = experiment("bots")
    tables.print_names(hosts)
    tables.print_addresses(hosts)
    tables.print_found(hosts)
    wrong = judge.faults(hosts, false)

    faults, false, packets, lookups = benign()
    tables.print_benign(packets, lookups, 24)
    tables.print_false(len(false), sum(packets), lookups, len(packets))
    wrong += faults
    if os.environ.get("FULL"):
        wrong += extension()
    sys.stdout.flush()
    failed = live()
    for fault in wrong:
        print("WRONG: " + fault)
    return 1 if wrong or failed else 0


if __name__ == "__main__":
    sys.exit(main())
