"""Diagrams in one style: workers, locks, memory, messages and lanes; drawn by code, step by step.

A frame is a sentence and the things it is about, in rows and columns; arrows go from name to name. Shapes and
colours mean what they mean in the pictures of the runs: a worker that runs is a tall block, one that waits a
low bar. This is a whole drawing, in two steps:

    Drawing(
        Frame("A thread asks for the lock.", Row(Worker("thread 0", runs=False), Lock("GIL", held=False)),
              [Arrow("thread 0", "GIL", "asks")]),
        Frame("It has the lock, and runs.", Row(Worker("thread 0"), Lock("GIL"))),
    )

The sentence is shown below the things, and read out to those who do not see them. drawings/ has the drawings
of the slides, each a function; a cell that calls it shows it.
"""

import math
import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

sys.path.append(str(Path(__file__).resolve().parent.parent / "demos"))
from plots import SMALL, STATES, TEXT, WIDTH, beside, paint, polyline, rect, svg, text

SAYS, LINE = 36, 48  # the font size of a frame's sentence, and the height of its lines
LETTER = 0.58  # of the font size: no letter is wider on average, in whatever font there is
LANE = 80.0  # the height of a lane
GAP = 48.0  # between the things of a column
WRITTEN = {"#": "ran", ".": "waiting", "x": "no core", " ": ""}  # a lane, a letter for each while

Point = tuple[float, float]


class Place(NamedTuple):
    """A rectangle of the drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def beside(self, other: "Place") -> bool:
        return self.x + self.width <= other.x or other.x + other.width <= self.x

    def overlaps(self, other: "Place") -> bool:
        return not self.beside(other) and self.y < other.y + other.height and other.y < self.y + self.height

    def contains(self, other: "Place") -> bool:
        across = self.x <= other.x and other.x + other.width <= self.x + self.width
        return across and self.y <= other.y and other.y + other.height <= self.y + self.height

    def edge(self, inside: Point, outside: Point) -> Point:
        """Where the line between two points crosses the border."""
        (x, y), dx, dy = inside, outside[0] - inside[0], outside[1] - inside[1]
        across = (self.x + self.width * (dx > 0) - x) / dx if dx else math.inf
        down = (self.y + self.height * (dy > 0) - y) / dy if dy else math.inf
        return x + min(across, down) * dx, y + min(across, down) * dy


class Drawn(NamedTuple):
    """A thing that was drawn: what arrows and their words must know of it."""

    name: str
    place: Place  # all of it
    body: Place  # without its name, which stands above: here arrows from the side begin and end
    shapes: list[str]
    holds: bool = False  # other things


class Thing(ABC):
    """What can stand in a row or a column. It knows its size before it is drawn."""

    width: float
    height: float

    @abstractmethod
    def at(self, x: float, y: float) -> Iterator[Drawn]:
        """Draw it, and what it holds, with the upper left corner at this point."""


# --- things ----------------------------------------------------------------------------------------------


class Worker(Thing):
    """A thread, a process, a rank: a tall block while it runs, else a low bar; with what it does."""

    height = 168.0

    def __init__(self, name: str, does: str = "", runs: bool = True) -> None:
        self.name, self.does, self.runs = name, does or ("runs" if runs else "waits"), runs
        self.width = max(260.0, wide(name), wide(self.does) + 24)

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        middle, words = x + self.width / 2, f"{self.name} {self.does}"
        body = Place(x, y + 44, self.width, 120)
        shapes = [text(middle, y + 16, self.name, TEXT, "middle", bold=True)]
        if self.runs:
            shapes.append(rect(*body, "ran", words))
            shapes.append(text(middle, y + 104, self.does, TEXT, "middle", "paper", bold=True))
        else:
            shapes.append(rect(x, y + 100, self.width, 8, "waiting", words))
            shapes.append(text(middle, y + 74, self.does, TEXT, "middle", "muted"))
        yield Drawn(self.name, Place(x, y, self.width, self.height), body, shapes)


class Lock(Thing):
    """A padlock: full and closed while somebody holds it, else empty and open."""

    height = 168.0

    def __init__(self, name: str, held: bool = True) -> None:
        self.name, self.held = name, held
        self.width = max(110.0, wide(name))

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        middle, top = x + self.width / 2, y + 66
        body = Place(middle - 50, top, 100, 76)
        bow = f"M{middle - 30:.1f} {top:.1f} v-24 a30 28 0 0 1 60 0 v{24 if self.held else 6}"
        words = f"{self.name}: {'held' if self.held else 'free'}"
        shapes = [
            f'<path d="{bow}" fill="none" {paint("ink", "stroke")} stroke-width="8"/>',
            rect(*body, "ink" if self.held else "paper", words),
            outline(body, "ink"),
            text(middle, y + 158, self.name, TEXT, "middle", bold=True),
        ]
        yield Drawn(self.name, Place(x, y, self.width, self.height), body, shapes)


class Memory(Thing):
    """Cells with values under a name: an object, an array, a buffer."""

    height = 116.0

    def __init__(self, name: str, *values: object) -> None:
        self.name, self.values = name, [str(value) for value in values]
        self.cell = max([64.0, *(wide(value) + 24 for value in self.values)])
        self.width = max(self.cell * len(self.values), wide(name))

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        left = x + (self.width - self.cell * len(self.values)) / 2
        shapes = [text(x + self.width / 2, y + 16, self.name, TEXT, "middle", bold=True)]
        for number, value in enumerate(self.values):
            cell = Place(left + number * self.cell, y + 44, self.cell, 70)
            shapes += [rect(*cell, "panel", f"{self.name}: {value}"), outline(cell, "muted")]
            shapes.append(text(cell.middle[0], cell.middle[1], value, TEXT, "middle"))
        body = Place(left, y + 44, self.cell * len(self.values), 70)
        yield Drawn(self.name, Place(x, y, self.width, self.height), body, shapes)


class Lanes(Thing):
    """Who ran when, a letter for each while: # ran, . waited, x had no core, and a blank says nothing."""

    width = float(WIDTH)

    def __init__(self, lanes: Mapping[str, str], whiles: int) -> None:
        self.lanes, self.whiles = lanes, whiles
        self.height = LANE * len(lanes)

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        left = beside(self.lanes)
        step = (WIDTH - left) / self.whiles
        for number, (name, lane) in enumerate(self.lanes.items()):
            middle, begin = y + LANE * (number + 0.5), 0
            shapes = [text(x, middle, name)]
            for letter, run in groupby(lane):
                length = len(list(run))
                if state := WRITTEN[letter]:
                    tall = 0.76 * LANE * STATES[state]
                    block = (x + left + begin * step, middle - tall / 2, length * step, tall)
                    shapes.append(rect(*block, state.replace(" ", "-"), f"{name}: {state}"))
                begin += length
            place = Place(x, middle - LANE / 2, self.width, LANE)
            yield Drawn(f"lane of {name}", place, place, shapes)


