"""Pictures from a record, as SVG: bars for runs, a curve for a sweep, lanes for who ran when.

A picture is a view of the record (record.schema.json): nothing in it was not measured. Standard library only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

from machine import describe, describe_machine
from terminal import cpu_per_wall, heading, in_ms, number, p95, ran, shares, speedup, together, waiting

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
MANY = 10  # values of a run: their spread is a line, from the least to the 95th percentile
STANDS_OUT = re.compile(r"Error$|^switched on$")  # what came of it, in a column
GROUP = 12  # units between groups of bars
APART = 32  # units from a curve's label to the next
NOISE = 0.005  # a serial fraction below it is noise, and so is its ceiling
CELL, CELL_LANE = 220.0, 26.0  # of a grid of lanes: the width of a cell at most, the height of a lane
SLIVER = 0.005  # of the window: less of a state cannot be seen and needs no legend
Entry = Mapping[str, Any]


def draw(record: Entry) -> str:
    """The picture of a record: the first of its pictures."""
    return next(iter(pictures(record).values()))


def pictures(record: Entry) -> dict[str, str]:
    """All pictures of a record by their names: "lanes"; "runs", or where they have several, each measure."""
    drawn = {"lanes": lanes(record)} if record["lanes"] else {}
    measures = list(dict.fromkeys(run["measure"] for run in record["runs"]))
    for measure in measures:
        runs = [run for run in record["runs"] if run["measure"] == measure]
        drawn[measure if len(measures) > 1 else "runs"] = chart({**record, "runs": runs, "lanes": []})
    return drawn


def chart(record: Entry) -> str:
    """The runs of one measure: a curve if they are a sweep, else bars."""
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
    """One lane a worker, time to the right; a worker that ran is a tall block, one that did not a low one.

    Several pictures are below each other, each with its title, on one scale of time; those of several
    variants and Pythons are a grid.
    """
    parts: list[str] = []
    pictures = record["lanes"]
    if len({each["variant"] for each in pictures}) > 1 and all(
        "python" in each["parameters"] for each in pictures
    ):
        return grid(record)
    left, right, y = beside(name for each in pictures for name in each["workers"]), WIDTH - 130, 4.0
    window = max(picture["window"] for picture in pictures)
    per_ms = (right - left) / window
    number_of_lanes = sum(len(picture["workers"]) for picture in pictures)
    gap = min(96.0, max(25.0 if len(pictures) == 1 else 8.0, 200 / number_of_lanes))
    for picture in pictures:
        if words := heading(picture):
            parts.append(text(left, y + 14, words, SMALL, bold=True))
            if len(pictures) > 1:
                parts.append(text(WIDTH, y + 14, at_a_time(picture), SMALL, "end", bold=True))
            y += 36
        for number_in_it, (worker, spans) in enumerate(picture["workers"].items()):
            middle = y + gap / 2
            named = gap >= SMALL - 1 or not number_in_it  # else there is room for the first only
            parts += [text(0, middle, worker)] * named
            for i, (start, end, state) in enumerate(spans):
                colour, share = look(picture["kind"], state, i)
                height = 0.72 * gap * share
                x, width = left + start * per_ms, (end - start) * per_ms
                about = f"{state}, {end - start:.1f} ms"
                parts.append(rect(x, middle - height / 2, width, height, colour, about))
            total = in_ms(sum(ran(spans, picture["kind"])), picture)
            parts += [text(WIDTH, middle, total, anchor="end")] * named
            y += gap
        y += 8 * (len(pictures) > 1)
    parts += axis(left, right, y, window)
    y += 68
    gil = any((picture["interpreter"] or record["interpreter"])["gil"] for picture in pictures)
    parts += legend(left, y, pictures, gil)
    y += 38
    parts.append(caption(record, y))
    return svg(y + 16, alt(record), parts)


def grid(record: Entry) -> str:
    """A row for each variant, a column for each Python: who ran when, and how many at a time."""
    pictures = {(each["variant"], each["parameters"]["python"]): each for each in record["lanes"]}
    pythons = list(dict.fromkeys(python for _, python in pictures))
    rows = [[variant for variant, python in pictures if python == each] for each in pythons]
    variants = max(rows, key=len)  # an older Python has fewer
    left = float(beside(variants))
    step = (WIDTH - left) / len(pythons)
    room = min(step, CELL) - 18
    heads = [name.split(", ") for name in pythons]
    y = 16.0 + 30 * max(map(len, heads))
    parts = [
        text(left + i * step, 16 + 30 * row, words, SMALL)
        for i, head in enumerate(heads)
        for row, words in enumerate(head)
    ]
    y += 4
    for variant in variants:
        parts.append(text(0, y + CELL_LANE, variant))
        bottom = y
        for i, python in enumerate(pythons):
            x, there = left + i * step, pictures.get((variant, python))
            if there is None:
                parts.append(text(x, y + CELL_LANE, "–", TEXT, colour="muted"))
                continue
            for lane, spans in enumerate(there["workers"].values()):
                middle = y + (lane + 0.5) * CELL_LANE
                for start, end, state in spans:
                    colour, share = look(there["kind"], state, 0)
                    place = (x + start * room / there["window"], middle - share * CELL_LANE * 0.4)
                    size = ((end - start) * room / there["window"], share * CELL_LANE * 0.8)
                    parts.append(rect(*place, *size, colour, f"{variant}, {python}: {state}"))
            below = y + len(there["workers"]) * CELL_LANE
            at_once = together(there) / float(there["window"])
            parts.append(text(x, below + 15, f"{at_once:.1f}", TEXT, bold=True))
            bottom = max(bottom, below)
        y = bottom + 46
    parts += legend(left, y, record["lanes"], gil=True)
    words = f"numbers: how many ran at a time · {describe_machine(record['machine'])}"
    parts.append(text(WIDTH, y + 34, words, SMALL, "end", "muted"))
    return svg(y + 48, alt(record), parts)


def look(kind: str, state: str, i: int) -> tuple[str, float]:
    """The colour of a block and its share of the lane's height."""
    return (state.replace(" ", "-"), STATES[state]) if kind == "ran" else (nth(i), 1.0)


