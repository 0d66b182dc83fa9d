"""Pictures from a record, as SVG: bars for runs, a curve for a sweep, lanes for who ran when.

A picture is a view of the record (record.schema.json): nothing in it was not measured. Standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from machine import describe, describe_machine
from terminal import in_ms, ran, shares, speedup, together, waiting

WIDTH = 1200  # of every picture, in units that are a pixel on a slide 1280 pixels wide
TEXT, SMALL = 28, 26  # font sizes; a slide that shows a picture a little smaller still has 24 pixels
# What a colour is for: a class, so that a style sheet can change it, and what it is without one.
# The series are Okabe and Ito's, seen by all.
COLOURS = {
    "paper": "#ffffff",
    "panel": "#f2f5f8",
    "ink": "#1b1b1b",
    "muted": "#595959",
    "grid": "#d5d5d5",
    "ran": "#0072b2",
    "waiting": "#9a9a9a",
    "idle": "#9a9a9a",
    "no-core": "#d55e00",
    "unknown": "#cc79a7",
    "series-1": "#0072b2",
    "series-2": "#d55e00",
    "series-3": "#009e73",
    "series-4": "#cc79a7",
    "series-5": "#e69f00",
    "series-6": "#56b4e9",
}
SERIES = 6
# The share of the lane's height at which a state is drawn, so that no one needs the colour.
STATES = {"ran": 1.0, "waiting": 0.08, "idle": 0.08, "no core": 0.35, "unknown": 0.2}
SLIVER = 0.005  # of the window: less of a state cannot be seen and needs no legend
Entry = Mapping[str, Any]


def draw(record: Entry) -> str:
    """The picture of a record: its lanes if it has any, else a curve if it is a sweep, else bars."""
    if record["lanes"]:
        return lanes(record)
    if parameter := swept(record["runs"]):
        return curves(record, parameter)
    return bars(record)


def alt(record: Entry) -> str:
    """The picture in words."""
    if record["lanes"]:
        return " ".join(lane_words(picture) for picture in record["lanes"])
    said = []
    for run in record["runs"]:
        at = ", ".join(f"{name} {value}" for name, value in run["parameters"].items())
        said.append(f"{run['variant']}{f' at {at}' if at else ''}: {value_words(run, record['runs'])}")
    return f"{record['claim']} {'; '.join(said)}."


# --- lanes -----------------------------------------------------------------------------------------------


def lanes(record: Entry) -> str:
    """One lane a worker, time to the right; a worker that ran is a tall block, one that did not a low one."""
    parts: list[str] = []
    left, right, y = beside(name for each in record["lanes"] for name in each["workers"]), WIDTH - 130, 4.0
    for picture in record["lanes"]:
        python = picture["interpreter"] or record["interpreter"]
        gap = min(96.0, max(25.0, 200 / len(picture["workers"])))
        per_ms = (right - left) / picture["window"]
        for worker, spans in picture["workers"].items():
            middle = y + gap / 2
            parts.append(text(0, middle, worker))
            for i, (start, end, state) in enumerate(spans):
                colour, share = look(picture["kind"], state, i)
                height = 0.72 * gap * share
                x, width = left + start * per_ms, (end - start) * per_ms
                words = f"{state}, {end - start:.1f} ms"
                parts.append(rect(x, middle - height / 2, width, height, colour, words))
            total = sum(ran(spans, picture["kind"]))
            parts.append(text(WIDTH, middle, in_ms(total, picture), anchor="end"))
            y += gap
        parts += axis(left, right, y, picture["window"])
        y += 68
        parts += legend(left, y, picture, python["gil"])
        y += 38
    parts.append(caption(record, y))
    return svg(y + 16, alt(record), parts)


def look(kind: str, state: str, number: int) -> tuple[str, float]:
    """The colour of a block and its share of the lane's height."""
    return (state.replace(" ", "-"), STATES[state]) if kind == "ran" else (nth(number), 1.0)


def axis(left: float, right: float, y: float, window: float) -> list[str]:
    """The time below the lanes, in ms."""
    parts = [line(left, y, right, y, "ink")]
    for tick in ticks(0, window):
        x = left + (right - left) * tick / window
        parts += [line(x, y, x, y + 7, "ink"), text(x, y + 24, f"{tick:g}", SMALL, "middle")]
    return [*parts, text(WIDTH, y + 24, "ms", SMALL, "end")]


