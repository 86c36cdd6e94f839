#!/usr/bin/env python3
"""test_lab.py: the lab's 15 bots live, with real servers: each is found with its process and its servers, benign clients
with look-alike names and shared addresses are left alone."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import live
import tables
from lab import case, check, main, want


def test(lab):
    hosts, faults, (lookups, requests) = live.run(lab)
    for h in tables.bots(hosts):
        with case("%s is found, with its process and its servers" % h.title):
            check(h.names and not list(h.misses()), list(h.misses()))
            want(len(h.processes), 1, "processes")
    with case("15 bots, five benign clients, no fault besides"):
        want((len(tables.bots(hosts)), len(hosts)), (15, 20), "bots and hosts")
        want(faults, [], "faults")
        check(lookups > 70 and requests > 20, lookups, requests)


if __name__ == "__main__":
    main(test)