def axis(left: float, right: float, y: float, window: float) -> list[str]:
    """The time below the lanes, in ms."""
    parts = [line(left, y, right, y, "ink")]
    for tick in ticks(0, window):
        x = left + (right - left) * tick / window
        parts += [line(x, y, x, y + 7, "ink"), text(x, y + 24, number(tick), SMALL, "middle")]
    return [*parts, text(WIDTH, y + 24, "ms", SMALL, "end")]


def legend(left: float, y: float, pictures: Sequence[Entry], gil: bool) -> list[str]:
    """What the blocks mean, of those that are to be seen; of one picture how many ran at a time."""
    kind = pictures[0]["kind"]
    seen = {state for picture in pictures for state in visible(picture)}
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
    elif len(pictures) == 1:
        parts.append(text(WIDTH, y, at_a_time(pictures[0]), TEXT, "end", bold=True))
    return parts


def visible(picture: Entry) -> Iterator[str]:
    """The states that take up enough of a picture to be seen."""
    spent: dict[str, float] = {}
    for spans in picture["workers"].values():
        for state, ms in shares(spans, 0, picture["window"]).items():
            spent[state] = spent.get(state, 0.0) + ms
    return (state for state, ms in spent.items() if ms > SLIVER * picture["window"])


def at_a_time(picture: Entry) -> str:
    """How many workers ran (or, if assigned, had a task) at a time, on average over the window."""
    number = together(picture) / float(picture["window"])
    return f"{number:.1f} ran at a time" if picture["kind"] == "ran" else f"{number:.1f} had a task at a time"


def lane_words(picture: Entry) -> str:
    workers = picture["workers"]
    head = f"{heading(picture)}: " * bool(heading(picture))
    head += f"{len(workers)} lanes over {picture['window']:.0f} ms"
    if picture["kind"] == "assigned":
        return f"{head}, who had which task: {picture['variant']}; {at_a_time(picture)}."
    each = ", ".join(f"{name} {sum(ran(spans, 'ran')):.0f} ms" for name, spans in list(workers.items())[:8])
    return f"{head}: {at_a_time(picture)}, on average; {each}."


