"""beacon_judge.py: anomaly alerts against the labels of a mixed network (labgen mixed): which bots were told of, when, and
what else was accused, by what it really was."""
import json
from collections import defaultdict

from rhythm import registrable, seconds

FIELDS = ("client role kind domain name period_s jitter spread url method agent first last checkins requests").split()
DUE = 12  # check-ins after which a bot should be told of
GENERATED = 'dga', 'slow-dga'  # told of by client: what they ask for is no domain of theirs, or of anybody


class Label:
    """A row: what a client did at a domain."""

    def __init__(self, line):
        values = line.rstrip("\n").split("\t")
        if len(values) != len(FIELDS):
            raise ValueError("%d fields, not %d: %s" % (len(values), len(FIELDS), line.rstrip()))
        for field, value in zip(FIELDS, values):
            setattr(self, field, value)
        self.period_s, self.jitter = (None if v == "-" else float(v) for v in (self.period_s, self.jitter))
        self.checkins, self.requests = int(self.checkins), int(self.requests)

    def __str__(self):
        rhythm = "no period" if self.period_s is None else "period %.0f s, jitter %.0f %%" % (self.period_s, 100 * self.jitter)
        return "%s %s %s: %s %s, URL %s, %s, agent %s" % (
            self.kind, self.client, self.domain, rhythm, self.spread, self.url, self.method, self.agent)


def read_labels(path):
    with open(path) as f:
        return [Label(line) for line in f if not line.startswith("#")]


class Alert:
    def __init__(self, e):
        anomaly = e.get("metsuke", {}).get("anomaly", {})
        entity = anomaly.get("entity", {}).get("value") or ""
        self.time, self.reason = e["@timestamp"], e["event"].get("reason", "")
        self.client = e.get("source", {}).get("ip")
        names = [*entity.replace(",", " ").split(), e.get("dns", {}).get("question", {}).get("registered_domain"),
                 e.get("url", {}).get("registered_domain"), e.get("url", {}).get("domain")]
        self.domains = {registrable(name) for name in names if name and "." in name and name != self.client}
        self.process = e.get("process", {}).get("executable") or e.get("process", {}).get("name")

    def __str__(self):
        return "%s %s %s: %s" % (self.time, self.client, ",".join(sorted(self.domains)), self.reason)


def read_alerts(paths):
    """In the order of their time: files of events, or iterables of lines."""
    alerts = []
    for path in paths:
        with open(path) as f:
            for line in f:
                if '"anomaly"' in line:
                    e = json.loads(line)
                    if e["event"].get("action") == "anomaly":
                        alerts.append(Alert(e))
    return sorted(alerts, key=lambda a: a.time)


class Verdict:
    """What became of the bots, and the false alarms: (client or None, domain, day): kinds."""

    def __init__(self, labels, alerts):
        self.labels = labels
        self.bots = [x for x in labels if x.role == "bot"]
        self.kinds = defaultdict(set)  # (client, domain) and (None, domain)
        for x in labels:
            self.kinds[x.client, x.domain].add(x.kind)
            self.kinds[None, x.domain].add(x.kind)
        self.first = {}  # (client, domain) of a bot: its first alert
        self.false = {}
        for alert in alerts:
            self.enter(alert)

    def enter(self, alert):
        told = [b for b in self.bots if b.domain in alert.domains and alert.client in (None, b.client)]
        if not told and not any((alert.client, d) in self.kinds for d in alert.domains):
            told = [b for b in self.bots if b.kind in GENERATED and b.client == alert.client]
        for b in told:
            self.first.setdefault((b.client, b.domain), alert)
        if told:
            return
        for domain in alert.domains or {None}:
            self.false.setdefault((alert.client, domain, alert.time[:10]), alert)

    def kind(self, client, domain):
        """What a client does at a domain; nothing: it never did."""
        return "+".join(sorted(self.kinds.get((client, domain), {"unlabelled"})))

    def alert_of(self, bot):
        return self.first.get((bot.client, bot.domain))

    def each(self):
        """[(row, whether it was told of)] of bots, one for each: of several servers the one that was asked most."""
        several = defaultdict(list)
        for i, b in enumerate(self.bots):
            several[(b.client, b.kind) if b.kind == "domains" else i].append(b)
        return [(max(rows, key=lambda b: b.checkins), any(map(self.alert_of, rows))) for rows in several.values()]

    def false_kinds(self):
        """{kind: [(client, domain, day)]}"""
        kinds = defaultdict(list)
        for client, domain, day in self.false:
            kinds[self.kind(client, domain)].append((client, domain, day))
        return dict(kinds)

    def clean_hosts(self):
        return {x.client for x in self.labels} - {b.client for b in self.bots}


def delay(bot, alert, pair):
    """(check-ins up to the alert, minutes since the first). pair: the bot's requests, of rhythm.py."""
    starts, told = pair.checkins(), seconds(alert.time)
    return sum(t <= told for t in starts), (told - starts[0]) / 60


def why_missed(bot, pair, clients):
    """What an analyst would want to know of a bot that no alert is about. clients: of its domain."""
    if not pair:
        return "no request in the capture"
    if bot.checkins < DUE:
        return "only %d check-ins" % bot.checkins
    if not pair.enough():
        return "%d requests, %d gaps" % (len(pair.times), len(pair.gaps()))
    return "%d check-ins, CV of gaps %.2f, longest %.0f s, %d URLs, length sd %.1f, %d clients of the domain" % (
        len(pair.checkins()), pair.cv(), max(pair.gaps()), len(pair.urls), pair.length_sd(), clients)
