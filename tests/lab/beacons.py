#!/usr/bin/env python3
"""beacons.py: mixed networks with HTTP beacons, through metsuke replay: which bots were found, which missed, and what else was
accused.

usage: beacons.py [--seeds A-B] [--hosts N] [--bots N] [--hours N] [--grid] [--traffic] [--methods]
                  [--networks] [--config FILE] [--keep] [-- LABGEN...]
       beacons.py --judge LABELS EVENTS...

--traffic: what the pairs of each kind are like, computed from the requests. --grid: one network for each period and jitter.
--networks: with the table of who announces the made-up addresses, if the configuration names none.
--methods: the second paper's method as written, and each detector alone, over the same profiles.
What comes after -- goes to labgen mixed, for example --period 60 --jitter 0.1 --url random. Exit status 1: a bot with at least
12 check-ins was missed, or more than one false alarm came in 50 clean host-days."""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

import intervals
import paper_method
import rhythm
from beacon_judge import DUE, Verdict, delay, read_alerts, read_labels, why_missed

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("METSUKE_BUILD", "build"))
METSUKE = os.path.join(BUILD, "metsuke")
PERIODS = (10, 30, 60, 300, 900, 1800, 3600)
JITTERS = (0, 0.1, 0.2, 0.3)
BANDS = (("period", "s", (10, 30, 100, 300, 1000, 3601)), ("jitter", "%", (0, 10, 20, 30.1)))
FALSE_PER_HOST_DAY = 1 / 50


class Trial:
    """One capture, what replay says of it, and what is in it."""

    def __init__(self, labels, events, hours):
        self.verdict, self.hours = Verdict(read_labels(labels), read_alerts(events)), hours
        self.pairs = rhythm.read_requests(events)
        self.clients, self.accused = {}, {}
        for client, domain in self.pairs:
            self.clients[domain] = self.clients.get(domain, 0) + 1

    def pair(self, bot):
        return self.pairs.get((bot.client, bot.domain))


def generate(folder, name, *options):
    capture = os.path.join(folder, name)
    subprocess.run([os.path.join(BUILD, "lab", "labgen"), "mixed", *options, capture], check=True, stdout=subprocess.DEVNULL)
    return capture


def replay(capture, config, events, *more):
    with open(events, "wb") as out:
        subprocess.run([METSUKE, "replay", "-q", "-c", config, *more, capture], check=True, stdout=out)
    return events


def config_of(capture, args):
    """The configuration's path; with --networks one that knows who announces the capture's addresses."""
    if not args.networks:
        return args.config
    path = capture + ".yaml"
    with open(args.config) as f, open(path, "w") as out:
        out.write(f.read() + "networks:\n  prefix_tables: [%s.pfx2as]\n" % os.path.basename(capture))
    return path


def attempt(folder, seed, args, *more):
    if args.networks:
        more = (*more, "--pfx2as")
    capture = generate(folder, "mixed-%d.pcap" % seed, "-s", str(seed), "-n", str(args.hosts), "-b", str(args.bots),
                       "-t", str(args.hours), "--light", *args.labgen, *more)
    labels, store = capture + ".labels.tsv", capture + ".db"
    if os.path.exists(store): # of a run before, with --keep
        os.unlink(store)
    events = replay(capture, config_of(capture, args), capture + ".ndjson", *(("-S", store) if args.methods else ()))
    trial = Trial(labels, [events], args.hours)
    if args.methods:
        trial.accused = paper_method.accused(paper_method.Profiles(METSUKE, store, folder))
    if not args.keep:
        for leaf in os.listdir(folder):
            os.unlink(os.path.join(folder, leaf))
    return trial


def share(k, n):
    low, high = intervals.two_sided(k, n)
    return "%4d of %4d  %.3f to %.3f" % (k, n, low, high)


def print_share(what, verdicts):
    """verdicts: whether each was found."""
    if verdicts:
        print("  %-26s %s" % (what, share(sum(verdicts), len(verdicts))))


def due_bots(trials):
    """(bot, whether it was found, its trial)"""
    return [(b, found, t) for t in trials for b, found in t.verdict.each() if b.checkins >= DUE]


def print_found(trials):
    due = due_bots(trials)
    early = [found for t in trials for b, found in t.verdict.each() if b.checkins < DUE]
    print("Bots with at least %d check-ins that were found; 95 %% interval (Clopper-Pearson)" % DUE)
    print_share("all", [found for _, found, _ in due])
    for field, unit, edges in BANDS:
        for low, high in zip(edges, edges[1:]):
            print_share("%s %g to %g %s" % (field, low, int(high), unit), [
                found for b, found, _ in due if low <= (b.period_s if field == "period" else 100 * b.jitter) < high])
    for field in ("kind", "url", "spread", "method", "agent"):
        values = sorted({getattr(b, field) for b, _, _ in due})
        for value in values if values != ["beacon"] else ():
            print_share("%s %s" % (field, value), [found for b, found, _ in due if getattr(b, field) == value])
    print("  with fewer check-ins: %d, of which found %d" % (len(early), sum(early)))
    for b, found, trial in due:
        if not found:
            print("  MISSED %s: %s" % (b, why_missed(b, trial.pair(b), trial.clients.get(b.domain, 0))))


def print_delays(trials):
    delays = [delay(b, trial.verdict.alert_of(b), trial.pair(b)) for b, found, trial in due_bots(trials)
              if found and trial.pair(b) and trial.verdict.alert_of(b)]
    if delays:
        print("Delay to the first alert: median %g check-ins, 95 %% within %.0f; median %.1f minutes, 95 %% within %.1f" % (
            statistics.median(n for n, _ in delays), rhythm.quantile([n for n, _ in delays], 0.95),
            statistics.median(m for _, m in delays), rhythm.quantile([m for _, m in delays], 0.95)))


