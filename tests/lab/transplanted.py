#!/usr/bin/env python3
"""transplanted.py: one network of made-up users and of the hosts of real captures, as one capture with labels.

usage: transplanted.py [--hosts N] [--hours N] [--seed N] [--only WORD,...] [--full] CORPUS OUT [-- LABGEN...]

CORPUS is a folder with labels.tsv (pcap, infected_host, cc_domain_or_ip, family, source, channel, role, confidence) and
pcap/. Each host that the labels name becomes a host of its own, 198.18.100.1 on, and asks the network's resolver; its capture
starts some time by day, not on the first where there is another. The users around them are labgen mixed's: 50 for three days, no bots;
what comes after -- goes to it, for example --benign all. OUT and OUT.labels.tsv are as labgen's; of the role in the corpus, cc,
cc-or-decoy, dga and tunnel are bot here, the others stay as they are, and the kind is family/role. Check-ins and requests are those
of the capture itself: HTTP requests, or else lookups, closer than 2 s as one. Nothing of the corpus is kept elsewhere."""
import argparse
import datetime
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from rhythm import MERGE_S, seconds

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("METSUKE_BUILD", "build"))
LABGEN, METSUKE = os.path.join(BUILD, "lab", "labgen"), os.path.join(BUILD, "metsuke")
START = 1767571200  # labgen's: 2026-01-05, a Monday
BOTS = ("cc", "cc-or-decoy", "dga", "tunnel")
EARLIEST, LATEST = 9, 16  # o'clock
FIELDS = "pcap host name family source channel role confidence".split()


def fail(text):
    sys.exit("transplanted.py: " + text)


def read_rows(corpus):
    path, rows = os.path.join(corpus, "labels.tsv"), []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            values = line.rstrip("\n").split("\t")
            if number == 1 and values[0] == "pcap" or not line.strip() or line.startswith("#"):
                continue
            if len(values) != len(FIELDS):
                fail("%s:%d: %d fields, not %d" % (path, number, len(values), len(FIELDS)))
            rows.append(dict(zip(FIELDS, values)))
            if not os.path.exists(os.path.join(corpus, "pcap", values[0])):
                fail("%s:%d: %s: no such capture in %s/pcap" % (path, number, values[0], corpus))
    return rows


