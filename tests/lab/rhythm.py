"""rhythm.py: how clients ask domains over HTTP, computed from the events of requests alone and by nothing of the sensor's:
to see what a lab's traffic is like, and why a bot was missed."""
import datetime
import json
import statistics
from collections import defaultdict

MERGE_S = 2.0       # requests closer than this are one check-in
LEAST = 8, 5        # requests and gaps that a pair needs before it says anything


def seconds(stamp):
    """@timestamp, since 1970."""
    whole, _, part = stamp.rstrip("Z").partition(".")
    then = datetime.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    return then.timestamp() + float("0." + (part or "0"))


def registrable(name):
    """.example and .test, where the lab's names are, are suffixes by themselves. An address stays whole."""
    labels = name.lower().rstrip(".").split(".")
    return ".".join(labels if labels[-1].isdigit() else labels[-2:])


class Pair:
    """A client at a domain."""

    def __init__(self):
        self.times, self.urls, self.agents, self.lengths, self.methods = [], set(), set(), [], set()
        self.resent = 0

    def add(self, e):
        self.times.append(seconds(e["@timestamp"]))
        url = e["url"]["original"]
        self.urls.add(url)
        self.lengths.append(len(url))
        self.methods.add(e["http"]["request"]["method"])
        self.agents.add(e.get("user_agent", {}).get("original"))

    def checkins(self):
        """Their starts."""
        starts, last = [], None
        for t in self.times:
            if last is None or t - last >= MERGE_S:
                starts.append(t)
            last = t
        return starts

    def gaps(self):
        starts = self.checkins()
        return [b - a for a, b in zip(starts, starts[1:])]

    def enough(self):
        return len(self.times) >= LEAST[0] and len(self.gaps()) >= LEAST[1]

    def cv(self):
        gaps = self.gaps()
        return statistics.stdev(gaps) / statistics.mean(gaps)

    def length_sd(self):
        return statistics.stdev(self.lengths)


def read_requests(paths):
    """{(client, registrable domain): Pair} of files of events."""
    pairs = defaultdict(Pair)
    for path in paths:
        with open(path) as f:
            for line in f:
                if '"action":"http-request"' in line:
                    e = json.loads(line)
                    pairs[e["source"]["ip"], registrable(e["url"]["domain"])].add(e)
    return dict(pairs)


def quantile(values, share):
    values = sorted(values)
    at = share * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (at - low)


def print_traffic(pairs, kind_of):
    """What the pairs of each kind are like. kind_of(client, domain): text."""
    kinds = defaultdict(list)
    few = defaultdict(int)
    for (client, domain), pair in pairs.items():
        kind = kind_of(client, domain)
        if pair.enough():
            kinds[kind].append(pair)
        else:
            few[kind] += 1
    print("Pairs of client and domain over HTTP, with at least %d requests and %d gaps" % LEAST)
    print("  %-24s %5s %6s  %-29s  %5s %6s  %6s" % ("kind", "pairs", "fewer", "CV of gaps: 5 25 50 75 95 %", "URLs", "1 URL", "sd 0"))
    for kind in sorted({*kinds, *few}):
        some = kinds[kind]
        if not some:
            print("  %-24s %5d %6d" % (kind, 0, few[kind]))
            continue
        print("  %-24s %5d %6d  %s  %5g %5.0f%%  %5.0f%%" % (
            kind, len(some), few[kind], " ".join("%5.2f" % quantile([p.cv() for p in some], q) for q in (.05, .25, .5, .75, .95)),
            statistics.median(len(p.urls) for p in some), 100 * sum(len(p.urls) == 1 for p in some) / len(some),
            100 * sum(p.length_sd() < 0.001 for p in some) / len(some)))