def print_false(trials):
    """Returns false alarms and host-days of clean hosts."""
    days = clean = everywhere = 0
    kinds = {}
    for t in trials:
        hosts = t.verdict.clean_hosts()
        days += len(hosts) * t.hours / 24
        everywhere += len(t.verdict.false)
        clean += sum(client is None or client in hosts for client, _, _ in t.verdict.false)
        for kind, accused in t.verdict.false_kinds().items():
            kinds.setdefault(kind, []).extend((t, a) for a in accused)
    print("False alarms, each (client, domain, day) once: %d, of which %d about clean hosts, in %g clean host-days" % (
        everywhere, clean, days))
    if days:
        tries = max(int(days), 1)
        low, high = intervals.two_sided(min(clean, tries), tries)
        print("  per clean host-day %.3f; 95 %% interval %.3f to %.3f" % (clean / days, low, high))
    for kind, accused in sorted(kinds.items(), key=lambda x: -len(x[1])):
        print("  %-24s %4d" % (kind, len(accused)))
        for t, (client, domain, day) in accused[:5]:
            pair = t.pairs.get((client, domain))
            print("    %s %s %s%s" % (day, client, domain, "; %d check-ins, CV %.2f, %d URLs, %d clients" % (
                len(pair.checkins()), pair.cv(), len(pair.urls), t.clients[domain]) if pair and pair.enough() else ""))
    return clean, days


def print_methods(trials):
    """Ours and others over the same profiles. Everything in pairs of client and domain, each once, whenever it was told."""
    said = {"ours": [set(t.verdict.first) | {(c, d) for c, d, _ in t.verdict.false} for t in trials]}
    for name in trials[0].accused:
        said[name] = [t.accused[name] for t in trials]
    days = sum(len(t.verdict.clean_hosts()) * t.hours / 24 for t in trials)
    print("The same profiles, other methods. Accused: pairs of a clean host and a domain, in %g clean host-days" % days)
    print("  %-56s %-13s %-16s %7s %13s" % ("method", "bots found", "95 % interval", "accused", "a host-day"))
    for name, pairs in said.items():
        due = [(b.client, b.domain) in p for t, p in zip(trials, pairs) for b in t.verdict.bots if b.checkins >= DUE]
        clean = sum(c in t.verdict.clean_hosts() for t, p in zip(trials, pairs) for c, _ in p)
        print("  %-56s %4d of %4d  %.3f to %.3f   %6d  %12.3f" % (
            name, sum(due), len(due), *intervals.two_sided(sum(due), len(due)), clean, clean / days if days else 0))


def print_all(trials):
    """Exit status."""
    print_found(trials)
    print_delays(trials)
    clean, days = print_false(trials)
    if trials[0].accused:
        print_methods(trials)
    missed = any(not found for _, found, _ in due_bots(trials))
    return 1 if missed or clean > max(1, days * FALSE_PER_HOST_DAY) else 0


def grid(folder, args):
    print("Found of those with at least %d check-ins, by period and jitter" % DUE)
    print("  %8s %s" % ("", " ".join("%9.0f %%" % (100 * j) for j in JITTERS)))
    trials = []
    for period in PERIODS:
        cells = []
        for jitter in JITTERS:
            some = [attempt(folder, seed, args, "--period", str(period), "--jitter", str(jitter)) for seed in args.seeds]
            due = due_bots(some)
            cells.append("%11s" % ("%d of %d" % (sum(found for _, found, _ in due), len(due))))
            trials += some
        print("  %6d s %s" % (period, " ".join(cells)))
    return print_all(trials)


def traffic(trials):
    pairs, kinds = {}, {}
    for i, t in enumerate(trials):
        for (client, domain), pair in t.pairs.items():
            pairs[(i, client), domain] = pair
            kinds[(i, client), domain] = t.verdict.kind(client, domain)
    rhythm.print_traffic(pairs, lambda client, domain: kinds[client, domain])


def options():
    p = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    p.add_argument("--seeds", default="1-3")
    p.add_argument("--hosts", type=int, default=20)
    p.add_argument("--bots", type=int, default=5)
    p.add_argument("--hours", type=int, default=72)  # who knows a domain is known after a day
    p.add_argument("--config", default="/dev/null")
    for flag in ("--grid", "--traffic", "--methods", "--networks", "--keep"):
        p.add_argument(flag, action="store_true")
    p.add_argument("--judge", nargs="+", metavar="FILE")
    p.add_argument("labgen", nargs="*")
    args = p.parse_args()
    first, _, last = args.seeds.partition("-")
    args.seeds = range(int(first), int(last or first) + 1)
    return args


def main():
    args = options()
    if args.judge:
        trials = [Trial(args.judge[0], args.judge[1:], args.hours)]
        if args.traffic:
            traffic(trials)
        return print_all(trials)
    folder = os.path.join(BUILD, "lab") if args.keep else tempfile.mkdtemp(prefix="beacons-", dir=os.path.join(BUILD, "lab"))
    try:
        if args.grid:
            return grid(folder, args)
        trials = [attempt(folder, seed, args) for seed in args.seeds]
        if args.traffic:
            traffic(trials)
        return print_all(trials)
    finally:
        if not args.keep:
            for leaf in os.listdir(folder):
                os.unlink(os.path.join(folder, leaf))
            os.rmdir(folder)


if __name__ == "__main__":
    sys.exit(main())