# --- runs ------------------------------------------------------------------------------------------------


def swept(runs: Sequence[Entry]) -> str | None:
    """The parameter that is a number and differs from run to run."""
    names = [name for name, value in runs[0]["parameters"].items() if isinstance(value, (int, float))]
    return next((name for name in names if len({run["parameters"][name] for run in runs}) > 1), None)


def bars(record: Entry) -> str:
    """One bar a run, to scale from zero; variants that come again are in a group for each setting."""
    variants = list(dict.fromkeys(run["variant"] for run in record["runs"]))
    grouped = len(variants) < len(record["runs"])
    settings = [run["parameters"] for run in record["runs"]]
    settings = [setting for i, setting in enumerate(settings) if setting not in settings[:i]]
    runs = sorted(record["runs"], key=lambda run: settings.index(run["parameters"]) * grouped)
    groups = [settings.index(run["parameters"]) * grouped for run in runs]
    gap = min(84.0, max(30.0, (350 - GROUP * groups[-1]) / len(runs)))
    ys = [40 + (i + 0.5) * gap + GROUP * group for i, group in enumerate(groups)]

    facts = list(told_apart(runs, groups if grouped else None))
    names, timed = ("", [run["variant"] for run in runs]), runs[0]["measure"] == "time"
    numbers = [(runs[0]["measure"], [shown(run) for run in runs])]
    if timed:
        numbers.append(("speedup", [f"{speedup(run, runs):,.2f}" for run in runs]))
        if runs[0]["cpu_seconds"] is not None:
            numbers.append(("CPU/wall", [cpu_per_wall(run) for run in runs]))
    parts: list[str] = []
    left, right = 0.0, float(WIDTH)
    for head, cells in [*facts, names] if grouped else [names, *facts]:
        parts += column(left, ys, head, cells)
        left += beside([head, *cells])
    for head, cells in reversed(numbers):
        parts += column(right, ys, head, cells, "end")
        right -= beside([head, *cells])

    right -= 20  # where a dot may be
    parts += column(left, [], spread_words(runs), [])
    for y, run in zip(ys, runs):
        alike = [max(drawn(other)) for other in runs if other["unit"] == run["unit"]]
        most = max(*alike, 100 if run["unit"] == "%" else 0) or 1  # 1: nothing lost, say
        place = variants.index(run["variant"])
        colour = nth(place if grouped else 0)
        parts += bar(run, left, y, 0.6 * gap, (right - left) / most, colour)
    bottom = ys[-1] + gap / 2
    parts += [line(left, 40, left, bottom, "ink"), caption(record, bottom + 20)]
    return svg(bottom + 40, alt(record), parts)


def shown(run: Entry) -> str:
    """The median and its unit; nothing where it failed before there was any."""
    failed = any(STANDS_OUT.search(str(value)) for value in run["parameters"].values())
    return "–" if failed and not any(run["values"]) else f"{number(median(run['values']))} {run['unit']}"


def bar(run: Entry, left: float, y: float, thick: float, per_unit: float, colour: str) -> list[str]:
    """The median to scale; a dot for each of few values, a line for the spread of many."""
    middle, *spread = [left + value * per_unit for value in drawn(run)]
    words = ", ".join([run["variant"], *map(str, run["parameters"].values())])
    block = rect(left, y - thick / 2, middle - left, thick, colour, words)
    if len(run["values"]) < MANY:
        return [block, *(circle(x, y, 5, "ink") for x in spread)]
    ends = [line(x, y - 8, x, y + 8, "ink") for x in spread]
    return [block, line(spread[0], y, spread[1], y, "ink"), *ends]