class Years(Thing):
    """What there was when: lanes of named blocks, (start, end, name), over the years."""

    width = float(WIDTH)

    def __init__(
        self, first: int, last: int, lanes: Mapping[str, Sequence[tuple[float, float, str]]]
    ) -> None:
        self.first, self.last, self.lanes = first, last, lanes
        self.height = 1.3 * LANE * len(lanes) + 48

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        left = x + beside(self.lanes)
        step = (x + WIDTH - left) / (self.last - self.first)
        for name, blocks in self.lanes.items():
            shapes = [text(x, y + 0.85 * LANE, name)]
            for start, end, what in blocks:
                begin = left + (start - self.first) * step
                shapes.append(rect(begin, y + 0.5 * LANE, (end - start) * step - 3, 0.7 * LANE, "ran", what))
                shapes.append(text(min(begin, x + WIDTH - wide(what)), y + 0.25 * LANE, what))
            place = Place(x, y, self.width, 1.3 * LANE)
            yield Drawn(name, place, place, shapes)
            y += 1.3 * LANE
        decades = range(-(-self.first // 10) * 10, self.last, 10)
        middles = {year: left + (year - self.first) * step for year in decades}
        shapes = [
            text(middle, y + 20, str(year), SMALL, "middle", "muted") for year, middle in middles.items()
        ]
        place = Place(x, y, self.width, 48)
        yield Drawn("years", place, place, shapes)


# --- where they stand ------------------------------------------------------------------------------------


class Row(Thing):
    """Things beside each other, spread over the whole width or, with a gap, closer."""

    def __init__(self, *things: Thing, gap: float | None = None) -> None:
        widths, gaps = sum(thing.width for thing in things), max(1, len(things) - 1)
        self.things, self.gap = things, (WIDTH - widths) / gaps if gap is None else gap
        self.width = widths + self.gap * (len(things) - 1)
        self.height = max(thing.height for thing in things)

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        for thing in self.things:
            yield from thing.at(x, y + (self.height - thing.height) / 2)
            x += thing.width + self.gap


class Column(Thing):
    """Things below each other."""

    def __init__(self, *things: Thing, gap: float = GAP) -> None:
        self.things, self.gap = things, gap
        self.width = max(thing.width for thing in things)
        self.height = sum(thing.height for thing in things) + gap * (len(things) - 1)

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        for thing in self.things:
            yield from thing.at(x + (self.width - thing.width) / 2, y)
            y += thing.height + self.gap


class Box(Thing):
    """A border around something, with a name: what a process or an interpreter has for itself."""

    def __init__(self, name: str, inside: Thing) -> None:
        self.name, self.inside = name, inside
        self.width = max(inside.width, wide(name)) + 48
        self.height = inside.height + 92

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        border = Place(x, y, self.width, self.height)
        pen = Place(x + 2, y + 2, self.width - 4, self.height - 4)  # half a stroke inside: nothing is cut
        shapes = [outline(pen, "muted"), text(x + 24, y + 34, self.name, TEXT, colour="muted")]
        yield Drawn(self.name, border, border, shapes, holds=True)
        yield from self.inside.at(x + 24, y + 68)


@dataclass(frozen=True)
class Arrow:
    """A message from one thing to another, by their names; dashed where it is only asked for."""

    start: str
    end: str
    says: str = ""
    dashed: bool = False

    def between(self, one: Drawn, other: Drawn) -> tuple[list[str], Place]:
        """Its shapes, and where its words are: above a line that goes across, beside one that goes down."""
        across = one.place.beside(other.place)
        start, end = (one.body, other.body) if across else (one.place, other.place)
        (x1, y1), (x2, y2) = start.middle, end.middle
        if end.x <= x1 <= end.x + end.width:
            x2 = x1  # straight down or up
        elif start.x <= x2 <= start.x + start.width:
            x1 = x2
        if end.y <= y1 <= end.y + end.height:
            y2 = y1  # straight across
        elif start.y <= y2 <= start.y + start.height:
            y1 = y2
        (x1, y1), (x2, y2) = start.edge((x1, y1), (x2, y2)), end.edge((x2, y2), (x1, y1))
        angle, length = math.atan2(y2 - y1, x2 - x1), math.hypot(x2 - x1, y2 - y1)
        near, far = 8 / length, 1 - 8 / length  # a little space at both ends
        tail = (x1 + near * (x2 - x1), y1 + near * (y2 - y1))
        tip = (x1 + far * (x2 - x1), y1 + far * (y2 - y1))
        wings = [
            (tip[0] - 18 * math.cos(angle + turn), tip[1] - 18 * math.sin(angle + turn))
            for turn in (0.5, -0.5)
        ]
        shapes = [polyline([tail, tip], "ink", self.dashed), polyline([wings[0], tip, wings[1]], "ink")]
        x, y, width = (x1 + x2) / 2, (y1 + y2) / 2, wide(self.says)
        if across:
            words = Place(x - width / 2, y - TEXT - 12, width, TEXT)
        else:
            fits = x + 16 + width <= WIDTH
            words = Place(x + 16 if fits else x - 16 - width, y - TEXT / 2, width, TEXT)
        if self.says:
            shapes.append(text(*words.middle, self.says, TEXT, "middle"))
        return shapes, words


# --- drawings --------------------------------------------------------------------------------------------


class Frame:
    """One step: a sentence, and what it is about. A ValueError says what does not fit."""

    def __init__(self, says: str, thing: Thing, arrows: Sequence[Arrow] = ()) -> None:
        if not says.strip():
            raise ValueError("a frame needs a sentence, for those who do not see it")
        if thing.width > WIDTH:
            raise ValueError(f"{says!r}: {thing.width:.0f} wide, a drawing has {WIDTH}")
        self.says, self.thing, self.arrows = says, thing, arrows
        self.lines = textwrap.wrap(says, int(WIDTH / (LETTER * SAYS)))

    def svg(self, room: float, lines: int) -> str:
        """The frame as SVG, with as much room for things and lines as the largest of its drawing needs."""
        drawn = list(self.thing.at(0, 4))
        parts = [shape for each in drawn for shape in each.shapes]
        named = {each.name: each for each in drawn}
        for arrow in self.arrows:
            if unknown := {arrow.start, arrow.end} - named.keys():
                raise ValueError(f"{self.says!r}: nothing is called {' or '.join(sorted(unknown))}")
            shapes, words = arrow.between(named[arrow.start], named[arrow.end])
            for each in drawn:
                inside = each.holds and each.place.contains(words)
                if arrow.says and each.place.overlaps(words) and not inside:
                    raise ValueError(f"{arrow.says!r} overlaps {each.name}: a wider gap, or fewer words")
            parts += shapes
        y = 4 + room + GAP
        parts += [text(0, y + LINE * (number + 0.5), line, SAYS) for number, line in enumerate(self.lines)]
        return svg(y + LINE * lines, self.says, parts)


class Drawing:
    """Frames, one after the other on the same slide: the first is there, each other one is a step."""

    def __init__(self, *frames: Frame) -> None:
        room, lines = max(frame.thing.height for frame in frames), max(len(frame.lines) for frame in frames)
        self.pictures = [frame.svg(room, lines) for frame in frames]

    def _repr_html_(self) -> str:
        first, *others = self.pictures
        frames = [f'<div class="frame">{first}</div>']
        for number, picture in enumerate(others):
            frames.append(f'<div class="frame fragment" data-fragment-index="{number}">{picture}</div>')
        return f'<figure class="picture frames">{"".join(frames)}</figure>'


def wide(words: str) -> float:
    """How wide words are at most."""
    return LETTER * TEXT * len(words)


def outline(place: Place, colour: str) -> str:
    x, y, width, height = place
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return polyline([*corners, *corners[:2]], colour)  # on to the second, so that the first is a corner, too
