"""tables.py: the first paper's result tables (Mihara et al., 12 to 15) from what the judge found."""
import os
import struct

from intervals import lower, two_sided, upper

HERE = os.path.dirname(os.path.abspath(__file__))


def watch_list():
    """name: id, of the four listed servers, in the paper's order."""
    with open(os.path.join(HERE, "watchlist.tsv")) as f:
        return {line.split("\t")[0]: line.split("\t")[2] for line in f if not line.startswith("#")}


def bots(hosts):
    return [h for h in hosts.values() if h.kind == "bot"]


def print_names(hosts):
    print("Table 12: bots, and the listed names whose lookups told of them")
    ids = watch_list()
    print("  %-9s %-15s %s" % ("bot", "client", "  ".join(ids.values())))
    for h in bots(hosts):
        print("  %-9s %-15s %s" % (h.title, h.ip, "  ".join("x" if n in h.asked else "." for n in ids)))
    print("  %-25s %s" % ("bots", " ".join("%-2d" % sum(n in h.asked for h in bots(hosts)) for n in ids)))
    for name, letter in ids.items():
        print("  %s = %s" % (letter, name))


def print_addresses(hosts):
    print("Table 13: bots, the servers' addresses that the responses told, and contact with them")
    ids = watch_list()
    for h in bots(hosts):
        for name, (protocol, _) in h.names.items():
            ips = sorted(h.led[name], key=lambda ip: (":" in ip, [int(x) for x in ip.split(".")] if "." in ip else ip))
            contact = "not told" if not h.contact[name] else "%s %s" % (
                "linked to the lookup:" if name in h.chained else "by its Host:", ", ".join(sorted(h.contact[name])))
            print("  %-9s %s  %-4s %-46s %s" % (h.title, ids[name], protocol, ", ".join(ips), contact))


def print_found(hosts):
    all_of, ids = bots(hosts), watch_list()
    found = sum(not list(h.misses()) for h in all_of)
    low, high = two_sided(found, len(all_of))
    print("found, each with its servers: %d of %d; 95 %% interval %.3f to %.3f, one-sided at least %.3f" % (
        found, len(all_of), low, high, lower(found, len(all_of), 0.05)))
    print("in-sample, as in the paper: the list was taken from the bots that it is tried on. With a list that lacks")
    for name, letter in ids.items():
        left = sum(any(n != name for n in h.asked) for h in all_of)
        print("  %s: %d of %d found; of those that contact %s: %d of %d" % (
            letter, left, len(all_of), letter, sum(name in h.asked and len(h.asked) > 1 for h in all_of),
            sum(name in h.names for h in all_of)))


def count_packets(path, hosts):
    """{client: packets} of a capture, by whichever side is a labelled host."""
    known = {bytes(map(int, ip.split("."))): ip for ip in hosts}
    counts = dict.fromkeys(hosts, 0)
    with open(path, "rb") as f:
        f.read(24)
        while head := f.read(16):
            data = f.read(struct.unpack("<I", head[8:12])[0])
            ip = known.get(data[26:30]) or known.get(data[30:34])
            if ip:
                counts[ip] += 1
    return counts


def print_benign(packets, lookups, hours):
    """packets: of each host."""
    print("Table 14: benign hosts")
    print("  hosts %d, hours %g, packets %d (%d to %d a host), lookups %d" % (
        len(packets), hours, sum(packets), min(packets), max(packets), lookups))


def print_false(n, packets, lookups, host_days):
    print("Table 15: false alarms")
    for what, tries in (("packet", packets), ("lookup", lookups), ("host-day", host_days)):
        low, high = two_sided(min(n, tries), tries)
        three = "; rule of three: below %.2g" % (3 / tries) if not n else ""
        print("  %d, per %-9s %.2g; 95 %% interval %.2g to %.2g, one-sided at most %.2g%s" % (
            n, what + ":", n / tries, low, high, upper(min(n, tries), tries, 0.05), three))