def told_apart(runs: Sequence[Entry], groups: Sequence[int] | None) -> Iterator[tuple[str, list[str]]]:
    """The parameters that differ, each with its value in every run, or in the first of every group."""
    for name in runs[0]["parameters"]:
        cells = [str(run["parameters"].get(name, "")) for run in runs]
        if len(set(cells)) > 1:
            seen = [groups is not None and i > 0 and groups[i] == groups[i - 1] for i in range(len(runs))]
            yield name, ["" if again else cell for again, cell in zip(seen, cells)]


def column(
    x: float, ys: Iterable[float], head: str, cells: Iterable[str], anchor: str = "start"
) -> list[str]:
    """Words below each other, and what they are."""
    words = [
        text(x, y, cell, anchor=anchor, bold=bool(STANDS_OUT.search(cell)))
        for y, cell in zip(ys, cells)
        if cell
    ]
    return [text(x, 18, head, SMALL, anchor, "muted"), *words] if head else words


def drawn(run: Entry) -> list[float]:
    """The median; then each value if there are few, else the least and the 95th percentile."""
    values = run["values"]
    few = values if len(values) > 1 else []
    return [median(values), *([min(values), p95(values)] if len(values) >= MANY else few)]


def spread_words(runs: Iterable[Entry]) -> str:
    most = max(len(run["values"]) for run in runs)
    return "median; line: min to p95" if most >= MANY else "median; dot: a repeat" if most > 1 else ""


def value_words(run: Entry, runs: Sequence[Entry]) -> str:
    value = f"{number(median(run['values']))} {run['unit']}"
    return f"{value}, speedup {speedup(run, runs):,.2f}" if run["measure"] == "time" else value


