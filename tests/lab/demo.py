#!/usr/bin/env python3
"""demo.py: half a minute of a small network, in namespaces of its own: a host with people's programs and one bot on
it, a DNS and a web server, and the sensor with a list of C&C names. usage: demo.py [SECONDS] (root)"""
import os
import random
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
from lab import METSUKE, Sensor, address, start

WEB, CC = address(9, 2), address(9, 3)
SITES = ["www.shop.example", "news.example", "img.news.example", "mail.example", "cdn.shop.example", "wiki.example"]
LIST = "# what a feed would say\nc2.bad-update.example\n"


def servers(lab, ns):
    lab.sh("ip -n %s addr add %s/24 dev up0" % (ns, CC))
    lab.dnsmasq(ns, [WEB], "--address=/c2.bad-update.example/" + CC, "--local-ttl=300",
                *["--address=/%s/%s" % (site, WEB) for site in SITES])
    lab.nginx(ns, [WEB, CC])


def fetch(lab, ns, program, url, *more):
    return lab.run(ns, [program, "-s", "-4", "-m", "5", "-o", "/dev/null", *more, url], resolver=WEB)


def browse(lab, ns, end):
    """People's programs: lookups and pages at no fixed times."""
    while time.monotonic() < end:
        site = random.choice(SITES)
        if random.random() < 0.4:
            lab.run(ns, ["dig", "@" + WEB, site, "+short"])
        else:
            fetch(lab, ns, "curl", "http://%s/%s.html" % (site, random.choice(("index", "today", "list"))))
        time.sleep(random.uniform(0.2, 1.2))


def bot(lab, ns, program, end):
    """Life of a bot (Mihara et al., figure 2): it asks for its server, calls it, and later another name there."""
    time.sleep(4)
    fetch(lab, ns, program, "http://c2.bad-update.example/gate.php?id=7")
    while time.monotonic() < end - 3:
        time.sleep(5)
        fetch(lab, ns, program, "http://%s/task" % CC, "-H", "Host: cdn.shop.example")


def summary(sensor):
    events = sensor.events()
    alerts = [e for e in events if e["event"]["action"] == "blocklist-match"]
    print("\n%d lookups, %d answers, %d requests, %d alerts" % (
        *[sum(e["event"]["action"] == a for e in events) for a in ("dns-query", "dns-response", "http-request")], len(alerts)))
    for e in alerts:
        indicator = e["threat"]["enrichments"][0]
        print("  %s  %s[%d]  %s" % (e["@timestamp"][11:19], e["process"]["name"], e["process"]["pid"], e["event"]["reason"]))
        for ip in e.get("dns", {}).get("resolved_ip", []):
            print("            C&C server of %s: %s" % (indicator["indicator"]["name"], ip))
    bots = sorted({(e["process"]["executable"], e["user"].get("name", e["user"]["id"])) for e in alerts})
    for executable, user in bots:
        print("the bot: %s, user %s" % (executable, user))
    print("flagged: " + ", ".join("%s %s" % (f["type"], f["value"]) for f in sensor.status()["flagged"]))
    return bots


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    lab = start("demo")
    try:
        ns, outside = lab.ns("host"), lab.ns("net")
        lab.link(ns, "eth0", outside, "up0", 9)
        servers(lab, outside)
        program = shutil.copy(shutil.which("curl"), lab.path("updatesvc"))
        lab.file("cc.txt", LIST, 0o644)
        config = "intel:\n  lists:\n    - {name: demo-feed, path: %s, severity: 90}\n" % lab.path("cc.txt")
        sensor = Sensor(lab, ns, ["eth0"], config, sinks=None, wait=False, stdout=None,
                        more=["-o", "-", "--format", "text"])
        sensor.wait(lambda e: e["event"]["action"] == "metsuke-started")
        end = time.monotonic() + seconds
        crowd = threading.Thread(target=browse, args=(lab, ns, end))
        crowd.start()
        bot(lab, ns, program, end)
        crowd.join()
        sensor.settle()
        found = summary(sensor)
        sensor.stop()
        return 0 if found == [(os.path.realpath(program), "root")] else 1
    finally:
        lab.close()


if __name__ == "__main__":
    sys.exit(main())
