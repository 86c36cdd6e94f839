#!/usr/bin/env python3
"""live.py: the first paper's bots as programs in a namespace of their own, with real DNS, web and IRC servers and the live
sensor. usage: live.py (root); exit status 1 when a bot was missed or anything else accused."""
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "net")]
import judge
import tables
from lab import PYTHON, Sensor, address, start

SERVER = address(9, 2)
SIZES = {"d1": 27, "d2": 314, "Y": 106, "N": 60}  # KB; Table 7: 27 to 314
CHAT = "irc.gardening.example"
SHARED = "www.reading-club.example"  # on the address of Y
BENIGN = {CHAT: "198.19.252.100", SHARED: "198.19.251.1", "www.harbor-news.example": "198.19.10.1"}


def rows(name):
    with open(os.path.join(HERE, name)) as f:
        return [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]


def look_alikes():
    """Beside each listed name: a letter before, after, less, its parent, and another suffix."""
    for name in tables.watch_list():
        stem, _, suffix = name.rpartition(".")
        yield from ("x" + name, name[1:], "%sx.%s" % (stem, suffix), name.partition(".")[2], name + ".hosting.example",
                    "%s.%s" % (stem, "test" if suffix == "example" else "example"))


class Network:
    """Clients in one namespace, each with an address of its own on eth0; all servers in another."""

    def __init__(self, lab):
        self.lab = lab
        self.servers = {row[2]: row for row in rows("watchlist.tsv") + rows("others.tsv")}
        self.listed = {row[2] for row in rows("watchlist.tsv")}
        self.ns, self.outside = lab.ns("host"), lab.ns("net")
        lab.link(self.ns, "eth0", self.outside, "up0", 9)
        lab.sh("ip -n %s route add 198.19.0.0/16 via %s" % (self.ns, SERVER))
        self.n_clients = 1
        for ip in {a for row in self.servers.values() for a in row[6].split(",")} | set(BENIGN.values()):
            lab.sh("ip -n %s addr add %s dev up0%s" % (self.outside, ip, " nodad" if ":" in ip else ""))
        self.start_dns()
        self.start_web()
        self.start_irc()

    def client(self):
        self.n_clients += 1
        ip = address(9, 8 + self.n_clients)
        self.lab.sh("ip -n %s addr add %s/24 dev eth0" % (self.ns, ip))
        return ip

    def start_dns(self):
        hosts, options = ["%s %s" % (ip, name) for name, ip in BENIGN.items()], []
        for name, _, _, _, _, _, ips, aliases in self.servers.values():
            way = [name] + ([] if aliases == "-" else aliases.split(","))
            hosts += ["%s %s" % (ip, way[-1]) for ip in ips.split(",")]
            options += ["--cname=%s,%s" % pair for pair in zip(way, way[1:])]
        self.lab.dnsmasq(self.outside, [SERVER], "--local=/example/", "--local=/test/", "--local-ttl=60",
                         "--addn-hosts=" + self.lab.file("hosts", "\n".join(hosts) + "\n", 0o644), *options)

    def orders(self):
        """channel: order, one for each set of downloads."""
        for downloads in sorted({row[2] for row in rows("bots.tsv")}):
            yield downloads.replace(",", "-"), " ".join(
                ["!get"] + ["http://%s/u/%s.exe" % (self.servers[d][0], d) for d in downloads.split(",")])

    def start_web(self):
        os.makedirs(self.lab.path("web", "u"), mode=0o755)
        for server, size in SIZES.items():
            self.lab.file("web/u/%s.exe" % server, b"MZ" + os.urandom(1024 * size - 2), 0o644)
        conf = self.lab.file("web.conf", """
            daemon off; master_process off; user root; pid %s; error_log stderr; events {}
            http { access_log off; client_body_temp_path %s;
                map $arg_ch $order { default wait; %s }
                server { listen 80; listen 8080; root %s;
                    location = / { return 200 "here\\n"; }
                    location = /gate.php { return 200 "$order\\n"; } } }""" % (
                        self.lab.path("web.pid"), self.lab.path("body"),
                        " ".join('%s "%s";' % pair for pair in self.orders()), self.lab.path("web")))
        self.serve(["nginx", "-e", "stderr", "-c", conf, "-p", self.lab.tmp], 8080)

    def start_irc(self):
        ports = sorted({row[4] for row in self.servers.values() if row[3] == "irc"})
        channels = "".join("[Channel]\nName = #%s\nTopic = %s\n" % pair for pair in self.orders())
        conf = self.lab.file("irc.conf", """[Global]
Name = irc.lab.test
Info = lab
Listen = 0.0.0.0
Ports = %s
MotdPhrase = hello
ServerUID = root
ServerGID = root
[Limits]
MaxConnectionsIP = 0
PingTimeout = 1
[Options]
DNS = no
Ident = no
PAM = no
%s""" % (", ".join(ports), channels), 0o644)
        self.serve(["ngircd", "-n", "-f", conf], int(ports[0]))

    def serve(self, argv, port):
        def ready():
            with self.lab.socket(self.outside, kind=socket.SOCK_STREAM) as s:
                return s.connect_ex((SERVER, port)) == 0
        self.lab.serve(self.outside, argv, ready)

    def program(self, title, ip, channel, fetch, *servers):
        return self.lab.spawn(self.ns, [PYTHON, os.path.join(HERE, "bot.py"), title, ip, SERVER, "#" + channel, fetch,
                                        *servers])

    def spec(self, server):
        name, _, _, protocol, port = self.servers[server][:5]
        return "%s/%s/%s" % (name, protocol, port)

    def start_bots(self):
        """[(the judge's host, its process)]"""
        started = []
        for title, first, downloads, second, fetch in rows("bots.tsv"):
            ip = self.client()
            met = {self.servers[s][0]: (self.servers[s][3], set(self.servers[s][6].split(",")))
                   for s in [first, *downloads.split(","), second] if s in self.listed}
            host = judge.Host(ip, "bot", title, "-")
            host.names = met
            started.append((host, self.program(title, ip, downloads.replace(",", "-"), fetch, self.spec(first),
                                               self.spec(second))))
        return started

    def start_benign(self):
        """Look-alikes, a site on a listed server's address, plain pages, a person on IRC."""
        ips = [self.client() for _ in range(4)]
        chat = self.program("mika", ips[0], "room", "name", "%s/irc/6667" % CHAT)
        dig = self.lab.spawn(self.ns, ["dig", "-b", ips[1], "@" + SERVER, "+short", "+tries=1", *look_alikes()])
        pages = [self.lab.spawn(self.ns, ["curl", "-s", "-m", "10", "-o", "/dev/null", "--interface", ip, "http://%s/" % name],
                                resolver=SERVER) for ip, name in ((ips[2], SHARED), (ips[3], "www.harbor-news.example"))]
        hosts = [judge.Host(ip, "benign", "benign-%d" % i, "-") for i, ip in enumerate([address(9, 1)] + ips, 1)]
        return hosts, [chat, dig, *pages]


