"""detect.py: limits of many rows; detect.c does the work."""
import os

from common import DIR, json_lines, row


def run():
    return [row("detect", f"{seen['what']}, {seen['rows']} x {seen['features']}", "sum of all values", seen["ratio"],
                f"{seen['ms']:.1f} ms", at_most=50, **{k: v for k, v in seen.items() if k not in ("what", "ratio")})
            for seen in json_lines([os.path.join(DIR, "detect")])]
