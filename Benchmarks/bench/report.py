"""Figures as they are measured: a table a benchmark for people, a line of JSON a figure for programs."""

import json
import operator
import sys

COMPARISONS = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, "==": operator.eq}


class Report:
    def __init__(self, as_json, path):
        self.figures = []
        self.as_json = as_json
        self.file = open(path, "w") if path else None

    def add(self, benchmark, case, subject, measure, value, unit="", goal=None):
        """`goal`: ("<=", 2.0) for instance. A subject may be a ratio of others, its goal is held like any."""
        figure = {"benchmark": benchmark, "case": case, "subject": subject, "measure": measure, "value": rounded(value), "unit": unit}
        if goal:
            figure |= {"goal": f"{goal[0]} {goal[1]}", "met": value is not None and COMPARISONS[goal[0]](value, goal[1])}
        self.figures.append(figure)
        line = json.dumps(figure, ensure_ascii=False)
        if self.file:
            print(line, file=self.file, flush=True)
        if self.as_json:
            print(line, flush=True)

    def table(self, benchmark):
        if self.as_json:
            return
        figures = [f for f in self.figures if f["benchmark"] == benchmark]
        subjects = list(dict.fromkeys(f["subject"] for f in figures))
        rows = [["case", "measure", *subjects, "goal"]]
        for case, measure, unit in dict.fromkeys((f["case"], f["measure"], f["unit"]) for f in figures):
            cells = {f["subject"]: f for f in figures if (f["case"], f["measure"]) == (case, measure)}
            goals = [verdict(s, f) for s, f in cells.items() if "goal" in f]
            rows.append([case, f"{measure}, {unit}" if unit else measure, *(shown(cells.get(s)) for s in subjects), "; ".join(goals)])
        print(f"\n{benchmark}")
        write(rows)

    def missed(self):
        return [f for f in self.figures if f.get("met") is False]


def verdict(subject, figure):
    return f"{subject} {figure['goal']}: {'met' if figure['met'] else 'MISSED'}"


def rounded(value):
    if not isinstance(value, float):
        return value
    return round(value, 1 if value >= 100 else 2 if value >= 1 else 4)


def shown(figure):
    return "" if figure is None else "-" if figure["value"] is None else str(figure["value"])


def write(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    sys.stdout.flush()


def say(words):
    print(f"    {words}", file=sys.stderr, flush=True)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


def median(values):
    return percentile(values, 0.5)
