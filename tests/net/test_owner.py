#!/usr/bin/env python3
"""test_owner.py: every event carries the process that made it, however it came to its socket, and no event
carries one that did not."""
import os
import signal
import socket
import subprocess
import textwrap
import time

from lab import (CGROUPS, PYTHON, Sensor, Skip, address, case, check, dns_query, main, want, want_no_process,
                 want_process)

# Each prints the pids that it used, one a line. Arguments: server, name queried or path requested.
SENDERS = {
    "a thread that gave itself another name": """
        import ctypes, threading
        def work():
            ctypes.CDLL(None).prctl(15, b"disguise", 0, 0, 0)
            ask(connected(), name)
        t = threading.Thread(target=work); t.start(); t.join(); print(os.getpid())""",
    "a child that inherited an unconnected socket": """
        s = fresh()
        pid = os.fork()
        if not pid:
            s.sendto(query(name), (server, 53)); s.recv(4096); os._exit(0)
        os.waitpid(pid, 0); print(pid)""",
    "a child that inherited a connected socket and only sends": """
        s = connected()
        pid = os.fork()
        if not pid:
            ask(s, name); os._exit(0)
        os.waitpid(pid, 0); print(pid)""",
    "a parent whose child has the connected socket too": """
        s = connected()
        pid = os.fork()
        if not pid:
            time.sleep(0.5); os._exit(0)
        ask(s, name); print(os.getpid()); os.waitpid(pid, 0)""",
    "a process that got the connected socket over a Unix socket": """
        a, b = socket.socketpair(socket.AF_UNIX)
        pid = os.fork()
        if not pid:
            s = socket.socket(family, socket.SOCK_DGRAM, fileno=socket.recv_fds(b, 9, 1)[1][0])
            s.settimeout(5); ask(s, name)
            os._exit(0)
        s = connected(); socket.send_fds(a, [b"x"], [s.fileno()]); s.close()
        os.waitpid(pid, 0); print(pid)""",
    "an HTTP request by a child that inherited the connection": """
        s = socket.create_connection((server, 80))
        pid = os.fork()
        if not pid:
            s.sendall(b"GET /%s HTTP/1.1\\r\\nHost: h\\r\\n\\r\\n" % name.encode()); s.recv(4096); os._exit(0)
        os.waitpid(pid, 0); print(pid)""",
}
PRELUDE = """
import os, socket, struct, sys, time
server, name = sys.argv[1:3]
family = socket.AF_INET6 if ":" in server else socket.AF_INET
def query(name):
    q = b"".join(bytes([len(p)]) + p.encode() for p in name.split("."))
    return os.urandom(2) + struct.pack(">5H", 0x0100, 1, 0, 0, 0) + q + b"\\0\\0\\1\\0\\1"
def fresh():
    s = socket.socket(family, socket.SOCK_DGRAM); s.settimeout(5); return s
def connected():
    s = fresh(); s.connect((server, 53)); return s
def ask(s, name):
    s.send(query(name)); s.recv(4096)
"""


def script(lab, key, text):
    return lab.file(key.replace(" ", "-") + ".py", PRELUDE + textwrap.dedent(text))


def both(sensor, name, **expected):
    """The query and its response, both by the same process."""
    events = sensor.about(name, 2)
    want([e["event"]["action"] for e in events], ["dns-query", "dns-response"], "actions")
    for e in events:
        want_process(e, **expected)
        want(e["network"]["direction"], "egress", "network.direction")
    check("duration" in events[1]["event"], "no duration:", events[1])
    return events