def curves(record: Entry, parameter: str) -> str:
    """A curve a variant; over workers it is the gain, of a time Amdahl's fit and its ceiling as well."""
    runs, cores = record["runs"], record["machine"]["cores"]["usable"]
    timed = all(run["measure"] == "time" for run in runs)
    scaling = parameter == "workers" and (timed or all("/" in run["unit"] for run in runs))  # such as GB/s
    measured: dict[str, dict[float, list[float]]] = {}  # by variant and parameter: the median, its spread
    pythons = {run["parameters"].get("python", "") for run in runs}
    for run in runs:
        name = f"{run['variant']}, {run['parameters']['python']}" if len(pythons) > 1 else run["variant"]
        measured.setdefault(name, {})[run["parameters"][parameter]] = drawn(run)
    xs = sorted({x for points in measured.values() for x in points})
    ideal, fits, title, labels = [], {}, f"{runs[0]['measure']}, {runs[0]['unit']}", list(measured)
    if scaling:
        measured = {name: gains(points, timed) for name, points in measured.items()}
        most = max(xs[0], min(xs[-1], cores))  # workers that have a core each
        ideal = [(x, min(x, most) / xs[0]) for x in sorted({*xs, most})]
        fair = {name: {x: y for x, (y, *_) in measured[name].items() if x <= cores} for name in measured}
        serial = {name: serial_fraction(fair[name].items()) for name in fair} if timed else {}
        fits = {name: f for name, f in serial.items() if len(fair[name]) > 2 and f > NOISE}
        labels = [label(name, fair[name], serial.get(name, 0), name in fits) for name in fair]
        few = "one worker" if xs[0] == 1 else f"{xs[0]} workers"
        title = ("speedup" if timed else f"gain against {few}") + "; dashed: the ideal"
        title += " and Amdahl's fit" * bool(fits)
    series = {name: [(x, y) for x, (y, *_) in points.items()] for name, points in measured.items()}
    ys = [y for points in measured.values() for values in points.values() for y in values]
    ys += [0, *(y for _, y in ideal)] if scaling else []
    many = len(max((run["values"] for run in runs), key=len)) >= MANY
    title += ", logarithmic" * logarithmic(ys) + (f"; {words}" if (words := spread_words(runs)) else "")
    name_at = max(40, SMALL * len(number(xs[-1])) * 0.29 + 16)  # beside the last number of the axis
    left = max(100.0, 12 + 0.6 * SMALL * max(len(number(y)) for y in marks(ys)))
    right = WIDTH - name_at - beside([*labels, parameter])
    top, bottom = 44.0, 44 + max(250.0, APART * len(labels))
    to_x, to_y = scale(xs, left, right), scale([*marks(ys), *ys], bottom, top)

    def place(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(to_x(x), to_y(y)) for x, y in points]

    parts = [text(0, 16, title, SMALL), text(right + name_at, bottom + 24, parameter, SMALL)]
    if parameter == "workers" and xs[-1] > cores:
        words, start = "more workers than cores", to_x(max(xs[0], cores))
        parts.append(rect(start, top, right - start, bottom - top, "panel", words))
        parts.append(text(right - 10, bottom - 20, words, SMALL, "end", "muted"))
    for x in labelled(xs, to_x):
        parts.append(line(to_x(x), top, to_x(x), bottom, "grid"))
        parts.append(text(to_x(x), bottom + 24, number(x), SMALL, "middle"))
    for y in marks(ys):
        parts.append(line(left, to_y(y), right, to_y(y), "grid"))
        parts.append(text(left - 12, to_y(y), number(y), SMALL, "end"))
    if ideal:
        parts.append(polyline(place(ideal), "muted", dashed=True))
    heights = apart([to_y(points[-1][1]) for points in series.values()], top, bottom - 10)
    for i, (name, points) in enumerate(series.items()):
        if name in fits:
            fit = [(x, 1 / (fits[name] + (1 - fits[name]) / x)) for x in xs]
            parts.append(polyline(place(fit), nth(i), dashed=True))
        for x, (_, *spread) in measured[name].items():
            beside_it = to_x(x) + 5 * (i - len(series) // 2)  # not all at one place
            if many and len(spread) == 2:
                parts.append(line(beside_it, to_y(spread[0]), beside_it, to_y(spread[1]), nth(i)))
            else:
                parts += [circle(beside_it, to_y(y), 3, nth(i)) for y in spread]
        parts.append(polyline(place(points), nth(i)))
        parts += [circle(x, y, 6, nth(i)) for x, y in place(points)]
        end = place(points)[-1]
        if points[-1][0] < xs[-1]:  # nothing was measured between it and its name
            parts.append(polyline([end, (right + 32, heights[i])], "muted", dashed=True))
        else:
            parts.append(line(*end, right + 32, heights[i], nth(i)))
        parts.append(text(right + 40, heights[i], labels[i], SMALL, bold=True))
    if logarithmic(ys):
        first, *others = series.values()
        parts += values_beside(place(first), [y for _, y in first], list(map(place, others)), top, bottom)
    parts.append(caption(record, bottom + 62))
    return svg(bottom + 78, alt(record), parts)


def gains(points: Mapping[float, list[float]], timed: bool) -> dict[float, list[float]]:
    """Times or rates to gains against the median with the fewest workers."""
    one, *_ = points[min(points)]
    return {x: [one / y if timed else y / one for y in values] for x, values in points.items()}


def label(name: str, fair: Mapping[float, float], serial: float, ceiling: bool) -> str:
    """What a curve says of the workers that have a core each: the serial fraction, else the gain."""
    if serial > NOISE:
        return f"{name}: f {serial:.2f}" + f", ceiling {number(float(f'{1 / serial:.2g}'))}" * ceiling
    return f"{name} {fair[max(fair)]:.1f}" if fair else name


def values_beside(
    points: Sequence[tuple[float, float]],
    values: Sequence[float],
    others: Sequence[Sequence[tuple[float, float]]],
    top: float,
    bottom: float,
) -> list[str]:
    """The number of each point of the first curve: nobody reads a factor from a logarithmic scale.

    It stands below the point, above it, or aslant, where no curve and no end of the picture is in the way.
    """
    parts, free = [], 0.0
    for i, ((x, y), value) in enumerate(zip(points, values)):
        width = 0.58 * SMALL * len(number(value))
        beneath = [x - width / 2] if 0 < i < len(points) - 1 else []  # not on the axis or on the names
        right, left = [x + 16] if i < len(points) - 1 else [], [x - 16 - width] if i else []
        places = [(start, y + 24) for start in beneath or right or left]
        places += [(start, y - 24) for start in beneath or right or left]
        places += [(start, y + 18) for start in right] + [(start, y - 18) for start in left]
        for start, at in places:
            inside = start >= free and top - 4 <= at <= bottom - 12
            if inside and not any(lies_on(curve, start, start + width, at) for curve in (points, *others)):
                parts.append(text(start, at, number(value), SMALL, colour=nth(0), bold=True))
                free = start + width + 20
                break
    return parts


def lies_on(curve: Sequence[tuple[float, float]], left: float, right: float, y: float) -> bool:
    """Whether a line of text between left and right, its middle at y, would lie on a curve or its points."""
    for (x1, y1), (x2, y2) in zip(curve, curve[1:]):
        if max(x1, left) <= min(x2, right):
            slope = (y2 - y1) / (x2 - x1)
            ends = [y1 + slope * (x - x1) for x in (max(x1, left), min(x2, right))]
            if min(ends) < y + SMALL * 0.45 and max(ends) > y - SMALL * 0.45:
                return True
    return False


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


def logarithmic(values: Sequence[float]) -> bool:
    """Whether a scale for the values is: if they span more than two decades."""
    return min(values) > 0 and max(values) / min(values) > 100


def marks(values: Sequence[float]) -> list[float]:
    """Where an axis for the values has its lines: at round numbers from zero, or at powers of ten."""
    low, high = min(values), max(values)
    if not logarithmic(values):
        return ticks(min(0, low), high)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [10.0**power for power in powers[:: math.ceil(len(powers) / 6)]]


def scale(values: Sequence[float], start: float, end: float) -> Callable[[float], float]:
    """A function from a value to a coordinate; the least is at the start, the greatest at the end."""
    low, high = min(values), max(values)
    if logarithmic(values):
        return lambda value: start + math.log(value / low) / math.log(high / low) * (end - start)
    return lambda value: start + (value - low) / ((high - low) or 1) * (end - start)


def labelled(values: Iterable[float], to_x: Callable[[float], float]) -> list[float]:
    """Those of the ascending values that have room for their number."""
    shown: list[float] = []
    for value in values:
        if not shown or to_x(value) - to_x(shown[-1]) > beside([number(value)]):
            shown.append(value)
    return shown


def apart(heights: Sequence[float], top: float, bottom: float) -> list[float]:
    """Heights for labels, as near to these as may be where none covers another."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed, next_free = list(heights), top
    for i in order:
        placed[i] = max(placed[i], next_free)
        next_free = placed[i] + APART
    last_free = bottom
    for i in reversed(order):
        placed[i] = min(placed[i], last_free)
        last_free = placed[i] - APART
    return placed


def nth(i: int) -> str:
    """The colour of a series, counted from 0; after the last comes the first again."""
    return f"series-{i % SERIES + 1}"


def beside(names: Iterable[str]) -> float:
    """Where a drawing begins that has these names at its left, in whatever font."""
    return 20 + 0.58 * TEXT * max(map(len, names))


def svg(height: float, words: str, parts: Iterable[str]) -> str:
    """A whole picture, with its description for those who do not see it."""
    about = f'xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(words)}"'
    box = f'viewBox="0 0 {WIDTH} {height:.0f}" preserveAspectRatio="xMinYMin"'
    return "\n".join([f'<svg {about} {box} font-family="system-ui, sans-serif">', *parts, "</svg>\n"])


def caption(record: Entry, y: float) -> str:
    where = [*ran_on(record), describe_machine(record["machine"])]
    return text(WIDTH, y, " · ".join(where), SMALL, "end", "muted")


def ran_on(record: Entry) -> list[str]:
    """The Python of all numbers, without its GIL if that was off and on; nothing if there are several."""
    items = [*record["runs"], *record["lanes"]] or [record]
    told = {describe(item.get("interpreter") or record["interpreter"]) for item in items}
    if len(told) > 1:
        told = {words.rpartition(", ")[0] for words in told}
    return list(told) if len(told) == 1 else []


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
