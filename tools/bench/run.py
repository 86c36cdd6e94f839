#!/usr/bin/env python3
"""run.py: the driver of `make bench`: runs the parts, prints one table, writes $BUILD/bench/result.json.
usage: run.py [PART...]

What is compared runs in turn, a ratio is taken turn by turn, and the median is printed."""
import json
import os
import platform
import signal
import sys
import time

import delay
import detect
import gather
import kernel
import live
import outliers
import prefixes
import replay
import stored
from common import DIR, FULL, say
from table import print_table

PARTS = {"kernel": kernel.run, "replay": replay.run, "live": live.run_cost, "ladder": live.run_ladder,
         "delay": delay.run_delay, "memory": live.run_memory, "prefixes": prefixes.run, "outliers": outliers.run, "detect": detect.run,
         "profile": gather.run, "store": stored.run}


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0],
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def main(wanted):
    for name in wanted:
        if name not in PARTS:
            sys.exit(f"bench: no part {name}; there are: {' '.join(PARTS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    result = {"machine": machine(), "full": FULL, "rows": []}
    for name, part in PARTS.items():
        if wanted and name not in wanted:
            continue
        started = time.monotonic()
        say(f"bench: {name}")
        result["rows"] += part()
        say(f"bench: {name}: {time.monotonic() - started:.0f} s")
    print_table(result["rows"])
    with open(os.path.join(DIR, "result.json"), "w", encoding="ascii") as file:
        json.dump(result, file, indent=1)


main(sys.argv[1:])
