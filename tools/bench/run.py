#!/usr/bin/env python3
"""run.py: the driver of `make bench`: runs the parts, prints one table, writes $BUILD/bench/result.json.

Processor time is the kernel's own account of each child (wait4). Programs that are compared run in turn, and a
ratio is taken turn by turn; its median is what is printed."""
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

BUILD = os.environ.get("BUILD", "build")
DIR = os.path.join(BUILD, "bench")
FULL = bool(os.environ.get("FULL"))
SEED = 20260101
CAPTURES = {"dns": 200_000, "http": 50_000, "mixed": 200_000}
TURNS = 5 if FULL else 7
REPLAY_GOAL = 20

# Each reads one capture and prints what it has of DNS and HTTP; all without name lookups.
PEERS = {
    "tshark": ["tshark", "-n", "-r", "{}", "-Y", "dns || http.request", "-T", "fields", "-e", "frame.time_epoch",
               "-e", "ip.src", "-e", "ip.dst", "-e", "dns.qry.name", "-e", "dns.qry.type", "-e", "dns.a",
               "-e", "dns.aaaa", "-e", "http.request.method", "-e", "http.host", "-e", "http.request.uri"],
    "dnscap": ["dnscap", "-r", "{}", "-g"],
    "httpry": ["httpry", "-q", "-r", "{}"],
    "tcpdump": ["tcpdump", "-n", "-r", "{}", "-w", "/dev/null"],
}
ONLY = {"dnscap": ("dns", "mixed"), "httpry": ("http", "mixed")}
SLOW = ("tshark", "dnscap")  # fewer turns


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_seconds(argv):
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise RuntimeError(f"{' '.join(argv)}: status {status}")
    return used.ru_utime + used.ru_stime


def json_lines(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def capture(kind, packets):
    path = os.path.join(DIR, f"{kind}{packets}.pcap")
    if not os.path.exists(path):
        subprocess.run([os.path.join(DIR, "gencap"), kind, str(packets), str(SEED), path + ".new"], check=True)
        os.rename(path + ".new", path)
    return path


def kernel_part():
    if os.geteuid():
        say("SKIP kernel part: it loads programs and needs root")
        return []
    return json_lines([os.path.join(DIR, "testrun"), os.path.join(BUILD, "bpf"), os.path.join(DIR, "bench.bpf.o")])


def programs_for(kind):
    found = {"metsuke": [os.path.join(BUILD, "metsuke"), "replay", "-q", "-f", "json", "{}"]}
    for name, argv in PEERS.items():
        if kind not in ONLY.get(name, CAPTURES):
            continue
        if shutil.which(argv[0]):
            found[name] = argv
        else:
            say(f"SKIP {name} on {kind}: not installed")
    return found


def replay_part(kind, packets):
    """Seconds beyond those for an empty capture, per packet, and their ratio to metsuke's."""
    path, empty = capture(kind, packets), capture(kind, 0)
    programs, spent = programs_for(kind), {}
    for turn in range(TURNS):
        for name, argv in list(programs.items()):
            if name in SLOW and turn >= 3:
                continue
            try:
                base = cpu_seconds([a.format(empty) for a in argv])
                used = cpu_seconds([a.format(path) for a in argv])
            except RuntimeError as wrong:
                say(f"SKIP {name} on {kind}: {wrong}")
                del programs[name]
                continue
            spent.setdefault(name, []).append((used - base) / packets)
    rows = []
    for name in programs:
        ratios = [theirs / ours for theirs, ours in zip(spent[name], spent["metsuke"])]
        rows.append({"part": "replay", "capture": kind, "packets": packets, "program": name,
                     "ns_per_packet": round(1e9 * statistics.median(spent[name]), 1),
                     "ratio": round(statistics.median(ratios), 2), "ratio_low": round(min(ratios), 2),
                     "ratio_high": round(max(ratios), 2), "goal": REPLAY_GOAL if name == "tshark" else None})
    return rows


def pipeline_part():
    rows = []
    for kind in ("dns", "http"):
        rows += json_lines([os.path.join(DIR, "pipeline"), capture(kind, CAPTURES[kind])])
        rows[-1]["capture"] = kind
    return rows


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="ascii") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "load": os.getloadavg()[0],
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}


def line(part, what, against, ratio, goal, note):
    print(f"{part:<7} {what:<44} {against:<22} {ratio:>8} {goal:>8}  {note}")


def verdict(row, reached):
    return "" if not row.get("goal") else "met" if reached else "MISSED"


def print_kernel(row):
    what = f"{row['hook']} {row['packet']}"
    if row["reading"]:
        what += f" ({row['reading']}, {row['record_bytes']} B)"
    note = f"{row['ns']:.1f} ns"
    if row.get("lost"):
        note += f", {row['lost']} RECORDS LOST"
    if row.get("goal"):
        note += ", goal " + verdict(row, row["ratio"] <= row["goal"])
    line("kernel", what, row.get("base", "-"), f"{row.get('ratio', 1):.2f}",
         f"<= {row['goal']:g}" if row.get("goal") else "", note)


def print_table(rows):
    line("part", "what", "against", "ratio", "goal", "")
    for row in rows:
        if row["part"] == "kernel":
            print_kernel(row)
        elif row["part"] == "ledger" and row["lost_bulk"]:
            line("kernel", "records lost in the ring", "", "", "", f"{row['lost_bulk']}: the figures above flatter")
        elif row["part"] == "replay":
            note = f"{row['ns_per_packet']:.0f} ns a packet"
            if row["goal"]:
                note += ", goal " + verdict(row, row["ratio"] >= row["goal"])
            line("replay", f"{row['program']} on {row['capture']}", "metsuke replay", f"{row['ratio']:.2f}",
                 f">= {row['goal']}" if row["goal"] else "", note)
        elif row["part"] == "pipeline":
            line("user", f"pipeline_feed, {row['capture']}", "memcpy of its output", f"{row['ratio_to_memcpy']:.1f}", "",
                 f"{row['events_per_core_second']:,} events a second and core on this machine; "
                 f"sink thread {row['sink_ns_per_event']:.0f} of {row['ns_per_event'] + row['sink_ns_per_event']:.0f} ns")


def main():
    result = {"machine": machine(), "full": FULL, "rows": []}
    say("bench: kernel part")
    result["rows"] += kernel_part()
    for kind, packets in CAPTURES.items():
        say(f"bench: replay of {kind}")
        result["rows"] += replay_part(kind, packets * (10 if FULL else 1))
    say("bench: user half")
    result["rows"] += pipeline_part()
    print_table(result["rows"])
    with open(os.path.join(DIR, "result.json"), "w", encoding="ascii") as file:
        json.dump(result, file, indent=1)


main()
