#!/usr/bin/env python3
"""live_beacon.py: two beaconing scripts among people's programs, in namespaces, with real DNS and web servers and the live sensor:
a shell script that starts a program for each check-in, and a Python script that stays. usage: live_beacon.py (root); exit
status 1 when one of them is not told of with its process, or anything else is."""
import math
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "net")]
import rhythm
from lab import PYTHON, Sensor, address, start

SERVER = address(9, 2)
CHECKINS, PERIOD_S, JITTER = 14, 3.0, 0.1
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SITES = ["www.stone-news.example", "riverforum.test", "blog.owl-kitchen.example", "www.maplesport.test", "photo318.example",
         "www.union-radio.test"]
STAYS = """import sys, time, urllib.request
for line in open(sys.argv[1]):
    pause, url = line.split()
    time.sleep(float(pause))
    urllib.request.urlopen(url, timeout=5).read()
"""


class Actor:
    """A program that asks for pages at set times: (seconds to wait, URL), the same for the same seed."""

    def __init__(self, label, domain, visits):
        self.label, self.domain, self.visits = label, domain, visits
        self.executable = self.process = None

    def start_shell(self, lab, ns, agent):
        """curl under another name, from a script."""
        self.executable = os.path.realpath(shutil.copy(shutil.which("curl"), lab.path(self.label)))
        script = lab.file(self.label + ".sh", "".join("sleep %.3f; %s -s -4 -m 5 -o /dev/null -A '%s' '%s' || exit 1\n" % (
            pause, self.executable, agent, url) for pause, url in self.visits))
        self.process = lab.spawn(ns, ["sh", script], resolver=SERVER)

    def start_python(self, lab, ns):
        self.executable = PYTHON
        visits = lab.file(self.label + ".txt", "".join("%.3f %s\n" % v for v in self.visits), 0o644)
        self.process = lab.spawn(ns, [PYTHON, lab.file(self.label + ".py", STAYS), visits], resolver=SERVER)


def bot(label, name, path, rng, checkins=CHECKINS):
    return Actor(label, rhythm.registrable(name), [
        (PERIOD_S * rng.uniform(1 - JITTER, 1 + JITTER) if i else rng.uniform(0, PERIOD_S), "http://%s%s" % (name, path))
        for i in range(checkins)])


def person(label, rng, seconds):
    """Reads here and there, and comes back; pages with an image or two."""
    visits, at, favourites = [], 0, rng.sample(SITES, 3)
    while True:
        pause = rng.lognormvariate(math.log(1.5), 1.0)
        at += pause
        if at > seconds:
            return Actor(label, None, visits)
        site = rng.choice(favourites if rng.random() < 0.7 else SITES)
        visits.append((pause, "http://%s/%s" % (site, rng.choice(("", "today.html", "%d/item-%d.html" % (
            rng.randrange(9), rng.randrange(1000)))))))
        for _ in range(rng.randrange(3)):
            visits.append((0.05, "http://%s/img/%x.jpg" % (site, rng.randrange(1 << 24))))


def servers(lab, ns, names):
    """Each name on an address of its own."""
    ips = {name: "198.19.%d.%d" % (20 + 7 * i, 10 + i) for i, name in enumerate(names)}
    for ip in ips.values():
        lab.sh("ip -n %s addr add %s dev up0" % (ns, ip))
    lab.dnsmasq(ns, [SERVER], "--local-ttl=60", *["--address=/%s/%s" % pair for pair in ips.items()])
    lab.nginx(ns, list(ips.values()))


class Result:
    def __init__(self, bots, people, pairs, alerts, faults):
        self.bots, self.people, self.pairs, self.alerts, self.faults = bots, people, pairs, alerts, faults

    def told(self, actor):
        """Alerts about a bot's domain with its own process."""
        return [e for e in self.alerts if e.get("process", {}).get("executable") == actor.executable and
                actor.domain in named(e)]

    def false(self):
        right = [id(e) for b in self.bots for e in self.told(b)]
        return [e for e in self.alerts if id(e) not in right]


def named(e):
    """The domains that an anomaly names."""
    names = (e.get("metsuke", {}).get("anomaly", {}).get("entity", {}).get("value") or "").split()
    names += [e.get("dns", {}).get("question", {}).get("registered_domain"), e.get("url", {}).get("domain")]
    return {rhythm.registrable(n) for n in names if n and "." in n and "/" not in n}


def network(lab, names):
    """Returns the namespace of the clients; servers of these names are in another one."""
    ns, outside = lab.ns("host"), lab.ns("net")
    lab.link(ns, "eth0", outside, "up0", 9)
    lab.sh("ip -n %s route add 198.19.0.0/16 via %s" % (ns, SERVER))
    servers(lab, outside, names)
    return ns


def run(lab, config="detect:\n  settle_minutes: 0", seed=1, more=()):
    """config, more: the sensor's. A bit over 14 check-ins of 3 s long."""
    rng = random.Random(seed)
    ns = network(lab, [*SITES, "api.cedar-works.test", "www.novapixel.example"])
    bots = [bot("syncd", "api.cedar-works.test", "/v1/poll", rng), bot("helper", "www.novapixel.example", "/status?id=7", rng)]
    people = [person("browser%d" % i, rng, CHECKINS * PERIOD_S) for i in range(3)]
    with Sensor(lab, ns, ["eth0"], config, more=more) as sensor:
        bots[0].start_shell(lab, ns, "Mozilla/5.0 (Windows NT 10.0; Win64; x64)")
        bots[1].start_python(lab, ns)
        for p in people:
            p.start_shell(lab, ns, BROWSER)
        faults = []
        for actor in bots + people:
            out = actor.process.communicate(timeout=CHECKINS * PERIOD_S * 3 + 60)[0].decode(errors="replace")
            if actor.process.returncode:
                faults.append("%s: exit status %d, %s" % (actor.label, actor.process.returncode, out[-300:]))
        sensor.settle()
        pairs = {}
        for e in sensor.find(lambda e: e["event"]["action"] == "http-request"):
            who = e.get("process", {}).get("executable"), rhythm.registrable(e["url"]["domain"])
            pairs.setdefault(who, rhythm.Pair()).add(e)
        alerts = sensor.find(lambda e: e["event"]["action"] == "anomaly")
    for b in bots:
        n = len(pairs.get((b.executable, b.domain), rhythm.Pair()).checkins())
        if n != CHECKINS:
            faults.append("%s: %d check-ins seen with its process, not %d" % (b.label, n, CHECKINS))
    return Result(bots, people, pairs, alerts, faults)


def main():
    lab = start("live_beacon")
    try:
        began = time.monotonic()
        result = run(lab)
        print("Live: %.0f s" % (time.monotonic() - began))
    finally:
        lab.close()
    for (executable, domain), pair in sorted(result.pairs.items(), key=str):
        print("  %-10s %-24s %3d requests, %3d check-ins%s" % (
            os.path.basename(executable or "-"), domain, len(pair.times), len(pair.checkins()),
            ", CV of gaps %.2f, %d URLs" % (pair.cv(), len(pair.urls)) if pair.enough() else ""))
    for b in result.bots:
        told = result.told(b)
        print("  %-10s %s" % (b.label, told[0]["event"].get("reason", "told of") if told else "MISSED"))
    for e in result.false():
        print("  FALSE ALARM: %s %s" % (e.get("process", {}).get("executable"), e["event"].get("reason")))
    for fault in result.faults:
        print("  WRONG: " + fault)
    return 1 if result.faults or result.false() or not all(map(result.told, result.bots)) else 0


if __name__ == "__main__":
    sys.exit(main())
