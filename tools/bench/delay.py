"""delay.py: how long a listed lookup waits in a flood of others: from its packet's time to the moment when a reader of the
sensor's standard output has the alert. Lookups go out one by one while the flood runs."""
import os
import subprocess
import sys
import threading
import time

from common import METSUKE, ROOT, median, row, say
from live import Net, possible

sys.path.insert(0, os.path.join(ROOT, "tests", "net"))
from lab import address, dns_query, until  # pylint: disable=wrong-import-position

RATE, SECONDS, LOOKUPS, GOAL_MS = 200_000, 4, 100, 100


def clock_ms(text):
    hours, minutes, seconds = text.split(":")
    return round(((int(hours) * 60 + int(minutes)) * 60 + float(seconds)) * 1000)


def read_alerts(stream, delays):
    """Until the stream's end: the delay of each alert by its name, ms. Times of day are the machine's own."""
    rest = b""
    while block := os.read(stream.fileno(), 1 << 20):
        now = time.time()
        today = time.localtime(now)
        now_ms = ((today.tm_hour * 60 + today.tm_min) * 60 + today.tm_sec) * 1000 + now % 1 * 1000
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if b" ALERT " in line:
                words = line.decode().split()
                delays.setdefault(words[words.index("ALERT") + 1], (now_ms - clock_ms(words[0])) % 86_400_000)


def run_delay():
    if not possible():
        return []
    delays = {}
    with Net() as net:
        listed, config = os.path.join(net.folder, "listed.txt"), os.path.join(net.folder, "config")
        with open(listed, "w", encoding="ascii") as file:
            file.write("evil.bench\n")
        with open(config, "w", encoding="ascii") as file:
            file.write("intel:\n  alert_window_seconds: 0\n")  # each tells
        runtime = os.path.join(net.folder, "run")
        sensor = net.spawn([METSUKE, "run", "-c", config, "-R", runtime, "-P", f"/sys/fs/bpf/{net.lab.prefix}-delay", "-S", "none", "-i", "rx0",
                            "-l", listed, "--format", "text"], net.rx, 1, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader = threading.Thread(target=read_alerts, args=(sensor.stdout, delays))
        reader.start()
        until(lambda: subprocess.run([METSUKE, "status", "-c", "/dev/null", "-R", runtime], check=False, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL).returncode == 0)
        flood = threading.Thread(target=net.flood, args=("dns", RATE, SECONDS))
        with net.lab.socket(net.tx) as asker:
            flood.start()
            time.sleep(0.5)
            for i in range(LOOKUPS):
                asker.sendto(dns_query(f"n{i}.evil.bench"), (address(50, 2), 53))
                time.sleep((SECONDS - 1) / LOOKUPS)
            flood.join()
        sensor.terminate()
        sensor.wait(30)
        reader.join()
    say(f"bench: {len(delays)} of {LOOKUPS} listed lookups alerted")
    worst = max(delays.values(), default=float("inf"))
    return [row("delay", f"alert among {RATE:,} other lookups/s, slowest of {LOOKUPS}", f"{GOAL_MS} ms", worst / GOAL_MS,
                f"{worst:.0f} ms, median {median(list(delays.values())):.0f} ms; {LOOKUPS - len(delays)} lost", at_most=1,
                doubt=f"{LOOKUPS - len(delays)} LOST" if len(delays) < LOOKUPS else None)]
