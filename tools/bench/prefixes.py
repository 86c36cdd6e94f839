"""prefixes.py: the table of announced networks: prefixes.c makes one up as large as the Internet's, reads it and asks it."""
import os

from common import DIR, json_lines, row


def run():
    rows = []
    for seen in json_lines([os.path.join(DIR, "prefixes"), DIR]):
        if seen["what"] == "load":
            note = (f"{seen['cpu_s']:.2f} s of CPU time for {seen['v4'] + seen['v6']} prefixes, {seen['bytes'] / 1e6:.1f} MB; "
                    f"{seen['peak_bytes'] / 1e6:.0f} MB while it is read")
            rows.append(row("prefixes", f"load, {seen['form']}", "", None, note, **seen_numbers(seen)))
        else:
            rows.append(row("prefixes", f"look-up, {seen['family']}", "a cold read", seen["ratio"], f"{seen['ns']:.0f} ns",
                            at_most=3, **seen_numbers(seen)))
    return rows


def seen_numbers(seen):
    return {k: v for k, v in seen.items() if k not in ("what", "ratio", "sum")}
