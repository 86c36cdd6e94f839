#!/usr/bin/env python3
"""test_beacons.py: bots in a network of clean hosts, for three days: every one is told of, hardly anything else, and their near
misses are not. Seeds of its own; the figures are in docs/evaluation.md."""
import shutil
import tempfile

from harness import *

LAB = os.path.join(ROOT, 'tests', 'lab')
sys.path.insert(0, LAB)
import beacon_judge

work = tempfile.mkdtemp(prefix='metsuke-beacons-')
FEATURES = {'gap_cv', 'ocsvm', 'lof', 'clients', 'age_days', 'companions'}  # known of each in a network


def network(seed, *options):
    """What replay says of it, against its labels; and the events of its alerts."""
    capture, out = os.path.join(work, '%d.pcap' % seed), os.path.join(work, '%d.ndjson' % seed)
    subprocess.run([os.path.join(BUILD, 'lab', 'labgen'), 'mixed', '-s', str(seed), '--light', *options, capture], check=True,
                   stdout=subprocess.DEVNULL, timeout=120)
    with open(out, 'wb') as f:
        replay(capture, stdout=f)
    with open(out, 'rb') as f:
        alerts = [line for line in f if b'"action":"anomaly"' in line]
    os.unlink(capture)
    verdict = beacon_judge.Verdict(beacon_judge.read_labels(capture + '.labels.tsv'), beacon_judge.read_alerts([out]))
    os.unlink(out)
    return verdict, list(events(b''.join(alerts)))


def test_bots():
    v, alerts = network(601, '-n', '25', '-b', '6', '-t', '72')
    due = [b for b in v.bots if b.checkins >= 12]
    ok(len(due) >= 5, 'bots with at least 12 check-ins', [str(b) for b in v.bots])
    same([str(b) for b in due if not v.alert_of(b)], [], 'all %d are told of' % len(due))
    clean = [x for x in v.false if x[0] in v.clean_hosts()]
    ok(len(clean) <= len(v.clean_hosts()) * 3 / 50, 'at most one false alarm in 50 clean host-days', clean)
    same(v.false_kinds().get('update', []) + v.false_kinds().get('connectivity', []), [], 'none about updates or connectivity')
    clients = {}
    for x in v.labels:
        if x.kind in ('update', 'connectivity') and x.checkins >= 12:
            clients.setdefault(x.domain, set()).add(x.client)
    ok(sum(len(c) >= 4 for c in clients.values()) >= 2, 'though there are such programs, as regular, on many hosts', clients)
    wrong = [e for e in alerts if not FEATURES <= set(e['metsuke']['anomaly']['features']) or
             not {'clients', 'age_days', 'companions'} <= set(e['metsuke']['anomaly']['triggered'])]
    ok(alerts and not wrong, 'each with its evidence', wrong[:1])


def test_near_misses():
    v, _ = network(604, '-n', '10', '-b', '3', '-t', '72', '--period', '300', '--jitter', '1', '--spread', 'uniform')
    ok(min(b.checkins for b in v.bots) >= 12, 'bots that wait anything up to twice their period', [str(b) for b in v.bots])
    same([str(b) for b in v.bots if v.alert_of(b)], [], 'are not told of')
    v, _ = network(604, '-n', '10', '-b', '3', '-t', '72', '--period', '300', '--jitter', '0.3', '--spread', 'uniform')
    ok(all(map(v.alert_of, v.bots)), 'the same with 30 %: all are', [str(b) for b in v.bots])
    v, _ = network(603, '-n', '10', '-b', '3', '-t', '72', '--period', '28800', '--jitter', '0')
    ok(3 <= max(b.checkins for b in v.bots) < 12, 'bots with fewer than 12 check-ins', [b.checkins for b in v.bots])
    same([str(b) for b in v.bots if v.alert_of(b)], [], 'are not told of')


if __name__ == '__main__':
    try:
        for test in (test_bots, test_near_misses):
            test()
    finally:
        shutil.rmtree(work)
    end()