def test_clients(lab, ns, sensor, server, family):
    qtype = "A" if family == 4 else "AAAA"
    tools = {
        "dig": ["dig", "@" + server, "{name}", qtype, "+tries=1", "+short"],
        "busybox nslookup": ["busybox", "nslookup", "-type=" + qtype.lower(), "{name}", server],
        "python3 getaddrinfo": [PYTHON, "-c", "import socket,sys;socket.getaddrinfo(sys.argv[1],80,%d)" %
                                (socket.AF_INET if family == 4 else socket.AF_INET6), "{name}"],
    }
    for tool, argv in tools.items():
        with case("%s over IPv%d" % (tool, family)):
            name = lab.name()
            argv = [a.format(name=name) for a in argv]
            done = lab.run(ns, argv, resolver=server)
            want(done.status, 0, "its exit status, it said: " + done.out)
            if tool == "busybox nslookup":  # it overwrites the = in its own arguments
                argv[2:3] = argv[2].split("=")
            both(sensor, name, pid=done.pid, executable="/usr/bin/" + argv[0] if argv[0] != PYTHON else PYTHON,
                 argv=argv, ran=(done.started, done.ended))
    for argv in (["curl", "-s"], ["wget", "-q", "-O-"], ["busybox", "wget", "-q", "-O", "-"]):
        with case("%s over IPv%d: lookups and request" % (" ".join(argv[:2 if argv[0] == "busybox" else 1]), family)):
            name = lab.name("www.test")  # both address records; dnsmasq has the server's own addresses for it
            argv = argv + ["http://%s/%s" % (name, name)]
            done = lab.run(ns, argv, resolver=server)
            want(done.out, "here\n", "what the server said")
            lookups = [e for e in sensor.about(name) if e["network"]["protocol"] == "dns"]
            check(len(lookups) >= 2, "lookups:", lookups)
            request = sensor.about("/" + name, 1)
            for e in lookups + request:
                want_process(e, done.pid, "/usr/bin/" + argv[0], argv, ran=(done.started, done.ended))
            want(request[0]["url"]["domain"], name, "url.domain")


def test_senders(lab, ns, sensor, server, family):
    for key, text in SENDERS.items():
        with case("%s, IPv%d" % (key, family)):
            name = lab.name()
            argv = [PYTHON, script(lab, key, text), server, name]
            done = lab.run(ns, argv)
            check(done.status == 0 and done.out.strip().isdigit(), done.out)
            pid = int(done.out)
            expected = dict(pid=pid, executable=PYTHON, argv=argv, ppid=done.pid if pid != done.pid else None)
            if "HTTP" in key:
                want_process(sensor.about("/" + name, 1)[0], **expected)
            else:
                both(sensor, name, **expected)


def test_exec(lab, ns, sensor, server):
    first, second, third = lab.name(), lab.name(), lab.name()
    with case("a process that becomes another program and keeps the socket: each event has its program"):
        query = lab.file("query", dns_query(second))
        argv = [PYTHON, script(lab, "exec", "s = connected(); ask(s, name); os.dup2(s.fileno(), 1)\n"
                               "os.execv('/usr/bin/cat', ['cat', %r])" % query), server, first]
        done = lab.run(ns, argv)
        both(sensor, first, pid=done.pid, executable=PYTHON, argv=argv)
        both(sensor, second, pid=done.pid, executable="/usr/bin/cat", argv=["cat", query])
    with case("a program that starts itself anew with other arguments: each event has its arguments"):
        later = script(lab, "later", "ask(connected(), name); time.sleep(1)")
        argv = [PYTHON, script(lab, "anew", "ask(connected(), name)\n"
                               "os.execv(%r, [%r, %r, server, %r])" % (PYTHON, PYTHON, later, third)), server,
                lab.name()]
        done = lab.run(ns, argv)
        both(sensor, argv[3], pid=done.pid, executable=PYTHON, argv=argv)
        both(sensor, third, pid=done.pid, executable=PYTHON, argv=[PYTHON, later, server, third])


def test_late_daemon(lab, ns, sensor, server):
    """The daemon reads the record after things have changed: here it is stopped meanwhile."""
    dig = ["dig", "@" + server, lab.name(), "+tries=1"]
    with case("a process that is gone before the daemon looks"):
        sensor.send(signal.SIGSTOP)
        done = lab.run(ns, dig)
        sensor.send(signal.SIGCONT)
        both(sensor, dig[2], pid=done.pid, executable="/usr/bin/dig", argv=dig, ran=(done.started, done.ended))
    with case("a process that lives on while its parent is gone before the daemon looks"):
        name = lab.name()
        sensor.send(signal.SIGSTOP)
        argv = [PYTHON, script(lab, "orphan", """
            pid = os.fork()
            if not pid:
                ask(connected(), name); os.close(1); os.close(2); time.sleep(2); os._exit(0)
            print(pid); sys.stdout.flush(); time.sleep(0.5)"""), server, name]
        done = lab.run(ns, argv)
        sensor.send(signal.SIGCONT)
        for e in both(sensor, name, pid=int(done.out), executable=PYTHON, argv=argv, ppid=done.pid):
            want(e["process"]["parent"].get("name"), os.path.basename(PYTHON), "process.parent.name")


