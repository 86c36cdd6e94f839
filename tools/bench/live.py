"""live.py: sensors on a veth pair (native XDP) with traffic at a fixed rate, in namespaces of their own.

Cost: processor time that a sensor adds to the whole system, by the scheduler's clock: sender, sensor and ksoftirqd, minus
the same without a sensor. A veth hands a packet to its peer in the sender's own time, so the kernel half of every sensor lies
there; tick counters miss a sender that sleeps. Frames are for another host: without a sensor they end in the IP layer.
The sender has one core, the sensor another."""
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from common import DIR, FULL, METSUKE, ROOT, capture, median, ratios, row, say, skip, suricata

sys.path.insert(0, os.path.join(ROOT, "tests", "net"))
from lab import Lab, until  # pylint: disable=wrong-import-position

ROUNDS, SECONDS = (7, 5) if FULL else (3, 2)
LADDER = [50_000, 100_000, 150_000, 200_000, 300_000, 400_000, 500_000]
LADDER_SECONDS = 5 if FULL else 2
NO_LOSS_GOAL = 400_000
FLOOD_FRAMES = 200_000
LOADS = [("mixed", 150_000), ("dns", 50_000), ("dns", 200_000)]
GOALS = {("tcpdump", "mixed", 150_000): 1, ("suricata", "mixed", 150_000): 5,
         ("dnscap", "dns", 50_000): 2.5, ("suricata", "dns", 50_000): 6}
MEMORY_GOAL, ENTRY_GOAL = 32 << 20, 40
MEMORY_SECONDS = 180 if FULL else 15
MEMORY_RATE = 50_000
ENTRIES = 1_000_000
LAST_RECORDS = 0.5  # seconds until what was sent has been read


