"""Who holds what before and after steps of several ranks, as words and as a picture. Standard library only.

A value has the colour of the rank that had it first; a value that nobody had before has the ink's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from plots import WIDTH, nth, rect, svg, text

SIZE, LETTER, PADDING = 24, 0.6 * 24, 12  # of the font, of a letter at most, of a cell
CELL, ROW, TITLE, STRIPE = 36.0, 41.0, 36.0, 6.0  # heights
ACROSS, GAP = 3, 24.0  # panels beside each other, and the room between two
PANEL = (WIDTH - (ACROSS - 1) * GAP) / ACROSS
RANK, ARROW = 60.0, 36.0  # the width of the names, and of what is between before and after
MOST = 4  # ranks that are all shown; of more the first three and the last
SKIPPED, NOTHING = "…", "–"


class Step(NamedTuple):
    name: str
    before: Sequence[Any]  # by rank: a value, a list of values, or None
    after: Sequence[Any]


def picture(steps: Sequence[Step]) -> tuple[str, str, str]:
    """A name, words and an SVG."""
    size = len(steps[0].before)
    words = [f"{step.name}: {in_words(step.before)} → {in_words(step.after)}" for step in steps]
    height = TITLE + ROW * len(shown(range(size))) + GAP
    parts = [part for number, step in enumerate(steps) for part in panel(step, *place(number, height))]
    rows = -(-len(steps) // ACROSS)
    if size > MOST:
        words.append(f"Of {size} ranks the first {MOST - 1} and the last.")
        parts.append(text(0, rows * height, words[-1], SIZE, colour="muted"))
    return (
        "who holds what",
        "\n".join(words),
        svg(rows * height + GAP * (size > MOST), "; ".join(words), parts),
    )


def shown(values: Sequence[Any]) -> list[Any]:
    """All, or of many the first three and the last."""
    return list(values) if len(values) <= MOST else [*values[: MOST - 1], SKIPPED, values[-1]]


def items(held: Any) -> list[Any]:
    return [NOTHING] if held is None else shown(held) if isinstance(held, list) else [held]


def in_words(held: Sequence[Any]) -> str:
    return ", ".join(" ".join(map(str, items(one))) for one in shown(held))


def place(number: int, height: float) -> tuple[float, float]:
    return number % ACROSS * (PANEL + GAP), number // ACROSS * height


def panel(step: Step, x: float, y: float) -> Iterator[str]:
    """A step: a row for each rank that is shown."""
    before, after = ([items(one) for one in shown(held)] for held in (step.before, step.after))
    first_had = list(dict.fromkeys(value for row in before for value in row if isinstance(value, int)))
    arrow = x + RANK + max(map(wide, before))
    yield text(x, y + TITLE / 2, "rank", SIZE, colour="muted")
    yield text(x + RANK, y + TITLE / 2, step.name, SIZE, bold=True)
    for number, rank in enumerate(shown(range(len(step.before)))):
        top = y + TITLE + ROW * number
        yield text(x + RANK / 2 - PADDING / 2, top + CELL / 2, str(rank), SIZE, "middle")
        if rank != SKIPPED:
            yield from cells(before[number], x + RANK, top, first_had)
            yield text(arrow + ARROW / 2, top + CELL / 2, "→", SIZE, "middle", "muted")
            yield from cells(after[number], arrow + ARROW, top, first_had)


def cells(values: Sequence[Any], x: float, top: float, first_had: Sequence[int]) -> Iterator[str]:
    """Values in a row, with a stripe in the colour of whoever had them first."""
    for value in values:
        width = wide([value])
        if isinstance(value, int):
            colour = nth(first_had.index(value)) if value in first_had else "ink"
            yield rect(x, top, width - 2, CELL, "panel", str(value))
            yield rect(x, top + CELL - STRIPE, width - 2, STRIPE, colour, str(value))
        middle = top + (CELL - STRIPE) / 2
        yield text(
            x + width / 2 - 1, middle, str(value), SIZE, "middle", "ink" if value != NOTHING else "muted"
        )
        x += width


def wide(values: Sequence[Any]) -> float:
    return sum(LETTER * len(str(value)) + PADDING for value in values)
