"""table.py: the bench's rows as one table for people."""


def verdict(row):
    if row["at_most"] is None and row["at_least"] is None:
        return "", ""
    text = f"<= {row['at_most']:g}" if row["at_most"] is not None else f">= {row['at_least']:g}"
    if row["ratio"] is None:
        return text, "no figure"
    if row["doubt"]:
        return text, "not judged"
    met = row["ratio"] <= row["at_most"] if row["at_most"] is not None else row["ratio"] >= row["at_least"]
    return text, "met" if met else "MISSED"


def line(part, what, against, ratio, goal, judged, note):
    print(f"{part:<7} {what:<44} {against:<20} {ratio:>8} {goal:>8} {judged:<10} {note}".rstrip())


def print_table(rows):
    line("part", "what", "against", "ratio", "goal", "", "")
    for row in rows:
        goal, judged = verdict(row)
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}" if row["ratio"] < 1000 else f"{row['ratio']:,.0f}"
        note = "; ".join(text for text in (row["note"], row["doubt"]) if text)
        line(row["part"], row["what"], row["against"], ratio, goal, judged, note)
