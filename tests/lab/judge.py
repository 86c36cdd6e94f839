#!/usr/bin/env python3
"""judge.py: what was told of a capture against what is in it. usage: judge.py LABELS EVENTS

A label is a line: client, bot or benign, which, and the listed names that it contacts, as name=protocol=addresses. Prints every
miss and every false alarm; exit status 1 when there is one."""
import json
import sys
from collections import defaultdict


class Host:
    """A client, what it does (names: protocol and addresses of each), and what was told of it."""

    def __init__(self, ip, kind, title, servers):
        self.ip, self.kind, self.title, self.names = ip, kind, title, {}
        for server in servers.split(";") if servers != "-" else []:
            name, protocol, addresses = server.split("=")
            self.names[name] = protocol, set(addresses.split(","))
        self.asked, self.led, self.contact, self.chained = set(), defaultdict(set), defaultdict(set), set()
        self.processes = set()

    def addresses(self):
        return set().union(*self.led.values())

    def misses(self):
        """What should have been told and was not."""
        for name, (protocol, addresses) in self.names.items():
            if name not in self.asked:
                yield "no alert for its query of %s" % name
            four = {a for a in addresses if ":" not in a}
            if not four <= self.led[name]:
                yield "%s: the response's alerts name %s of %s" % (name, sorted(self.led[name]), sorted(four))
            if not self.contact[name]:
                yield "no alert for its contact with %s by %s" % (name, protocol)


def read_labels(path):
    with open(path) as f:
        hosts = [Host(*line.rstrip("\n").split("\t")) for line in f if not line.startswith("#")]
    return {h.ip: h for h in hosts}


def read_alerts(path):
    with open(path) as f:
        return [e for e in (json.loads(line) for line in f if '"blocklist-match"' in line)
                if e["event"]["action"] == "blocklist-match"]


def judge(hosts, alerts):
    """Enters the alerts at their hosts; returns the false ones with what is wrong of each."""
    false = []
    for e in alerts:
        host, indicator = hosts.get(e["source"]["ip"]), e["threat"]["enrichments"][0]["indicator"]
        name = e["metsuke"].get("chain", {}).get("domain") or indicator["name"]
        at = "%s %s: %s" % (e["@timestamp"], e["source"]["ip"], e["event"]["reason"])
        if not host or name not in host.names:
            false.append(at + ("" if not host else " (%s)" % host.title))
            continue
        if "process" in e:
            host.processes.add((e["process"]["pid"], e["process"].get("command_line", "")))
        real, dns = host.names[name][1], e.get("dns")
        seen = set(dns.get("resolved_ip", ())) if dns else {e["destination"]["ip"]}
        if not seen <= real:
            false.append("%s: %s is not its server" % (at, ", ".join(sorted(seen - real))))
        elif not dns:
            host.contact[name] |= seen
            host.chained |= {name} if "chain" in e["metsuke"] else set()
        elif dns["type"] == "query":
            host.asked.add(name)
        else:
            host.led[name] |= seen
    return false


def faults(hosts, false):
    return ["%s (%s): %s" % (h.title, h.ip, miss) for h in hosts.values() for miss in h.misses()] + \
        ["false alarm: " + f for f in false]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.splitlines()[0])
    hosts = read_labels(sys.argv[1])
    found = faults(hosts, judge(hosts, read_alerts(sys.argv[2])))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