def legend(left: float, y: float, picture: Entry, gil: bool) -> list[str]:
    """What the blocks mean, of those that are to be seen, and how many workers ran at a time."""
    kind = picture["kind"]
    spent: dict[str, float] = {}
    for spans in picture["workers"].values():
        for state, ms in shares(spans, 0, picture["window"]).items():
            spent[state] = spent.get(state, 0.0) + ms
    seen = {state for state, ms in spent.items() if ms > SLIVER * picture["window"]}
    words = {
        "ran": "ran",
        "waiting": waiting(gil),
        "no core": "no core free",
        "idle": "did not run",
        "unknown": "unknown",
    }
    shown = [state for state in words if state in seen] if kind == "ran" else []
    parts, x = [], left
    for state in shown:
        colour, share = look(kind, state, 0)
        parts.append(rect(x, y - 12 * share, 24, 24 * share, colour, state))
        parts.append(text(x + 34, y, words[state], SMALL))
        x += 70 + 14 * len(words[state])
    if kind == "assigned":
        parts.append(text(left, y, "assigned: who had which task, not who ran", SMALL))
    else:
        parts.append(text(WIDTH, y, f"{at_a_time(picture):.1f} ran at a time", TEXT, "end", bold=True))
    return parts


def at_a_time(picture: Entry) -> float:
    """How many workers ran at a time, on average over the window."""
    return together(picture) / float(picture["window"])


def lane_words(picture: Entry) -> str:
    workers = picture["workers"]
    head = f"{len(workers)} lanes over {picture['window']:.0f} ms"
    if picture["kind"] == "assigned":
        return f"{head}, who had which task: {picture['variant']}."
    each = ", ".join(f"{name} {sum(ran(spans, 'ran')):.0f} ms" for name, spans in list(workers.items())[:8])
    return f"{head}: {at_a_time(picture):.1f} ran at a time, on average; {each}."


# --- runs ------------------------------------------------------------------------------------------------


def swept(runs: Sequence[Entry]) -> str | None:
    """The parameter that is a number and differs from run to run."""
    names = [name for name, value in runs[0]["parameters"].items() if isinstance(value, (int, float))]
    return next((name for name in names if len({run["parameters"][name] for run in runs}) > 1), None)


def bars(record: Entry) -> str:
    """One bar a run, to scale from zero, with a dot for each repeat."""
    runs = record["runs"]
    names = [" ".join([run["variant"], *map(str, run["parameters"].values())]) for run in runs]
    left, right, gap, y = beside(names), WIDTH - 350, min(84.0, max(44.0, 300 / len(runs))), 10.0
    most = max(max(run["values"]) for run in runs) or 1  # nothing lost, say
    parts = []
    for number, (name, run) in enumerate(zip(names, runs)):
        middle = y + gap / 2
        values = [value / most * (right - left) for value in run["values"]]
        parts.append(text(0, middle, name))
        parts.append(rect(left, middle - 0.3 * gap, median(values), 0.6 * gap, nth(min(number, 1)), name))
        parts += [circle(left + value, middle, 5, "ink") for value in values]
        parts.append(text(right + 24, middle, value_words(run, runs)))
        y += gap
    parts += [line(left, 10, left, y, "ink"), caption(record, y + 20)]
    return svg(y + 44, alt(record), parts)


def value_words(run: Entry, runs: Sequence[Entry]) -> str:
    value = f"{median(run['values']):.3g} {run['unit']}"
    return f"{value}, speedup {speedup(run, runs):.2f}" if run["measure"] == "time" else value


def curves(record: Entry, parameter: str) -> str:
    """A curve a variant; over workers it is the speedup, with the ideal, Amdahl's fit and its ceiling."""
    series: dict[str, list[tuple[float, float]]] = {}
    scaling = parameter == "workers" and all(run["measure"] == "time" for run in record["runs"])
    for run in record["runs"]:
        points = series.setdefault(run["variant"], [])
        points.append((run["parameters"][parameter], median(run["values"])))
    if scaling:
        series = {name: speedups(points) for name, points in series.items()}
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    left, right, top, bottom = 90, WIDTH - 330, 14, 290
    to_x, x_ticks = scale(xs, left, right)
    to_y, y_ticks = scale([0, max(xs)] if scaling else ys, bottom, top)
    parts = []
    for tick in x_ticks:
        parts += [line(to_x(tick), top, to_x(tick), bottom, "grid")]
        parts += [text(to_x(tick), bottom + 24, f"{tick:g}", SMALL, "middle")]
    for tick in y_ticks:
        parts += [line(left, to_y(tick), right, to_y(tick), "grid")]
        parts += [text(left - 10, to_y(tick), f"{tick:g}", SMALL, "end")]
    if scaling:
        parts.append(polyline([(to_x(x), to_y(x)) for x in sorted(set(xs))], "muted", dashed=True))
    for number, (name, points) in enumerate(series.items()):
        colour = nth(number)
        parts.append(polyline([(to_x(x), to_y(y)) for x, y in points], colour))
        parts += [circle(to_x(x), to_y(y), 6, colour) for x, y in points]
        label = name
        if scaling and (serial := serial_fraction(points)) > 0.005:  # below it the ceiling is noise
            label = f"{name}: ceiling {1 / serial:.1f}"
            fit = [(x, 1 / (serial + (1 - serial) / x)) for x in sorted(set(xs))]
            parts.append(polyline([(to_x(x), to_y(y)) for x, y in fit], colour, dashed=True))
        parts.append(text(right + 16, to_y(points[-1][1]), label, SMALL, bold=True))
    measure = "speedup" if scaling else f"{record['runs'][0]['measure']}, {record['runs'][0]['unit']}"
    parts.append(text(left, bottom + 62, f"{measure} against {parameter}", SMALL))
    parts.append(caption(record, bottom + 62))
    return svg(bottom + 78, alt(record), parts)