def test_users_and_containers(lab, ns, sensor, server):
    with case("a process of another user"):
        name = lab.name()
        dig = ["dig", "@" + server, name, "+tries=1"]
        done = lab.run(ns, ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] + dig)
        both(sensor, name, pid=done.pid, executable="/usr/bin/dig", argv=dig, uid=65534)
    for digits, cgroup in ((64, "docker-%s.scope"), (64, "%s"), (63, "docker-%s.scope")):
        with case("in cgroup %s: %s container" % (cgroup % ("<%d hex>" % digits), "a" if digits == 64 else "no")):
            if not CGROUPS:
                raise Skip("cgroup v2 is not mounted")
            container = os.urandom(32).hex()[:digits]
            slice_ = os.path.join(CGROUPS, lab.prefix)
            leaf = os.path.join(slice_, cgroup % container)
            if not os.path.isdir(slice_):
                os.mkdir(slice_)
                lab.at_exit(os.rmdir, slice_)
            os.mkdir(leaf)
            lab.at_exit(os.rmdir, leaf)
            name = lab.name()
            dig = ["dig", "@" + server, name, "+tries=1"]
            done = lab.run(ns, ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', leaf] + dig)
            for e in both(sensor, name, pid=done.pid, executable="/usr/bin/dig", argv=dig):
                want(e.get("container"), {"id": container} if digits == 64 else None, "container")


def test_others(lab, ns, outside, sensor):
    """The sensor's host as a server: who asks is elsewhere."""
    for family in (4, 6):
        with case("a query from another host to a server here over IPv%d: ingress, no process" % family):
            name = lab.name()
            check(lab.lookup(outside, address(1, 1, family), name), "no answer")
            for e in sensor.about(name, 2):
                want(e["network"]["direction"], "ingress", "network.direction")
                want_no_process(e)
                want(e["source"]["ip"], address(1, 2, family), "source.ip")
                want(e["source"].get("mac"), lab.mac(outside, "up0"), "source.mac")
                check("host" in e, "no host:", e)
        with case("the same query by a process here over IPv%d: egress on lo, its process" % family):
            name = lab.name()
            dig = ["dig", "@" + address(1, 1, family), name, "+tries=1"]
            done = lab.run(ns, dig)
            for e in both(sensor, name, pid=done.pid, executable="/usr/bin/dig", argv=dig):
                want(e["observer"]["ingress"]["interface"]["name"], "lo", "interface")
                check("mac" not in e["source"], "a MAC on lo:", e)


def open_before(lab, ns, server, name):
    """A process with a connected socket that sends once it gets a line."""
    argv = [PYTHON, script(lab, "before", "s = connected(); print('ready', flush=True)\n"
                           "sys.stdin.readline(); ask(s, name)"), server, name]
    process = lab.spawn(ns, argv, stdin=subprocess.PIPE)
    process.stdout.readline()
    return process, argv


def test(lab):
    ns, outside = lab.ns("c"), lab.ns("s")
    lab.link(ns, "eth0", outside, "up0", 1)
    servers = {family: address(1, 2, family) for family in (4, 6)}
    lab.dnsmasq(outside, servers.values(), "--address=/www.test/" + servers[4], "--address=/www.test/" + servers[6])
    lab.nginx(outside, list(servers.values()))
    lab.dnsmasq(ns, [address(1, 1), address(1, 1, 6)])
    early = {family: open_before(lab, ns, server, lab.name()) for family, server in servers.items()}
    sensor = Sensor(lab, ns, ["eth0", "lo"])
    for family, (process, argv) in early.items():
        with case("a socket connected before the sensor started, IPv%d: primed" % family):
            process.stdin.write(b"\n")
            process.stdin.flush()
            process.wait(5)
            events = sensor.about(argv[3], 2)
            for e, quality in zip(events, ("primed", "cached")):
                want_process(e, process.pid, PYTHON, argv if "command_line" in e["process"] else None, quality=quality)
    for family, server in servers.items():
        test_clients(lab, ns, sensor, server, family)
        test_senders(lab, ns, sensor, server, family)
    test_exec(lab, ns, sensor, servers[4])
    test_late_daemon(lab, ns, sensor, servers[6])
    test_users_and_containers(lab, ns, sensor, servers[4])
    test_others(lab, ns, outside, sensor)
    with case("the sensor's own sums: none unknown but the queries from outside and their answers"):
        time.sleep(0.1)
        events = [e for e in sensor.events() if e["event"]["dataset"] in ("metsuke.dns", "metsuke.http")]
        want(sum("process" not in e for e in events), 4, "events without a process")
        want(sensor.status()["owners"]["none"], 4, "owners.none in status")
        want(sensor.stop(signal.SIGTERM), 0, "exit status")


if __name__ == "__main__":
    main(test)
