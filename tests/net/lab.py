"""lab.py: what the net tests share. Namespaces joined by veth pairs, servers and clients in them, the real
sensor, and TAP. Everything is named after this process and goes away on any exit.

Addresses come from 198.18.0.0/15 and 2001:db8::/32. No program starts by `ip netns exec`: it would hide
cgroups and the bpf file system."""
import atexit
import contextlib
import ctypes
import json
import os
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
METSUKE = os.path.join(ROOT, os.environ.get("METSUKE_BUILD", "build"), "metsuke")
SCHEMA = os.path.join(ROOT, "tests", "schema.py")
CGROUPS = next((line.split()[1] for line in open("/proc/mounts") if line.split()[2] == "cgroup2"), None)
PYTHON = os.path.realpath(sys.executable)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


# ---- TAP

class Fail(Exception):
    """A case is over and went wrong; the text says what was seen."""


class Skip(Exception):
    """A case cannot be tried here; the text is the reason."""


_cases = {"n": 0, "failed": 0}


def report(passed, name, details=""):
    _cases["n"] += 1
    _cases["failed"] += not passed
    print("%s %d - %s" % ("ok" if passed else "not ok", _cases["n"], name))
    for line in str(details).splitlines():
        print("# " + line)
    sys.stdout.flush()


@contextlib.contextmanager
def case(name):
    try:
        yield
    except Skip as reason:
        report(True, "%s # SKIP %s" % (name, reason))
    except Fail as seen:
        report(False, name, seen)
    except Exception:
        report(False, name, traceback.format_exc())
    else:
        report(True, name)


def want(seen, expected, what):
    if seen != expected:
        raise Fail("%s: expected %r, seen %r" % (what, expected, seen))


def check(truth, *what):
    if not truth:
        raise Fail(" ".join(w if isinstance(w, str) else json.dumps(w, default=str) for w in what))


def main(test):
    """Runs test(lab), with all that belongs to a TAP program around it."""
    for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(sig, lambda number, frame: sys.exit(128 + number))
    lab = Lab()
    atexit.register(lab.close)
    try:
        if os.geteuid() != 0:
            raise Skip("needs root")
        test(lab)
    except Skip as reason:
        report(True, "all of it # SKIP %s" % reason)
    except Exception:
        report(False, "runs to its end", traceback.format_exc() + lab.logs())
    lab.close()
    lab.report_schema()
    print("1..%d" % _cases["n"])
    sys.exit(1 if _cases["failed"] else 0)


def until(true, seconds=10, pause=0.02):
    """Waits for true() to be true and returns what it returned, or its last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = true()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)


# ---- namespaces, processes, servers

def address(net, host, family=4):
    return "198.18.%d.%d" % (net, host) if family == 4 else "2001:db8:%x::%x" % (net, host)


class Done:
    """A command that has ended."""

    def __init__(self, process, started, timeout):
        try:
            self.out = process.communicate(timeout=timeout)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            process.kill()
            self.out = process.communicate()[0].decode(errors="replace") + " [timed out]"
        self.pid, self.status = process.pid, process.returncode
        self.started, self.ended = started, time.time()


def start(name):
    """A lab for a script that is no test: as root alone; a signal ends it in the script's finally."""
    if os.geteuid():
        sys.exit("%s: root is needed, for namespaces and the sensor" % name)
    for sig in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, lambda *_: sys.exit(1))
    return Lab()