def speedups(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Times to speedups against the first point, which is the one with the fewest workers."""
    return [(x, points[0][1] / y) for x, y in points]


def serial_fraction(points: Iterable[tuple[float, float]]) -> float:
    """Amdahl's serial fraction f by least squares, 1/S = f + (1 - f)/p; between 0 and 1 (AFIPS 1967)."""
    pairs = [(1 - 1 / p, 1 / s - 1 / p) for p, s in points]
    squares = sum(a * a for a, _ in pairs)
    return min(1.0, max(0.0, sum(a * b for a, b in pairs) / squares)) if squares else 0.0


# --- scales and shapes -----------------------------------------------------------------------------------


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most about `most` round numbers from low to high."""
    raw = (high - low or abs(high) or 1) / most
    power = 10 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 5, 10) if step * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def scale(values: Sequence[float], start: float, end: float) -> tuple[Callable[[float], float], list[float]]:
    """A function from a value to a coordinate, and its ticks; logarithmic over more than two decades."""
    low, high = min(values), max(values)
    if low > 0 and high / low > 100:
        low, high = math.log10(low), math.log10(high)
        powers = [10.0**power for power in range(math.floor(low), math.ceil(high) + 1)]
        low, high = math.log10(powers[0]), math.log10(powers[-1])
        return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start), powers
    marks = ticks(min(0, low), high)
    low, high = marks[0], max(high, marks[-1])
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start), marks


def nth(number: int) -> str:
    """The colour of a series, counted from 0; after the last comes the first again."""
    return f"series-{number % SERIES + 1}"


def beside(names: Iterable[str]) -> float:
    """Where a drawing begins that has these names at its left, in whatever font."""
    return 20 + 0.58 * TEXT * max(map(len, names))


def svg(height: float, words: str, parts: Iterable[str]) -> str:
    """A whole picture, with its description for those who do not see it."""
    about = f'xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(words)}"'
    box = f'viewBox="0 0 {WIDTH} {height:.0f}" preserveAspectRatio="xMinYMin"'
    return "\n".join([f'<svg {about} {box} font-family="system-ui, sans-serif">', *parts, "</svg>\n"])


def caption(record: Entry, y: float) -> str:
    where = f"{describe(record['interpreter'])} · {describe_machine(record['machine'])}"
    return text(WIDTH, y, where, SMALL, "end", "muted")


def paint(colour: str, what: str = "fill") -> str:
    """The attributes that fill or draw a shape in the colour."""
    return f'class="{colour}" {what}="{COLOURS[colour]}"'


def text(
    x: float,
    y: float,
    words: str,
    size: int = TEXT,
    anchor: str = "start",
    colour: str = "ink",
    bold: bool = False,
) -> str:
    """Words whose middle is at the height y."""
    weight = ' font-weight="bold"' if bold else ""
    place = f'x="{x:.1f}" y="{y + size * 0.35:.1f}" font-size="{size}" text-anchor="{anchor}"'
    return f"<text {place} {paint(colour)}{weight}>{escape(words)}</text>"


def rect(x: float, y: float, width: float, height: float, colour: str, words: str) -> str:
    """A block that tells what it is under the mouse."""
    place = f'x="{x:.2f}" y="{y:.1f}" width="{width:.2f}" height="{height:.1f}"'
    return f"<rect {place} {paint(colour)}><title>{escape(words)}</title></rect>"


def circle(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}" {paint(colour)}/>'


def line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} {paint(colour, "stroke")} stroke-width="2"/>'


def polyline(points: Iterable[tuple[float, float]], colour: str, dashed: bool = False) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    pen = 'stroke-width="2" stroke-dasharray="8 8"' if dashed else 'stroke-width="4"'
    return f'<polyline points="{path}" fill="none" {paint(colour, "stroke")} {pen}/>'