def cpu_ns(pid):
    """sum_exec_runtime of a process with all its threads, those that ended too."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def softirq_threads():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/comm", encoding="ascii", errors="replace") as comm:
                if comm.read().startswith("ksoftirqd/"):
                    found.append(int(pid))
    return found


def count_in(path, what):
    """How often the bytes stand in the lines of a file."""
    n, rest = 0, b""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        while block := file.read(1 << 22):
            block = rest + block
            end = block.rfind(b"\n") + 1
            n += block.count(what, 0, end)
            rest = block[end:]
    return n + rest.count(what)


class Net:
    """Two namespaces, a veth pair, a folder in memory."""

    def __init__(self):
        self.lab = Lab()
        try:
            self.folder = tempfile.mkdtemp(prefix=self.lab.prefix + "-", dir="/dev/shm")
            self.lab.at_exit(shutil.rmtree, self.folder)
            self.tx, self.rx = self.lab.ns("tx"), self.lab.ns("rx")
            self.lab.link(self.tx, "tx0", self.rx, "rx0", 50)
        except BaseException:
            self.lab.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.lab.close()

    def spawn(self, argv, ns, cpu, **options):
        return self.lab.spawn(ns, ["taskset", "-c", str(cpu % os.cpu_count()), *argv], **options)

    def flood(self, kind, rate, seconds):
        argv = [os.path.join(DIR, "flood"), capture(kind, FLOOD_FRAMES), "tx0", str(rate), str(seconds)]
        process = self.spawn(argv, self.tx, 0, stderr=subprocess.PIPE)
        out, error = process.communicate(timeout=seconds * 4 + 30)
        if process.returncode:
            raise RuntimeError(error.decode().strip())
        return json.loads(out)


class Sensor:
    """A program that looks at rx0. Each kind says how it starts, when it is ready, and what it has seen."""
    name, program = "", ""

    def __init__(self, net):
        self.net = net
        self.dir = tempfile.mkdtemp(dir=net.folder)
        self.out, self.err = (open(os.path.join(self.dir, name), "wb") for name in ("out", "err"))
        self.process = net.spawn(self.command(), net.rx, 1, stdout=self.out, stderr=self.err, setup=lambda: os.chdir(self.dir))
        if not until(lambda: self.process.poll() is not None or self.ready()) or self.process.poll() is not None:
            raise RuntimeError(f"{self.name} does not start: {self.error_text()[-500:]}")
        time.sleep(0.5)

    def command(self):
        raise NotImplementedError

    def path(self, name):
        return os.path.join(self.dir, name)

    def error_text(self):
        with open(self.path("err"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def ready(self):
        """A packet socket is there."""
        with open(f"/proc/{self.process.pid}/net/packet", encoding="ascii") as sockets:
            return len(sockets.readlines()) > 1

    def settle(self):
        """Waits until what was sent has been looked at."""
        time.sleep(LAST_RECORDS)

    def seen(self, sent):
        """After its end: (what should be there, what is), packets or messages."""
        raise NotImplementedError

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.err.close()

    def remove(self):
        self.net.lab.processes.remove(self.process)
        shutil.rmtree(self.dir)


class Metsuke(Sensor):
    name, program = "metsuke", METSUKE
    more = ()

    def command(self):
        with open(self.path("config"), "w", encoding="ascii") as file:
            file.write("output:\n  rotate_bytes: 0\n")
        self.before = self.after = None
        self.pins = "/sys/fs/bpf/%s-live" % self.net.lab.prefix
        return [METSUKE, "run", "-c", self.path("config"), "-R", self.path("run"), "-P", self.pins, "-i", "rx0",
                "-S", self.path("store.db"), "-o", "file:" + self.path("events"), *self.more]

    def status(self):
        done = subprocess.run([METSUKE, "status", "--json", "-c", "/dev/null", "-R", self.path("run")], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def ready(self):
        self.before = self.status()
        return self.before

    def settle(self):
        super().settle()

        def quiet():
            before, self.after = self.after, self.status()
            return before and before["events"] == self.after["events"] and not any(s["queued_bytes"] for s in self.after["sinks"])
        until(quiet, pause=0.1)

    def ledger(self, name):
        return self.after["ledger"][name] - self.before["ledger"][name]

    def seen(self, sent):
        return sent["dns"] + sent["http"], count_in(self.path("events"), b'"action":"dns-') + count_in(
            self.path("events"), b'"action":"http-')


class Tcpdump(Sensor):
    name = program = "tcpdump"

    def command(self):
        return ["tcpdump", "-n", "-i", "rx0", "-w", "/dev/null"]

    def seen(self, sent):
        return sent["sent"], int(re.search(r"(\d+) packets? captured", self.error_text())[1])


class Dnscap(Sensor):
    name = program = "dnscap"

    def command(self):
        return ["dnscap", "-i", "rx0", "-g"]

    def seen(self, sent):
        return sent["dns"], count_in(self.path("err"), b"\n[") + count_in(self.path("out"), b"\n[")


class Suricata(Sensor):
    name = program = "suricata"

    def command(self):
        return suricata() + ["-l", self.dir, "--runmode", "workers", "--af-packet=rx0"]

    def ready(self):
        return super().ready() and os.path.exists(self.path("eve.json"))

    def seen(self, sent):
        return sent["dns"], count_in(self.path("eve.json"), b'"event_type":"dns"')


def sensors():
    found = [Metsuke]
    for kind in (Tcpdump, Dnscap, Suricata):
        if suricata() if kind is Suricata else shutil.which(kind.program):
            found.append(kind)
        else:
            skip(f"{kind.name} live", "not installed; tools/deps.sh bench brings it")
    return found


def measure(net, kind, load, rate, seconds):
    """One sensor (None: none) under one load: processor time for a packet, and the share that it did not see."""
    sensor = kind(net) if kind else None
    others = softirq_threads() + ([sensor.process.pid] if sensor else [])
    try:
        before, own_before = sum(map(cpu_ns, others)), cpu_ns(sensor.process.pid) if sensor else 0
        sent = net.flood(load, rate, seconds)
        if sensor:
            sensor.settle()
        used, own = sum(map(cpu_ns, others)) - before + sent["cpu_ns"], cpu_ns(sensor.process.pid) if sensor else 0
    finally:
        if sensor:
            sensor.stop()
    seen = {"ns": used / sent["sent"], "rate": sent["rate"], "failed": sent["failed"], "lost": 0, "sent": sent,
            "sensor_ns": (own - own_before) / sent["sent"]}
    if sensor:
        wanted, found = sensor.seen(sent)
        seen["lost"] = max(0, wanted - found) / wanted
        sensor.remove()
    return seen, sensor


def cost(net, kinds, load, rate):
    turns = {name: [] for name in ["none"] + [k.name for k in kinds]}
    for turn in range(ROUNDS):
        for kind in [None] + (kinds if turn % 2 else kinds[::-1]):
            try:
                turns[kind.name if kind else "none"].append(measure(net, kind, load, rate, SECONDS)[0])
            except RuntimeError as wrong:
                if not kind:
                    raise
                skip(f"{kind.name} live", wrong)
    return turns


def cost_rows(turns, load, rate):
    base = [seen["ns"] for seen in turns.pop("none")]
    added = {name: [seen["ns"] - b for seen, b in zip(all_seen, base)] for name, all_seen in turns.items()}
    rows = []
    for name, ns in added.items():
        if not ns:
            continue
        low, middle, high = ratios(ns, added["metsuke"])
        lost, slowest = max(seen["lost"] for seen in turns[name]), min(seen["rate"] for seen in turns[name])
        failed = max(seen["failed"] for seen in turns[name])
        doubts = [f"{100 * lost:.2g} % NOT SEEN"] if lost > 0.001 else []
        doubts += [f"only {slowest:,.0f} packets/s"] if slowest < 0.97 * rate else []
        own = median([seen["sensor_ns"] for seen in turns[name]])
        note = (f"{median(ns):.0f} ns a packet ({min(ns):.0f} to {max(ns):.0f}) on top of {median(base):.0f}, "
                f"{own:.0f} in its process")
        if failed:
            note += f", {failed} not accepted by the device"
        rows.append(row("live", f"{name}, {load} at {rate:,}/s", "metsuke", middle, note,
                        at_least=GOALS.get((name, load, rate)), doubt=", ".join(doubts) or None, load=load, rate=rate, program=name,
                        added_ns=ns, sensor_ns=own, base_ns=base, lost=lost, ratio_low=low, ratio_high=high))
    return rows


def possible():
    if os.geteuid():
        skip("live part", "it makes namespaces and needs root")
    elif not os.path.isdir("/dev/shm"):
        skip("live part", "no /dev/shm")
    else:
        return True
    return False


def run_cost():
    rows = []
    if possible():
        with Net() as net:
            kinds = sensors()
            for load, rate in LOADS:
                say(f"bench: live, {load} at {rate:,} packets/s")
                rows += cost_rows(cost(net, kinds, load, rate), load, rate)
    return rows


def without_loss(net, kind, rate):
    """(Does everything sent arrive?, the sender's own limit where that is below the rate). metsuke's ledger must say the same as
    its lines."""
    seen, sensor = measure(net, kind, "dns", rate, LADDER_SECONDS)
    slow = seen["rate"] if seen["rate"] < 0.97 * rate else None
    if slow:
        say(f"bench: {kind.name} at {rate:,}/s: the sender came to {slow:,.0f}")
    if kind is Metsuke:
        found = sensor.ledger("dns") + sensor.ledger("lost_bulk")
        if found != seen["sent"]["dns"]:
            say(f"bench: metsuke's ledger has {found} of {seen['sent']['dns']} messages")
            return False, slow
    if seen["lost"]:
        say(f"bench: {kind.name} at {rate:,}/s: {100 * seen['lost']:.2g} % not seen")
    return seen["lost"] == 0, slow


def climb(net, kind):
    """The last rate without loss, and where the sender, not the sensor, ended the climb (else None). Each rung is tried twice."""
    best = 0
    for rate in LADDER:
        tries = [without_loss(net, kind, rate)]
        if tries[0] != (True, None):
            tries.append(without_loss(net, kind, rate))
        if (True, None) in tries:
            best = rate
            continue
        held = [slow for good, slow in tries if good]  # slower than asked, and nothing lost
        return best, max(held) if held else None
    return best, None


def run_ladder():
    rows = []
    if not possible():
        return rows
    with Net() as net:
        for kind in sensors():
            if kind is Tcpdump:
                continue  # it does not look at DNS
            best, stopped = climb(net, kind)
            rows.append(row("ladder", f"{kind.name}: DNS messages/s without loss", f"{NO_LOSS_GOAL:,}", best / NO_LOSS_GOAL,
                            f"{best:,}", at_least=1 if kind is Metsuke else None, program=kind.name, rate=best,
                            doubt=f"sender stopped at {stopped:,.0f}/s" if stopped and best < NO_LOSS_GOAL else None))
    return rows


def resident(pid):
    """Bytes in memory besides the rings that it shares with the kernel."""
    total, ring = 0, False
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                ring = "bpf-map" in line or "bpf_ringbuf" in line
            elif line.startswith("Rss:") and not ring:
                total += int(line.split()[1]) * 1024
    return total


def tables():
    """Bytes of the lists' tables in the kernel by map id (all sensors')."""
    if not shutil.which("bpftool"):
        return {}
    done = subprocess.run(["bpftool", "-j", "map", "show"], check=True, stdout=subprocess.PIPE)
    return {m["id"]: m["bytes_memlock"] for m in json.loads(done.stdout) if m.get("name") == "listed_names"}


def memory_of(net, kind, seconds):
    """Resident bytes at start, after a third of the traffic, and after all of it; bytes of the tables of its lists."""
    before = tables()
    sensor = kind(net)
    try:
        table = sum(size for number, size in tables().items() if number not in before)
        found = [resident(sensor.process.pid)]
        for part in (seconds / 3, seconds * 2 / 3):
            net.flood("mixed", MEMORY_RATE, part)
            sensor.settle()
            found.append(resident(sensor.process.pid))
    finally:
        sensor.stop()
    sensor.remove()
    return found, table


def run_memory():
    if not possible():
        return []
    with Net() as net:
        path = os.path.join(net.folder, "million.txt")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"c{i * 7919 % 1000003:x}.n{i:x}.example\n" for i in range(ENTRIES))

        class Listed(Metsuke):
            more = ("-l", path)

        (none, third, end), _ = memory_of(net, Metsuke, MEMORY_SECONDS)
        (_, _, listed), table = memory_of(net, Listed, MEMORY_SECONDS)
    daemon, kernel = (listed - end) / ENTRIES, table / ENTRIES
    return [row("memory", "resident, no lists", "32 MiB", end / MEMORY_GOAL,
                f"{none / 2**20:.1f} MiB at start, {end / 2**20:.1f} after {MEMORY_SECONDS} s of mixed at {MEMORY_RATE:,}/s",
                at_most=1, start=none, third=third, end=end),
            row("memory", "growth in the last two thirds of it", "a third", end / third, f"from {third / 2**20:.1f} MiB", at_most=1.05),
            row("memory", "an entry of a million names, daemon", "40 bytes", daemon / ENTRY_GOAL, f"{daemon:.1f} bytes", at_most=1,
                bytes=daemon),
            row("memory", "... and the kernel's table", "40 bytes", (daemon + kernel) / ENTRY_GOAL if table else None,
                f"{kernel:.1f} bytes" if table else "no bpftool to ask for it", bytes=kernel)]
