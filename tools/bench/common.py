"""common.py: what the parts of the bench share: where things are, the programs to compare with, rows of the table."""
import json
import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
DIR = os.path.join(BUILD, "bench")
METSUKE = os.path.join(BUILD, "metsuke")
FULL = bool(os.environ.get("FULL"))
SEED = 20260101
SURICATA_YAML = os.path.join(ROOT, "tools", "bench", "suricata.yaml")
SURICATA_FOLDER = os.path.join(os.environ.get("METSUKE_BENCH_CACHE", "/var/cache/metsuke-bench"), "suricata")


def say(text):
    print(text, file=sys.stderr, flush=True)


def skip(what, why):
    say(f"SKIP {what}: {why}")


def json_lines(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def capture(kind, packets):
    """The path of a generated capture; about so many packets (whole exchanges)."""
    path = os.path.join(DIR, f"{kind}{packets}.pcap")
    sources = max(os.path.getmtime(os.path.join(DIR, "gencap")), 0)
    if not os.path.exists(path) or os.path.getmtime(path) < sources:
        subprocess.run([os.path.join(DIR, "gencap"), kind, str(packets), str(SEED), path + ".new"], check=True)
        os.rename(path + ".new", path)
    return path


def suricata():
    """Suricata's command line without what it reads, or None. The one that deps.sh put into a folder brings its libraries."""
    more = []
    if os.path.exists(os.path.join(SURICATA_FOLDER, "usr/bin/suricata")):
        library = os.path.join(SURICATA_FOLDER, "usr/lib/x86_64-linux-gnu")
        program = ["env", "LD_LIBRARY_PATH=" + library, os.path.join(SURICATA_FOLDER, "usr/bin/suricata")]
        for name in ("classification", "reference"):
            more += ["--set", f"{name}{'-config' if name == 'reference' else ''}-file="
                     + os.path.join(SURICATA_FOLDER, f"etc/suricata/{name}.config")]
    elif shutil.which("suricata"):
        program = ["suricata"]
    else:
        return None
    return program + ["-c", SURICATA_YAML, "-S", "/dev/null", "-k", "none", *more]


def median(values):
    return statistics.median(values)


def ratios(theirs, ours):
    """Turn by turn: what else the machine did then weighs on both. Lowest, median, highest."""
    found = sorted(t / o for t, o in zip(theirs, ours) if o > 0)
    if not found:
        return None, None, None
    return round(found[0], 3), round(statistics.median(found), 3), round(found[-1], 3)


def row(part, what, against, ratio, note="", at_most=None, at_least=None, doubt=None, **numbers):
    """One line of the table. doubt: why the figure does not count, where it does not (packets were lost, say)."""
    return {"part": part, "what": what, "against": against, "ratio": ratio, "note": note, "at_most": at_most,
            "at_least": at_least, "doubt": doubt, **numbers}
