"""paper_method.py: the second paper's method exactly as written (Yan, Koide, Sakurai), and each detector alone, over the profiles
that a replay left in its store: `metsuke profiles --json` and `metsuke domains --json` as CSV into `metsuke outliers`.

As written: raw values, Chebyshev's inequality in two passes, two-sided, p1 0.1, p2 0.01, nothing known to be normal. Stage 1 has
a row for each client at a domain: URLs, mean of the gaps, their deviation, deviation of the URL's length. Its rows that any
column finds odd go to stage 2, with a row for each of their domains: addresses an answer, mean TTL, networks. Whoever asks a
domain that any column finds odd is accused."""
import csv
import json
import os
import subprocess

HTTP = ("urls", "gap_mean_s", "gap_sd_s", "url_length_sd")
DNS = ("addresses_mean", "ttl_mean_s", "networks")
AS_WRITTEN = ("--method", "odv", "--bound", "general", "--side", "two", "--p1", "0.1", "--p2", "0.01")
ALONE = (  # as ours has them, but learnt from all rows: nothing is known to be a browser's
    ("ODV alone: ln, unimodal, lower, p2 0.05, CV of gaps", ("gap_cv",),
     ("--method", "odv", "--bound", "unimodal", "--side", "lower", "--p1", "0.1", "--p2", "0.05", "--transform", "ln", "--offset",
      "0.02", "--sd-floor", "0.05")),
    ("one-class SVM alone: ln1p, scaled, nu 0.05, gamma 0.25", HTTP,
     ("--method", "ocsvm", "--nu", "0.05", "--gamma", "0.25", "--scale", "--sd-floor", "0.05", "--transform", "ln1p")),
    ("LOF alone: ln1p, scaled, k 10 to 20, 1.5", HTTP,
     ("--method", "lof", "--k", "10", "--k-max", "20", "--distinct", "--scale", "--sd-floor", "0.05", "--transform", "ln1p")),
)
LEAST = 8  # check-ins, as everywhere in the lab


class Profiles:
    def __init__(self, metsuke, store, folder):
        self.metsuke, self.folder = metsuke, folder
        self.pairs = [x for x in self.query("profiles", store) if x["requests"] and x["checkins"] >= LEAST]
        self.domains = {x["domain"]: x for x in self.query("domains", store)}

    def query(self, what, store):
        run = subprocess.run([self.metsuke, what, "-c", "/dev/null", "-S", store, "--json"], check=True, stdout=subprocess.PIPE)
        return [json.loads(line) for line in run.stdout.splitlines()]

    def odd(self, rows, columns, options):
        """Those rows that any column finds odd; a row that lacks a value takes no part."""
        rows = [x for x in rows if all(x[c] is not None for c in columns)]
        if len(rows) < 2:
            return []
        path = os.path.join(self.folder, "rows.csv")
        with open(path, "w", newline="") as f:
            table = csv.writer(f)
            table.writerow(columns)
            table.writerows([x[c] for c in columns] for x in rows)
        run = subprocess.run([self.metsuke, "outliers", *options, "--json", path], check=True, stdout=subprocess.PIPE)
        return [rows[i] for i in json.loads(run.stdout)["flagged"]]


def accused(profiles):
    """{method: {(client, domain)}}, judged once, at the end."""
    def pairs(rows):
        return {(x["client"], x["domain"]) for x in rows}

    first = profiles.odd(profiles.pairs, HTTP, AS_WRITTEN)
    domains = [profiles.domains[d] for d in sorted({x["domain"] for x in first}) if d in profiles.domains]
    second = {x["domain"] for x in profiles.odd(domains, DNS, AS_WRITTEN)}
    everywhere = {x["domain"] for x in profiles.odd(list(profiles.domains.values()), DNS, AS_WRITTEN)}
    said = {"as written, stage 1 only": pairs(first),
            "as written, stage 1, then stage 2": {(c, d) for c, d in pairs(first) if d in second},
            "as written, stage 2 over all domains": {(c, d) for c, d in pairs(first) if d in everywhere}}
    for name, columns, options in ALONE:
        said[name] = pairs(profiles.odd(profiles.pairs, columns, options))
    return said
