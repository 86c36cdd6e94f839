"""kernel.py: the packet programs under the kernel's test-run; testrun.c and names.c do the work."""
import os

from common import BUILD, DIR, json_lines, row, skip


def run():
    if os.geteuid():
        skip("kernel part", "it loads programs and needs root")
        return []
    rows = []
    for seen in json_lines([os.path.join(DIR, "testrun"), os.path.join(BUILD, "bpf"), os.path.join(DIR, "bench.bpf.o")]):
        if seen.pop("part") == "ledger":
            rows.append(row("kernel", "records lost in the ring", "", None, str(seen["lost_bulk"]), **seen))
            continue
        what = f"{seen['hook']} {seen['packet']}"
        if seen["reading"]:
            what += f" ({seen['reading']}, {seen['record_bytes']} B)"
        lost = seen.get("lost")
        note = f"{seen['ns']:.1f} ns" + (f", {seen['emit_ns']:.1f} of them in the kernel" if "emit_ns" in seen else "")
        rows.append(row("kernel", what, seen.get("base", "-"), seen.get("ratio", 1), note, at_most=seen.get("goal"),
                        doubt=f"{lost} records lost" if lost else None,
                        **{k: v for k, v in seen.items() if k not in ("ratio",)}))
    return rows + names()


def names():
    rows = []
    for seen in json_lines([os.path.join(DIR, "names"), os.path.join(BUILD, "bpf"), os.path.join(DIR, "bench.bpf.o")]):
        rows.append(row("kernel", f"xdp DNS query, new names, {seen['lists']}", "no list", seen["ratio"],
                        f"{seen['ns']:.1f} ns, {seen['ratio_to_one']:.2f} times that with one name",
                        at_most=1.3 if seen["lists"] == "a million names" else None, **{k: v for k, v in seen.items() if k not in ("part", "ratio")}))
    return rows