def run(lab):
    """The hosts with what was told of them, every fault, and how many lookups and requests there were."""
    network = Network(lab)
    config = "intel:\n  lists:\n    - {name: watchlist, path: %s}\n" % os.path.join(HERE, "watchlist.tsv")
    with Sensor(lab, network.ns, ["eth0"], config) as sensor:
        bots = network.start_bots()
        benign, programs = network.start_benign()
        faults = []
        for process in [p for _, p in bots] + programs:
            out = process.communicate(timeout=40)[0].decode(errors="replace")
            if process.returncode:
                faults.append("%s: exit status %d, %s" % (" ".join(process.args[3:]), process.returncode, out[-300:]))
        hosts = {h.ip: h for h in [h for h, _ in bots] + benign}

        sensor.settle()
        alerts = sensor.find(lambda e: e["event"]["action"] == "blocklist-match")
        false = judge.judge(hosts, alerts)
        asked = {e["dns"]["question"]["name"] for e in sensor.events() if e["event"]["action"] == "dns-query"}
        faults += ["not seen: a lookup of " + name for name in {*look_alikes(), *BENIGN} - asked]
        for host, process in bots:
            pids = {pid for pid, _ in host.processes}
            if pids != {process.pid}:
                faults.append("%s: its process is %d, told were %s" % (host.title, process.pid, sorted(pids)))
        if any("process" not in e for e in alerts):
            faults.append("an alert without a process")
        counts = [sum(e["event"]["action"] == a for e in sensor.events()) for a in ("dns-query", "http-request")]
        return hosts, judge.faults(hosts, false) + faults, counts


def main():
    lab = start("live")
    try:
        hosts, faults, counts = run(lab)
    finally:
        lab.close()
    print("Live: %d lookups, %d HTTP requests" % tuple(counts))
    print("  %-9s %-15s %-8s %s" % ("bot", "client", "process", "servers told; of these, contacted"))
    for h in tables.bots(hosts):
        print("  %-9s %-15s %-8s %s; %s" % (h.title, h.ip, ",".join(str(pid) for pid, _ in h.processes), ", ".join(
            sorted(h.addresses())), ", ".join(sorted(set().union(*h.contact.values())))))
    missed = sum(bool(list(h.misses())) for h in tables.bots(hosts))
    print("live: %d of %d bots found, each with its process and its servers; %d benign clients" % (
        len(tables.bots(hosts)) - missed, len(tables.bots(hosts)), sum(h.kind == "benign" for h in hosts.values())))
    for fault in faults:
        print("WRONG: " + fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