def new_address(i, old):
    four = "198.18.%d.%d" % (100 + i // 250, 1 + i % 250)
    if ":" not in old:
        return four
    a, b, c, d = map(int, four.split("."))
    return "2001:db8:18::%x:%x" % (a << 8 | b, c << 8 | d)


def start_of(capture, host, seed, hours):
    """By day, not the first where there is another, whatever else is transplanted."""
    r = random.Random("%d %s %s" % (seed, capture, host))
    days = [d for d in range(1, hours // 24 + 1) if 24 * d + LATEST <= hours] or [0]
    return START + r.choice(days) * 86400 + r.uniform(EARLIEST, LATEST) * 3600


def run(*args):
    out = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if out.returncode:
        fail("%s: exit %d\n%s" % (" ".join(args), out.returncode, out.stderr.strip()))
    return out.stdout


def stamp(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Seen:
    """What the host of a capture asks for, by the events of a replay."""

    def __init__(self, capture):
        out = subprocess.run([METSUKE, "replay", "-q", "-c", "/dev/null", capture], stdout=subprocess.PIPE, check=True)
        self.items = []  # (time, client, lower-case name, registrable domain, kind)
        for line in out.stdout.splitlines():
            e = json.loads(line)
            action, client = e["event"].get("action"), e.get("source", {}).get("ip")
            if action == "dns-query":
                q = e["dns"]["question"]
                self.items.append((seconds(e["@timestamp"]), client, q["name"].lower(), q.get("registered_domain"), "dns"))
            elif action == "http-request":
                url = e.get("url", {})
                for name in {url.get("domain"), e.get("destination", {}).get("ip")} - {None}:
                    self.items.append((seconds(e["@timestamp"]), client, name.lower(), url.get("registered_domain"), "http"))

    def of(self, client, name):
        """(domain, times) of a name or of what is below it; of DGA:PATTERN what fits it."""
        pattern = re.match(r"DGA:(\S+)", name)
        if pattern:
            fits = re.compile(pattern.group(1) + r"\Z")
        else:
            fits = re.compile("" if name.startswith("(") else r"(.*\.)?" + re.escape(name.lower()) + r"\Z")
        mine = [x for x in self.items if x[1] == client and fits.match(x[2])]
        requests = [x for x in mine if x[4] == "http"] or mine
        domains = [x[3] for x in mine if x[3]]
        domain = "-" if pattern or name.startswith("(") or name == "-" else domains[0] if domains else name
        return domain, sorted(x[0] for x in requests)


def checkins(times):
    return sum(i == 0 or t - times[i - 1] >= MERGE_S for i, t in enumerate(times))


def label(client, row, seen):
    domain, times = seen.of(client, row["name"])
    name = row["name"] if domain != "-" or row["name"].startswith("DGA:") else "-"
    role = "bot" if row["role"] in BOTS else row["role"]
    kind = row["role"] if role == "benign" else "%s/%s" % (row["family"], row["role"])
    return "\t".join([client, role, kind, domain, name.split(" ")[0], *["-"] * 6, *((stamp(times[0]), stamp(times[-1])) if times
                      else "--"), str(checkins(times)), str(len(times))]) + "\n"


def transplant(corpus, rows, folder, args):
    """Captures and lines of labels."""
    made, labels = [], []
    for i, (capture, host) in enumerate(dict.fromkeys((r["pcap"], r["host"]) for r in rows)):
        client, out = new_address(i, host), os.path.join(folder, "%d.pcap" % i)
        said = run(LABGEN, "transplant", "--host", "%s=%s" % (host, client), "--start",
                   "%.6f" % start_of(capture, host, args.seed, args.hours), os.path.join(corpus, "pcap", capture), out)
        print("%s, %s as %s: %s" % (capture, host, client, said.split(": ")[1].strip()))
        seen = Seen(out)
        labels += [label(client, r, seen) for r in rows if (r["pcap"], r["host"]) == (capture, host)]
        made.append(out)
    return made, labels


def options():
    p = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n\n")[0])
    p.add_argument("--hosts", type=int, default=50)
    p.add_argument("--hours", type=int, default=72)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--only", help="captures whose names hold one of these words")
    p.add_argument("--full", action="store_true", help="users' content in full, not as labgen --light")
    p.add_argument("corpus")
    p.add_argument("out")
    argv, more = sys.argv[1:], []
    if "--" in argv:
        argv, more = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    args = p.parse_args(argv)
    args.labgen = more
    return args


def main():
    args = options()
    try:
        rows = read_rows(args.corpus)
    except OSError as e:
        fail("%s: %s" % (e.filename, e.strerror))
    if args.only:
        rows = [r for r in rows if any(word in r["pcap"] for word in args.only.split(","))]
    if not rows:
        fail("%s/labels.tsv: no capture" % args.corpus)
    folder = tempfile.mkdtemp(prefix=".transplanted-", dir=os.path.dirname(os.path.abspath(args.out)))
    try:
        users = os.path.join(folder, "users.pcap")
        run(LABGEN, "mixed", "-n", str(args.hosts), "-b", "0", "-t", str(args.hours), "-s", str(args.seed),
            *([] if args.full else ["--light"]), "--pfx2as", *args.labgen, users)
        made, labels = transplant(args.corpus, rows, folder, args)
        print(run(LABGEN, "merge", args.out, users, *made).strip())
        with open(users + ".labels.tsv") as f, open(args.out + ".labels.tsv", "w") as out:
            shutil.copyfileobj(f, out)
            out.writelines(labels)
        os.replace(users + ".pfx2as", args.out + ".pfx2as")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
