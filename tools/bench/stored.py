"""stored.py: a start with the pairs of a store: opening, reading, unpacking, ordering."""
import json
import os
import subprocess
import tempfile

from common import DIR, row, say

PAIRS = 100_000
MOST_START_S = 2


def run():
    with tempfile.TemporaryDirectory(prefix="metsuke-bench-") as work:
        out = subprocess.run([os.path.join(DIR, "store"), os.path.join(work, "store.db"), str(PAIRS)], check=True,
                             capture_output=True, text=True).stdout
    seen = json.loads(out)
    say(f"bench: store: {seen['pairs']:,} pairs, {seen['bytes'] / 1e6:.1f} MB, written in {seen['write_s']:.1f} s")
    return [
        row("store", f"start with {seen['pairs']:,} pairs of the store", f"{MOST_START_S} s", seen["load_cpu_s"] / MOST_START_S,
            at_most=1, note=f"{seen['load_cpu_s']:.2f} s of CPU time, {seen['load_s']:.2f} s in all"),
    ]
