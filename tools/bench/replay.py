"""replay.py: captures through metsuke and through other programs. Processor time is the kernel's own account of each child
(wait4), with what the program takes for a capture of two packets taken off."""
import os
import shutil
import subprocess
import tempfile

from common import DIR, FULL, METSUKE, capture, json_lines, median, ratios, row, say, skip, suricata

CAPTURES = {"dns": 200_000, "http": 50_000, "mixed": 200_000}
START = 2  # packets of the capture for which start-up is measured: Suricata refuses an empty one
TURNS = 5 if FULL else 7
FEW_TURNS = {"tshark": 1 if FULL else 3, "dnscap": 3}  # they are slow
GOALS = {("suricata", "dns"): 10, ("suricata", "http"): 6, ("suricata", "mixed"): 10,
         ("dnscap", "dns"): 3, ("dnscap", "mixed"): 1, ("httpry", "http"): 1}

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


def cpu_seconds(argv):
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(argv, stdin=null, stdout=null, stderr=null)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = status
    if status:
        raise RuntimeError(f"{' '.join(argv)}: status {status}")
    return used.ru_utime + used.ru_stime


def programs_for(kind, folder):
    found = {"metsuke": [METSUKE, "replay", "-q", "-f", "json", "-c", "/dev/null", "{}"]}
    eve = suricata()
    if eve:  # its files go to a folder and its records nowhere, like those of the others; one thread costs it least
        found["suricata"] = eve + ["-l", folder, "--set", "outputs.0.eve-log.filename=/dev/null", "--runmode", "single", "-r", "{}"]
    else:
        skip(f"suricata on {kind}", "not installed; tools/deps.sh bench brings it")
    for name, argv in PEERS.items():
        if kind not in ONLY.get(name, CAPTURES):
            continue
        if shutil.which(argv[0]):
            found[name] = argv
        else:
            skip(f"{name} on {kind}", "not installed")
    return found


def measure(programs, kind, packets):
    """Seconds a packet of each turn by program; one that fails is left out."""
    path, start, spent = capture(kind, packets), capture(kind, START), {}
    for turn in range(TURNS):
        for name, argv in list(programs.items()):
            if turn >= FEW_TURNS.get(name, TURNS):
                continue
            try:
                base = cpu_seconds([a.format(start) for a in argv])
                used = cpu_seconds([a.format(path) for a in argv])
            except RuntimeError as wrong:
                skip(f"{name} on {kind}", wrong)
                del programs[name]
                continue
            spent.setdefault(name, []).append((used - base) / (packets - START))
    return spent


def compare(kind, packets):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        spent = measure(programs_for(kind, folder), kind, packets)
    for name, theirs in spent.items():
        low, middle, high = ratios(theirs, spent["metsuke"])
        ns = round(1e9 * median(theirs), 1)
        rows.append(row("replay", f"{name} on {kind}", "metsuke", middle, f"{ns:.0f} ns a packet", at_least=GOALS.get((name, kind)),
                        capture=kind, packets=packets, program=name, ns_per_packet=ns, ratio_low=low, ratio_high=high))
    return rows


def pipeline(kind):
    """The user half alone: records in memory to lines."""
    seen = json_lines([os.path.join(DIR, "pipeline"), capture(kind, CAPTURES[kind])])[0]
    every = seen["ns_per_event"] + seen["sink_ns_per_event"]
    rate = round(1e9 / every)
    return [row("user", f"events a core and second, {kind}", "500,000", rate / 500_000,
                f"{rate:,} with the sink's thread ({seen['sink_ns_per_event']:.0f} of {every:.0f} ns); "
                f"{seen['ratio_to_memcpy']:.0f} times a memcpy of its lines", at_least=1, **{k: v for k, v in seen.items() if k != "part"})]


def run():
    rows = []
    for kind, packets in CAPTURES.items():
        say(f"bench: replay of {kind}")
        rows += compare(kind, packets * (10 if FULL else 1))
    say("bench: user half")
    return rows + pipeline("dns") + pipeline("http")
