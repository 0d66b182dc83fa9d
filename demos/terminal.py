"""What the terminal shows of a record: a row a run, a line a lane. plots.py draws the same as SVG.

Rows and lanes are entries of the record's "runs" and "lanes" (record.schema.json).
"""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import Any

from machine import describe, describe_machine

WIDEST = 100  # columns; a projector's terminal has fewer
SHADES = " ░▒▓█"  # how much of a column's time the worker ran, in quarters
MARKS = {"waiting": "·", "no core": "x", "unknown": "?", "idle": "·"}  # else, what it mostly did instead
ASCII = str.maketrans(" ░▒▓█·", " .:+#-")  # for terminals without Unicode
FEW = 3  # repeats of a time whose spread says little
Entry = Mapping[str, Any]


def headline(record: Entry) -> str:
    return textwrap.fill(f"{describe(record['interpreter'])}, {describe_machine(record['machine'])}", width())


def width() -> int:
    return min(shutil.get_terminal_size().columns, WIDEST)


def run_rows(run: Entry, runs: Sequence[Entry]) -> Iterator[str]:
    """One row: parameters, median, spread; of a time the speedup and CPU seconds a second; the variant.

    Another measure than that of the row before begins a table of its own.
    """
    runs = [other for other in runs if other["measure"] == run["measure"]]
    values, timed = run["values"], run["measure"] == "time"
    cpu = timed and runs[0]["cpu_seconds"] is not None  # who measures it does so from the first row on
    spread = len(runs[0]["values"]) > (FEW if timed else 1)
    if len(runs) == 1:
        more = ["min", "p95"] * spread + ["speedup"] * timed + ["CPU/wall"] * cpu
        yield row([*run["parameters"], run["measure"], *more], "")
    cells = [str(value).rjust(len(name)) for name, value in run["parameters"].items()]
    cells.append(f"{number(median(values))} {run['unit']}")
    if spread:
        cells += [number(value) for value in (min(values), p95(values))]
    if timed:
        cells.append(f"{speedup(run, runs):,.2f}")
    if cpu:
        cells.append(cpu_per_wall(run))
    yield row(cells, run["variant"])


def cpu_per_wall(run: Entry) -> str:
    """How many cores computed at a time, on average; nothing where that is unknown."""
    known = run["cpu_seconds"] is not None
    return f"{run['cpu_seconds'] / sum(run['values']):.2f}" if known else ""


def number(value: float) -> str:
    """A whole number as it is, else three digits that count; never with an exponent: 1,110 or 0.0264."""
    if isinstance(value, int):
        return f"{value:,}"
    return f"{Decimal(f'{value:.3g}'):,f}"


def p95(values: Iterable[float]) -> float:
    """The value that 95 % of them do not exceed; of fewer than twenty the greatest."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]


def row(cells: Iterable[str], name: str) -> str:
    return (" ".join(f"{cell:>10}" for cell in cells) + f"  {name}").rstrip()


def speedup(run: Entry, runs: Sequence[Entry]) -> float:
    """Against the baseline: the first run with the same parameters; over workers, its own with the fewest."""
    key = "variant" if "workers" in run["parameters"] else "parameters"
    baseline = next(other for other in runs if other[key] == run[key])
    return float(median(baseline["values"]) / median(run["values"]))


def heading(picture: Entry) -> str:
    """Which of several lanes these are, for example: chunksize 4, order shuffled; or nogil=True."""
    pairs = picture["parameters"].items()
    return ", ".join(f"{name}{'=' if isinstance(value, bool) else ' '}{value}" for name, value in pairs)


def lane_rows(picture: Entry, gil: bool) -> Iterator[str]:
    """A title, if there is one; a line a worker, time to the right; the axis, and a legend."""
    if text := heading(picture):
        yield f"{text}:"
    label = max(map(len, picture["workers"])) + 1
    columns = max(20, width() - label - len("  100 ms"))
    step = picture["window"] / columns
    seen = ["█"]
    for worker, spans in picture["workers"].items():
        cells = (shares(spans, i * step, (i + 1) * step) for i in range(columns))
        bar = "".join(glyph(picture["kind"], share, step) for share in cells)
        seen += [mark for mark in MARKS.values() if mark in bar]
        yield f"{worker:<{label}}{bar}{in_ms(sum(ran(spans, picture['kind'])), picture):>8}"
    end = in_ms(picture["window"], picture)
    yield f"{'':<{label}}0{end:>{columns - 1}}{'ran' if picture['kind'] == 'ran' else 'had':>8}"
    words = {"█": "ran", "·": waiting(gil), "x": "no core free", "?": "unknown"}
    if picture["kind"] == "assigned":
        words["█"] = "had a task (assigned: not who ran)"
    elif any(state == "idle" for spans in picture["workers"].values() for _, _, state in spans):
        words["·"] = "did not run (this system does not tell why)"
    yield "   ".join(f"{mark} {words[mark]}" for mark in dict.fromkeys(seen)).replace("█", "█▒", 1)
    if picture["kind"] == "ran":
        total = together(picture)
        yield f"together {in_ms(total, picture)} in {end}: {total / picture['window']:.1f} ran at a time"


def in_ms(ms: float, picture: Entry) -> str:
    """For example: 49 ms; with a decimal where the window is short."""
    return f"{ms:.{1 if picture['window'] < 50 else 0}f} ms"


def waiting(gil: bool) -> str:
    return "waited for the GIL" if gil else "waited for a lock"


def glyph(kind: str, share: Mapping[str, float], step: float) -> str:
    """The character of one column: a shade for the time it ran, else a mark for what it mostly did."""
    busy = sum(share.values()) if kind == "assigned" else share.get("ran", 0.0)
    shade = SHADES[min(4, round(4 * busy / step))]
    if kind == "assigned":  # a task that is too short for a shade has the lightest
        return shade if shade != " " or not busy else SHADES[1]
    if shade != " " or not share:
        return shade
    return MARKS[max(MARKS, key=lambda state: share.get(state, 0.0))]


def shares(spans: Iterable[Sequence[Any]], start: float, end: float) -> dict[str, float]:
    """How long each state lasted between start and end, in the spans' unit."""
    total: dict[str, float] = {}
    for first, last, state in spans:
        overlap = min(last, end) - max(first, start)
        if overlap > 0:
            total[state] = total.get(state, 0.0) + overlap
    return total


def together(picture: Entry) -> float:
    """The ms that all workers ran, added up."""
    return sum(sum(ran(spans, picture["kind"])) for spans in picture["workers"].values())


def ran(spans: Iterable[Sequence[Any]], kind: str) -> Iterator[float]:
    """The lengths of the spans in which the worker ran (or, if assigned, had a task)."""
    return (end - start for start, end, state in spans if kind == "assigned" or state == "ran")
