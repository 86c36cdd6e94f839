"""outliers.py: LOF and one-class SVM; outliers.c does the work."""
import os

from common import DIR, json_lines, row


def run():
    rows = []
    for seen in json_lines([os.path.join(DIR, "outliers")]):
        if seen.pop("part") == "lof":
            name = f"LOF, {seen['n']} x {seen['d']} rows ({seen['rows']})"
            rows.append(row("outlier", name, "a quarter of them", seen["seconds"] / seen["seconds_quarter"],
                            f"{seen['seconds']:.2f} s; quadratic were 16; k 10 to 20 {seen['seconds_k_10_to_20']:.2f} s; "
                            f"a query {seen['query_us']:.0f} us", at_most=10, **seen))
            rows.append(row("outlier", name, "every distance once", seen["seconds"] / seen["seconds_every_distance"],
                            f"{seen['seconds_every_distance']:.2f} s", at_most=1))
        else:
            rows.append(row("outlier", f"one-class SVM, {seen['n']} x {seen['d']} rows", "", None,
                            f"{seen['seconds']:.2f} s; a decision {seen['decision_us']:.1f} us ({seen['n_sv']} vectors)", **seen))
    return rows
