#!/usr/bin/env python3
"""test_maps.py: the pinned maps as people read them with bpftool: named fields, and what they say is what the status
and the events say."""
import ipaddress
import json
import os
import subprocess
import time

from lab import CGROUPS, Sensor, address, case, check, dns_query, main, until, want

SERVER, SERVER6 = address(9, 2), address(9, 2, 6)
HOLDER = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.connect((sys.argv[1], 53))
s.send(bytes.fromhex(sys.argv[2]))
cookie = s.getsockopt(socket.SOL_SOCKET, 57, 8)
print(int.from_bytes(cookie, sys.byteorder), flush=True)
sys.stdin.readline()
"""


def dump(lab, sensor, name):
    """The map's entries with their fields formatted by BTF."""
    done = lab.run(None, ["bpftool", "-j", "map", "dump", "pinned", "%s/%s" % (sensor.pins, name)])
    want(done.status, 0, "bpftool's exit status; it said " + done.out[:300])
    entries = json.loads(done.out)
    if entries and "formatted" in entries[0]:
        entries = [e["formatted"] for e in entries]
    return entries


def chars(value):
    """A char array as bpftool prints it, as text."""
    if isinstance(value, str):
        return value
    return bytes(v if isinstance(v, int) else ord(v) for v in value).split(b"\0")[0].decode()


def host_ip(key):
    data = bytes(int(b, 0) if isinstance(b, str) else b for b in key["ip"])
    ip = ipaddress.ip_address(data)
    return str(ip.ipv4_mapped or ip)


def test_counters(lab, sensor):
    with case("counters: every outcome by its name, per CPU, in sum what the status says"):
        sensor.settle()
        for _ in range(5):  # a neighbour solicitation may fall in between
            before = sensor.status()["ledger"]
            entry, after = dump(lab, sensor, "counters")[0], sensor.status()["ledger"]
            if before == after:
                break
        values = [v["value"] for v in entry["values"]]
        check(len(values) >= os.cpu_count(), "CPUs:", len(values))
        for name, number in after.items():
            want(sum(v[name] for v in values), number, "counter " + name)
        check("mark_truncated" in values[0] and "mark_label_type" in values[0], "no marks in", values[0])
        check(after["dns"] > 0 and after["http"] > 0, "nothing was counted:", after)


def test_owners(lab, ns, sensor, query):
    with case("owners: a process that holds its socket open, by the socket's cookie"):
        script = lab.file("holder.py", HOLDER)
        holder = lab.spawn(ns, ["/usr/bin/python3", script, SERVER, query.hex()], stdin=subprocess.PIPE)
        cookie = int(holder.stdout.readline())
        until(lambda: sensor.find(lambda e: e.get("process", {}).get("pid") == holder.pid))
        e = sensor.find(lambda e: e.get("process", {}).get("pid") == holder.pid)[0]
        found = [o["value"] for o in dump(lab, sensor, "owners") if o["key"] == cookie]
        want(len(found), 1, "entries for cookie %d" % cookie)
        owner = found[0]
        want((owner["tgid"], owner["pid"], owner["uid"], owner["gid"]), (holder.pid, holder.pid, 0, 0), "ids")
        want(chars(owner["comm"]), open("/proc/%d/comm" % holder.pid).read().strip(), "comm")
        ticks = int(open("/proc/%d/stat" % holder.pid).read().rsplit(")")[1].split()[19])
        want(owner["start_ns"] * os.sysconf("SC_CLK_TCK") // 10**9, ticks, "start_ns in clock ticks")
        lines = open("/proc/%d/cgroup" % holder.pid).read().split("\n")
        cgroup = next(line[3:] for line in lines if line.startswith("0::"))
        want(owner["cgroup_id"], os.stat(CGROUPS + cgroup).st_ino, "cgroup_id")
    with case("processes: the same process with its facts, and what the event says of it"):
        facts = [p for p in dump(lab, sensor, "processes") if p["key"]["tgid"] == holder.pid]
        want(len(facts), 1, "entries for the process")
        key, value = facts[0]["key"], facts[0]["value"]
        want((key["start_ns"], key["exec_id"]), (owner["start_ns"], owner["exec_id"]), "key, of the owner's")
        want(value["ppid"], os.getpid(), "ppid")
        want(e["process"]["parent"]["pid"], value["ppid"], "process.parent.pid")
        raw = bytes(v if isinstance(v, int) else ord(v) for v in value["args"]) if not isinstance(value["args"], str) \
            else value["args"].encode()
        check(raw.startswith(b"/usr/bin/python3"), "args:", str(raw[:80]))
        holder.stdin.close()
        holder.wait()


def test_hosts(lab, sensor):
    with case("hosts: each client's counts, as in the events"):
        events = [e for e in sensor.settle() and sensor.events() if "dns" in e or "http" in e]
        expected = {}
        for e in events:
            n = expected.setdefault(str(ipaddress.ip_address(e["source"]["ip"])), [0, 0, 0])
            action = e["event"]["action"]
            n[0] += action == "dns-query"
            n[1] += e.get("dns", {}).get("response_code") == "NXDOMAIN"
            n[2] += action == "http-request"
        check(sorted(expected) == sorted([address(9, 1), address(9, 1, 6), address(9, 2)]), "clients:", list(expected))
        time.sleep(1.1)  # written once a second
        hosts = {host_ip(h["key"]): h["value"] for h in dump(lab, sensor, "hosts")}
        seen = {ip: [h["dns_queries"], h["nxdomain"], h["http_requests"]] for ip, h in hosts.items()}
        want(seen, expected, "hosts")
        check(all(abs(h["last_seen_ns"] / 1e9 - time.time()) < 60 for h in hosts.values()), "last_seen_ns:", hosts)


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 9)
    lab.dnsmasq(outside, [SERVER, SERVER6])
    lab.nginx(outside, [SERVER])
    lab.dnsmasq(ns, [address(9, 1)])
    with Sensor(lab, ns, ["eth0"], "tunnels:\n  inspect: [gre, vxlan]\ndns:\n  ports: [53, 5353]") as sensor:
        with case("the pins are these"):
            pins = {"counters", "owners", "processes", "hosts", "flagged", "settings"}
            check(pins <= set(os.listdir(sensor.pins)), "there is", os.listdir(sensor.pins))
        for _ in range(3):
            lab.lookup(ns, SERVER, lab.name())
            lab.lookup(ns, SERVER6, lab.name("none.test"))
        lab.lookup(ns, SERVER, lab.name("none.test"))
        lab.lookup(outside, address(9, 1), lab.name())
        lab.run(ns, ["curl", "-s", "http://%s/" % SERVER])
        test_counters(lab, sensor)
        test_owners(lab, ns, sensor, dns_query(lab.name()))
        test_hosts(lab, sensor)
        with case("flagged: empty, as in the status"):
            want(dump(lab, sensor, "flagged"), [], "flagged")
            want(sensor.status()["flagged"], [], "flagged in the status")
        with case("settings: as configured"):
            entries = dump(lab, sensor, "settings")
            values = entries[0]["value"]
            settings = next(iter(values.values()))[0]["settings"] if ".data.settings" in values else values
            want((settings["dns_ports"], settings["http"], settings["tunnels"], settings["vxlan_port"]),
                 ([53, 5353, 0, 0], 1, 5, 4789), "dns_ports, http, tunnels, vxlan_port")
            want(sensor.stop(), 0, "exit status")


if __name__ == "__main__":
    main(test)
