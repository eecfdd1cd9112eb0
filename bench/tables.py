"""The figures of a run, their tables, and whether the run counts."""
import json
import os
import statistics
import sys

from workloads import BASELINES, GOALS, ORDER

FOREIGN_MAX = 0.1  # of a core, used by programs that take no part
FIGURES = {"per_second": "per second", "cpu_us": "CPU a request", "p99_us": "p99",
           "p999_us": "p99.9"}


def not_done(figures):
    return (sum(figures.get("other", {}).values()) + figures.get("broken", 0) +
            figures.get("unanswered", 0))


class Results:
    """Figures of every round: rows[workload, name] is a list."""

    def __init__(self):
        self.rows = {}

    def add(self, workload, name, figures):
        self.rows.setdefault((workload, name), []).append(figures)
        print(f"  {workload:26} {name:36} {figures['per_second']:10.0f}/s"
              + (f" {figures['cpu_us']:7.1f} us CPU" if "cpu_us" in figures else "")
              + (f" {figures['p99_us'] / 1000:8.2f} ms p99" if "p99_us" in figures else "")
              + (f"  {not_done(figures)} NOT DONE" if not_done(figures) else ""), flush=True)

    def median(self, workload, name, figure="per_second"):
        return statistics.median(row[figure] for row in self.rows[workload, name])

    def ratio(self, goal):
        """The median of the rounds' ratios, or None where one of them took no part."""
        first, second = self.rows.get(goal.one), self.rows.get(goal.two)
        if not first or not second:
            return None
        ratios = [a[goal.figure] / b[goal.figure] for a, b in zip(first, second) if b[goal.figure]]
        return statistics.median(ratios) if ratios else None

    def disturbed(self):
        """Of the measurements, those beside which other programs used a processor."""
        shares = [row.get("foreign", 0) for rows in self.rows.values() for row in rows]
        return [share for share in shares if share >= FOREIGN_MAX], len(shares)


def row_of(results, workload, name, rows):
    rates = [row["per_second"] for row in rows]

    def cell(figure, factor, form):
        if figure not in rows[0]:
            return ""
        return form.format(factor * results.median(workload, name, figure))

    return [workload, name, spread(rates),
            *(cell(figure, 0.001, "{:.2f}") for figure in ("p50_us", "p99_us", "p999_us")),
            cell("cpu_us", 1, "{:.1f}"), cell("cpu", 100, "{:.0f} %"),
            cell("foreign", 100, "{:.0f} %"),
            str(sum(map(not_done, rows))) if "done" in rows[0] else ""]


def spread(rates):
    places = 0 if min(rates) >= 10 else 2
    return (f"{statistics.median(rates):,.{places}f} "
            f"({min(rates):,.{places}f}-{max(rates):,.{places}f})")


def tables(options, results):
    lines = [f"{machine()}; {options.rows} questions, {options.rounds} rounds of "
             f"{options.seconds:g} s, medians (least and most)", ""]
    disturbed, count = results.disturbed()
    if disturbed:
        lines += [f"DISTURBED: beside {len(disturbed)} of {count} measurements other programs used "
                  f"up to {100 * max(disturbed):.0f} % of a core. The figures do not count.", ""]
    lines += ["| workload | who | per second | p50 ms | p99 ms | p99.9 ms | CPU µs each | CPU "
              "| others' CPU | not done |",
              "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for (workload, name), rows in sorted(results.rows.items(), key=lambda at: ORDER.index(at[0][0])):
        lines.append("| " + " | ".join(row_of(results, workload, name, rows)) + " |")
    lines += ["", "| workload | ratio | is | wanted |", "| --- | --- | ---: | --- |"]
    for goal in GOALS:
        ratio = results.ratio(goal)
        if ratio is not None:
            lines.append(f"| {goal.label} | {describe(goal)} | {ratio:.2f} | {goal.verdict(ratio)} |")
    return "\n".join(lines)


def describe(goal):
    """What differs: who, or the workload."""
    same = goal.one[1] == goal.two[1]
    text = (f"{goal.one[1]}: {goal.one[0]} / {goal.two[0]}" if same
            else f"{goal.one[1]} / {goal.two[1]}")
    return text if goal.figure == "per_second" else f"{text}, {FIGURES[goal.figure]}"


def machine():
    model = "?"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
    return f"{model}, {os.cpu_count()} cores, Linux {os.uname().release}"


def check_baselines(options, results):
    """A bare program that is slower than it was says that the machine is: then nothing counts."""
    path = options.build / "bench-baseline.json"
    last = json.loads(path.read_text()) if path.exists() else {}
    sound = True
    for workload, name in BASELINES:
        if (workload, name) not in results.rows:
            continue
        place, now = f"{workload}: {name}, {options.rows} rows", results.median(workload, name)
        if now < 0.8 * last.get(place, 0):
            sound = False
            print(f"VOID: {place} gave {now:,.0f}/s, and {last[place]:,.0f}/s before. The machine "
                  f"is busy or has changed; run again, or remove {path}.", file=sys.stderr)
        elif not results.disturbed()[0]:
            last[place] = now
    path.write_text(json.dumps(last, indent=1) + "\n")
    return sound