class Lab:
    def __init__(self):
        self.prefix = "mt%d" % os.getpid()
        self.tmp = tempfile.mkdtemp(prefix=self.prefix + "-", dir="/tmp")
        os.chmod(self.tmp, 0o755)
        self.sensors, self.undo, self.processes = [], [], []
        self.n_names = self.lines = 0
        self.schema_faults = []

    # Unique names: a lookup or a request is known by the one that it carries.
    def name(self, domain="lab.test"):
        self.n_names += 1
        return "n%d.%s" % (self.n_names, domain)

    def path(self, *parts):
        return os.path.join(self.tmp, *parts)

    def file(self, name, text, mode=0o755):
        with open(self.path(name), "w" if isinstance(text, str) else "wb") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def compile(self, name, source):
        """A C program; a short life counts in milliseconds here."""
        subprocess.run(["cc", "-O2", "-o", self.path(name), self.file(name + ".c", source)], check=True)
        return self.path(name)

    def at_exit(self, fn, *args):
        self.undo.append((fn, args))

    # -- namespaces

    def ns(self, label):
        name = self.prefix + label
        self.sh("ip netns add " + name)
        self.at_exit(self.sh, "ip netns del " + name)
        self.sh("ip -n %s link set lo up" % name)
        return name

    def sh(self, command, ns=None):
        """A command that has to work."""
        done = self.run(ns, command.split())
        if done.status:
            raise RuntimeError("%s: %s" % (command, done.out))
        return done.out

    def link(self, ns_a, if_a, ns_b, if_b, net, extra=""):
        """A veth pair; host 1 at ns_a, host 2 at ns_b, IPv4 /24 and IPv6 /64."""
        self.sh("ip link add %s %s netns %s type veth peer name %s netns %s" % (if_a, extra, ns_a, if_b, ns_b))
        for ns, dev, host in ((ns_a, if_a, 1), (ns_b, if_b, 2)):
            self.sh("ip -n %s addr add %s/24 dev %s" % (ns, address(net, host), dev))
            self.sh("ip -n %s addr add %s/64 dev %s nodad" % (ns, address(net, host, 6), dev))
            self.sh("ip -n %s link set %s up" % (ns, dev))

    def mac(self, ns, dev):
        text = json.loads(self.sh("ip -j -n %s link show %s" % (ns, dev)))[0]["address"]
        return text.upper().replace(":", "-")

    @contextlib.contextmanager
    def inside(self, ns):
        """This process's one thread in the namespace; sockets made there stay there."""
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + ns, os.O_RDONLY)
        try:
            if libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns " + ns)
            yield
        finally:
            libc.setns(here, CLONE_NEWNET)
            os.close(here)
            os.close(there)

    def socket(self, ns, family=4, kind=socket.SOCK_DGRAM):
        with self.inside(ns):
            return socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, kind)

    # -- processes

    def spawn(self, ns, argv, resolver=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
              stderr=subprocess.STDOUT, setup=None):
        """Starts argv in the namespace; its pid is the process's own. resolver: its only name server."""
        argv = list(argv)
        if resolver:
            conf = self.file("resolv-" + resolver.replace(":", "-"), "nameserver %s\n" % resolver, 0o644)
            argv = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', conf] + argv
        if ns:
            argv = ["nsenter", "--net=/run/netns/" + ns, "--"] + argv

        def before_exec():
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if setup:
                setup()

        process = subprocess.Popen(argv, stdin=stdin, stdout=stdout, stderr=stderr, preexec_fn=before_exec)
        self.processes.append(process)
        return process

    def run(self, ns, argv, timeout=20, **options):
        started = time.time()
        return Done(self.spawn(ns, argv, **options), started, timeout)

    def serve(self, ns, argv, ready, **options):
        log = open(self.path("server-%d.log" % len(self.processes)), "wb")
        process = self.spawn(ns, argv, stdout=log, **options)
        if not until(lambda: process.poll() is not None or ready()) or process.poll() is not None:
            raise RuntimeError("%s does not start: %s" % (argv[0], open(log.name).read()))
        return process

    def dnsmasq(self, ns, listen, *more, forward_to=None):
        """Answers below lab.test and knows of no name below none.test; or forwards all."""
        argv = ["dnsmasq", "-d", "--conf-file=/dev/null", "--user=root", "--bind-interfaces", "--no-resolv",
                "--no-hosts", "--pid-file=" + self.path("dnsmasq-%d.pid" % len(self.processes)), *more]
        argv += ["--server=" + forward_to] if forward_to else [
            "--local=/none.test/", "--address=/lab.test/198.19.0.1", "--address=/lab.test/2001:db8:ffff::1"]
        return self.serve(ns, argv + ["--listen-address=" + ip for ip in listen],
                          lambda: all(self.lookup(ns, ip, "ready.none.test", timeout=0.2) for ip in listen))

    def nginx(self, ns, listen):
        conf = self.file("nginx-%d.conf" % len(self.processes), """
            daemon off; master_process off; pid %s; error_log stderr; events {}
            http { access_log off; client_body_temp_path %s; large_client_header_buffers 8 16k;
                server { %s location / { return 200 "here\\n"; } } }""" % (
                    self.path("nginx-%d.pid" % len(self.processes)), self.path("body"),
                    " ".join("listen %s:80;" % (ip if "." in ip else "[%s]" % ip) for ip in listen)))

        def ready():
            s = self.socket(ns, 6 if ":" in listen[0] else 4, socket.SOCK_STREAM)
            with s:
                return s.connect_ex((listen[0], 80)) == 0

        return self.serve(ns, ["nginx", "-e", "stderr", "-c", conf, "-p", self.tmp], ready)

    def lookup(self, ns, server, name, timeout=5, qtype=1):
        """One lookup by this process; returns its own port once an answer is there."""
        with self.socket(ns, 6 if ":" in server else 4) as s:
            s.settimeout(timeout)
            try:
                s.sendto(dns_query(name, qtype), (server, 53))
                s.recv(4096)
            except OSError:
                return None
            return s.getsockname()[1]

    def silent(self, ns, ip, port=53):
        """A DNS port that swallows what it gets: no answers, no ICMP errors."""
        s = self.socket(ns, 6 if ":" in ip else 4)
        s.bind((ip, port))
        return s

    def stream(self, ns, server, n, pause=0.001, port=53, between=lambda i: None):
        """n queries by this process; between(i) runs before the i-th. Returns the names."""
        names = [self.name("stream.test") for _ in range(n)]
        with self.socket(ns, 6 if ":" in server else 4) as s:
            for i, name in enumerate(names):
                between(i)
                s.sendto(dns_query(name), (server, port))
                time.sleep(pause)
        return names

    # -- end

    def logs(self):
        return "".join("\n[%s]\n%s" % (s.log, s.log_text()[-2000:]) for s in self.sensors)

    def close(self):
        for s in self.sensors:
            with contextlib.suppress(Exception):
                s.stop()
        for p in self.processes:
            with contextlib.suppress(OSError):
                p.kill()
            p.wait()
        while self.undo:
            fn, args = self.undo.pop()
            try:
                fn(*args)
            except Exception as e:
                sys.stderr.write("cleaning up: %s\n" % e)
        for p in self.processes:  # those that undoing started
            p.wait()
        shutil.rmtree(self.tmp, ignore_errors=True)

    def check_schema(self, text):
        self.lines += text.count("\n")
        if not text:
            return
        if not os.path.exists(SCHEMA):
            return
        done = subprocess.run([PYTHON, SCHEMA], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            self.schema_faults.append(done.stdout.decode(errors="replace")[:3000])

    def report_schema(self):
        name = "every line that the sensors wrote fits the schema"
        if not os.path.exists(SCHEMA):
            report(True, name + " # SKIP tests/schema.py is not there")
        elif self.lines:
            report(not self.schema_faults, "%s: %d lines" % (name, self.lines), "".join(self.schema_faults))


def dns_query(name, qtype=1, query_id=None):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query_id = int.from_bytes(os.urandom(2), "big") if query_id is None else query_id
    return struct.pack(">6H", query_id, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", qtype, 1)


# ---- the sensor

class Sensor:
    """metsuke run in a namespace, on a file in a folder of its own, with its own folders."""

    def __init__(self, lab, ns, interfaces, config="", sinks=None, wait=True, wrap=(), more=(), like=None, **options):
        self.lab, self.ns, self.interfaces, self.closed = lab, ns, interfaces, False
        n = len(lab.sensors)
        self.dir = like.dir if like else lab.path("sensor%d" % n)
        os.makedirs(self.dir, exist_ok=True)
        self.pins = like.pins if like else "/sys/fs/bpf/%s-%d" % (lab.prefix, n)
        self.runtime = os.path.join(self.dir, "run")
        self.file = os.path.join(self.dir, "events-%d" % n)
        self.log = os.path.join(self.dir, "log-%d" % n)
        self.config = os.path.join(self.dir, "config-%d" % n)
        self.read_to, self.seen, self.stopped = 0, [], None
        self.configure(config)
        self.store = os.path.join(self.dir, "metsuke.db")
        argv = [*wrap, METSUKE, "run", "-c", self.config, "-R", self.runtime, "-P", self.pins, "-S", self.store,
                "-a", os.path.join(self.dir, "allow.jsonl"), *more]
        for name in interfaces:
            argv += ["-i", name]
        for sink in sinks if sinks is not None else ["file:" + self.file]:
            argv += ["-o", sink]
        with open(self.log, "wb") as log:
            options.setdefault("stdout", subprocess.DEVNULL)
            self.process = lab.spawn(ns, argv, stderr=log, **options)
        lab.sensors.append(self)
        self.pid = self.process.pid
        if wait:
            self.wait(lambda e: e["event"]["action"] == "metsuke-started")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()  # where a case failed before it did

    def configure(self, text):
        with open(self.config, "w") as f:
            f.write(text + "\n")

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    def events(self):
        """All events that the file has so far, in order."""
        try:
            with open(self.file, "rb") as f:
                f.seek(self.read_to)
                text = f.read()
        except FileNotFoundError:
            return self.seen
        end = text.rfind(b"\n") + 1
        self.read_to += end
        self.seen += [json.loads(line) for line in text[:end].splitlines()]
        return self.seen

    def find(self, wanted):
        return [e for e in self.events() if wanted(e)]

    def wait(self, wanted, n=1, seconds=10):
        """The events that `wanted` says yes to, once there are n of them."""
        found = until(lambda: [f for f in [self.find(wanted)] if len(f) >= n or self.process.poll() is not None],
                      seconds)
        if not found or len(found[0]) < n:
            raise Fail("waited %d s for %d events, seen %s\n%s" % (
                seconds, n, [brief(e) for e in self.find(wanted)], self.log_text()[-2000:]))
        return found[0]

    def about(self, key, n=None, seconds=10, action=None):
        """The events about a queried name or a requested path; n: waits for that many, and a moment for more."""
        def wanted(e):
            asked = e.get("dns", {}).get("question", {}).get("name"), e.get("url", {}).get("path")
            return key in asked and action in (None, e["event"]["action"])
        if n is None:
            self.settle()
            return self.find(wanted)
        self.wait(wanted, n, seconds)
        time.sleep(0.15)
        found = self.find(wanted)
        want(len(found), n, "events about %s: %s" % (key, [brief(e) for e in found]))
        return found

    def settle(self):
        """Waits until the sensor has written what it has seen."""
        def quiet():
            before = self.status()
            time.sleep(0.1)
            after = self.status()
            sinks = after["sinks"]
            return before["events"] == after["events"] and not any(s["queued_bytes"] for s in sinks) and after
        return until(quiet)

    def status(self):
        done = self.lab.run(None, [METSUKE, "status", "--json", "-c", "/dev/null", "-R", self.runtime],
                            stderr=subprocess.DEVNULL)
        try:
            return json.loads(done.out)
        except ValueError:
            raise Fail("metsuke status: exit %d, %r\n%s" % (done.status, done.out, self.log_text()[-2000:]))

    def run_again(self, **options):
        """Another one with the same folders and configuration file's text."""
        with open(self.config) as f:
            text = f.read().split("\npaths:")[0]
        return Sensor(self.lab, self.ns, self.interfaces, text, like=self, **options)

    def programs(self):
        """The ids of the programs that it holds."""
        ids = set()
        for fd in os.listdir("/proc/%d/fdinfo" % self.pid):
            with contextlib.suppress(OSError):
                with open("/proc/%d/fdinfo/%s" % (self.pid, fd)) as f:
                    ids |= {int(line.split()[1]) for line in f if line.startswith("prog_id:")}
        return ids

    def send(self, number):
        self.process.send_signal(number)

    def exit_status(self, seconds=10):
        """Waits for the sensor's end."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Fail("still runs after %d s\n%s" % (seconds, self.log_text()[-2000:]))
        self.finish()
        return self.process.returncode

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.send(signal.SIGCONT)
            self.send(number)
        return self.exit_status()

    def finish(self):
        if self.closed:
            return
        self.closed = True
        with contextlib.suppress(FileNotFoundError):
            with open(self.file, errors="replace") as f:
                self.lab.check_schema(f.read())
        if self.process.returncode == -signal.SIGKILL:
            shutil.rmtree(self.pins, ignore_errors=True)


def read_lines(*paths):
    """The events of whole files; a line that is none is a failure."""
    events = []
    for path in paths:
        with open(path) as f:
            for line in f:
                try:
                    events.append(json.loads(line))
                except ValueError:
                    raise Fail("%s: not a whole line: %r ... %r" % (path, line[:200], line[-200:]))
    return events


def outcomes(ledger):
    """The packets of a ledger that ended somewhere: all that is not a total or an aside."""
    return sum(n for name, n in ledger.items() if name not in ("packets", "bytes", "heads_evicted", "urgent"))


def brief(e):
    p = e.get("process", {})
    return "%s %s %s/%s %s:%s" % (
        e["event"]["action"], e.get("dns", {}).get("question", {}).get("name") or e.get("url", {}).get("path") or "",
        p.get("name"), p.get("pid"), e.get("source", {}).get("ip"), e.get("source", {}).get("port"))


def want_process(e, pid, executable, argv=None, name=None, ppid=None, uid=0, ran=None, quality=None):
    """Does the event carry this process, with all that is known of one?"""
    p = e.get("process")
    check(p is not None, "no process:", e)
    executable = os.path.realpath(executable)
    want(p["pid"], pid, "process.pid of " + brief(e))
    want(p.get("executable"), executable, "process.executable")
    want(p.get("name"), name or os.path.basename(executable), "process.name")
    if argv is not None:
        want(p.get("command_line"), " ".join(argv), "process.command_line")
    want(p["parent"]["pid"], ppid or os.getpid(), "process.parent.pid")
    if not ppid:
        want(p["parent"].get("name"), open("/proc/self/comm").read().strip(), "process.parent.name")
    want(e["user"], {"id": str(uid), "name": pwd.getpwuid(uid).pw_name}, "user")
    if ran:
        start = event_time(p["start"])
        check(ran[0] - 0.05 <= start <= ran[1] + 0.05, "process.start", p["start"], "is not within", ran)
    quality = quality or ("cached" if e["event"]["action"] == "dns-response" else "socket")
    want(e["metsuke"]["owner"]["quality"], quality, "metsuke.owner.quality")
    check(p["entity_id"].split("-")[1] == str(pid), "process.entity_id", p["entity_id"])


def want_no_process(e):
    check("process" not in e and "user" not in e, "has a process:", e)


def event_time(text):
    seconds, fraction = text.rstrip("Z").split(".")
    import calendar
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) + float("0." + fraction)
