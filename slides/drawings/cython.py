"""Cython: how a text becomes a module, and how a schedule deals out the iterations of a loop."""

import heapq
from collections.abc import Iterator, Sequence

from drawing import LANE, Arrow, Column, Drawing, Drawn, Frame, Lanes, Memory, Place, Row, Thing
from plots import TEXT, WIDTH, beside, rect, text

COSTS = [1, 1, 1, 2, 3, 4, 4, 3, 2, 1, 1, 1]  # of the iterations: those in the middle take longer
THREADS = 3


def builds() -> Drawing:
    """Cython's user guide, Source files and compilation; the times are those of demos/cython_sum.pyx."""

    def step(says: str, c: str, module: str, lanes: Sequence[str], *arrows: Arrow) -> Frame:
        texts = Memory("Cython", "sums.pyx"), Memory("C", c)
        things = Row(*texts, Memory("module", module), Memory("Python", "import sums"))
        times = Lanes(dict(zip(["translating", "compiling"], lanes, strict=True)), whiles=15)
        return Frame(says, Column(things, times), arrows)

    blank = " " * len("sums.so")  # as wide, so that nothing moves
    to_c, to_module = Arrow("Cython", "C", "Cython"), Arrow("C", "module", "C compiler")
    imported, done = Arrow("module", "Python", "import"), ["####", "    ###########"]
    return Drawing(
        step("You write Python, with C types where they pay.", blank, blank, ["", ""]),
        step("Cython translates it into C: thousands of lines.", "sums.c ", blank, ["####", ""], to_c),
        step(
            "A C compiler makes a module of them: that takes longest.", "sums.c ", "sums.so", done, to_module
        ),
        step("Python imports it in a millisecond, as any module.", "sums.c ", "sums.so", done, imported),
        step("It is kept: all later runs only import it.", "sums.c ", "sums.so", ["", ""], imported),
    )


class Dealt(Thing):
    """Which thread has which iterations, each as wide as the time that it takes; a low bar is idle."""

    width = float(WIDTH)
    height = LANE * THREADS

    def __init__(self, shares: Sequence[Sequence[int]]) -> None:
        self.shares = shares

    def at(self, x: float, y: float) -> Iterator[Drawn]:
        names = [f"thread {number}" for number in range(len(self.shares))]
        left, end = x + beside(names), longest(static(COSTS, THREADS))
        step = (x + self.width - left) / end
        last = longest(self.shares)
        for name, share in zip(names, self.shares, strict=True):
            middle, time = y + LANE / 2, 0
            shapes = [text(x, middle, name)]
            for iteration in share:
                block = Place(left + time * step, y + 8, COSTS[iteration] * step - 4, LANE - 16)
                shapes.append(rect(*block, "ran", f"{name}: iteration {iteration}"))
                shapes.append(text(*block.middle, str(iteration), TEXT, "middle", "paper", bold=True))
                time += COSTS[iteration]
            if time < last:
                shapes.append(
                    rect(left + time * step, middle - 3, (last - time) * step, 6, "waiting", f"{name}: idle")
                )
            place = Place(x, y, self.width, LANE)
            yield Drawn(name, place, place, shapes)
            y += LANE


def schedules() -> Drawing:
    """Cython's user guide, Using parallelism: the argument schedule of prange."""

    def step(says: str, shares: Sequence[Sequence[int]]) -> Frame:
        return Frame(says, Dealt(shares))

    return Drawing(
        step("static: a block for each, beforehand. Two idle here.", static(COSTS, THREADS)),
        step(
            "static, chunksize=1: one by one, as cards are dealt. Also beforehand, and here it is even.",
            static(COSTS, THREADS, 1),
        ),
        step(
            "dynamic: who is done asks for the next one. Even, but for one iteration; it asks each time.",
            taken(COSTS, THREADS, [1] * len(COSTS)),
        ),
        step(
            "guided: dynamic, in chunks that get smaller. It asks less, and a large chunk may take long.",
            taken(COSTS, THREADS, smaller(len(COSTS), THREADS)),
        ),
    )


def static(costs: Sequence[int], threads: int, chunk: int = 0) -> list[list[int]]:
    """The iterations of each thread, as dealt before any begins."""
    chunk = chunk or -(-len(costs) // threads)
    return [[i for i in range(len(costs)) if i // chunk % threads == thread] for thread in range(threads)]


def taken(costs: Sequence[int], threads: int, chunks: Sequence[int]) -> list[list[int]]:
    """The iterations of each thread, where who is done first takes the next chunk."""
    shares: list[list[int]] = [[] for _ in range(threads)]
    free = [(0, thread) for thread in range(threads)]  # when, and who
    begin = 0
    for chunk in chunks:
        when, thread = heapq.heappop(free)
        share = range(begin, begin + chunk)
        shares[thread] += share
        heapq.heappush(free, (when + sum(costs[i] for i in share), thread))
        begin += chunk
    return shares


def smaller(count: int, threads: int) -> list[int]:
    """The chunks of guided: a thread's share of what is left, rounded up."""
    chunks = []
    while count:
        chunks.append(-(-count // threads))
        count -= chunks[-1]
    return chunks


def longest(shares: Sequence[Sequence[int]]) -> int:
    return max(sum(COSTS[i] for i in share) for share in shares)
