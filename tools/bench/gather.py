"""gather.py: what gathers: a message into its profiles against a message counted for its host, their memory, and a start with
stored ones."""
import json
import os
import subprocess

from common import DIR, row, say

PAIRS = 100_000
MOST_BYTES = 150e6
MOST_NS = 1000
MOST_START_S = 2


def run():
    out = subprocess.run([os.path.join(DIR, "profile"), str(PAIRS)], check=True, capture_output=True, text=True).stdout
    seen = json.loads(out)
    say(f"bench: profile: {seen['per_core_second']:,.0f} messages a second and core; {seen['pairs']:,} pairs, "
        f"{seen['domains']:,} domains, {seen['clients']:,} clients")
    return [
        row("profile", "a message into its profiles", "one counted for its host", seen["ratio_to_hosts"],
            note=f"{seen['add_ns']:.0f} ns and {seen['hosts_add_ns']:.1f} ns"),
        row("profile", "a message into its profiles", f"{MOST_NS} ns", seen["add_ns"] / MOST_NS, at_most=1,
            note=f"{seen['per_core_second']:,.0f} a second and core"),
        row("profile", f"{seen['pairs']:,} pairs in memory", f"{MOST_BYTES / 1e6:.0f} MB", seen["resident_kb"] * 1024 / MOST_BYTES,
            at_most=1, note=f"{seen['malloced'] / 1e6:.1f} MB from malloc, {seen['bytes'] / 1e6:.1f} MB by its own count"),
        row("profile", f"start with {seen['stored']:,} stored profiles", f"{MOST_START_S} s", seen["load_s"] / MOST_START_S,
            at_most=1, note=f"{seen['load_s']:.2f} s for {seen['packed_bytes'] / 1e6:.1f} MB"),
    ]
