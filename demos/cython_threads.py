"""Threads share the iterations of a prange: in blocks beforehand, or one by one as they come free.

Each iteration takes longer than the one before; it notes its thread and the time, with no GIL and no print.
Look for: static: who has the short ones is done early, and idles; dynamic: all are busy to the end.

    $ python demos/cython_threads.py
"""

import sys
from itertools import chain

import textpicture
from compiling import compiled
from harness import Attachment, Lanes, Number, needs_packages, parse_args, record

with needs_packages():
    import numpy as np

ITERATIONS = Number(16, most=22, about="iterations: more do not fit the picture")
ADDITIONS = Number(1_000_000, 10_000, most=20_000_000, about="in iteration 0, twice as many in 1, and so on")
LOOPS = Number(2, most=1_000_000, about="loops of each kind: the first starts the threads, the last is shown")


def notes(iterations, additions, loops, threads):
    """For each schedule a row an iteration: its thread, of how many, start and end in seconds, its sum."""
    module = compiled("cython_threads.pyx")
    for loop in (module.static, module.dynamic):
        for _ in range(loops):
            rows = np.zeros((iterations, 5))
            loop(rows, additions, threads)
        yield loop.__name__, rows


def lanes(noted, asked, seen):
    """What Lanes are made of: who had which iteration, in ms since the first began; and who, for table()."""
    for schedule, rows in noted:
        seen[schedule], of, starts, ends, _ = rows.T
        workers = {f"thread {number:.0f}": [] for number in range(int(of[0]))}
        first = starts.min()
        for i, thread in enumerate(seen[schedule]):
            span = 1000 * (starts[i] - first), 1000 * (ends[i] - first), f"iteration {i}"
            workers[f"thread {thread:.0f}"].append(span)
        about = {"schedule": schedule, "threads asked for": asked, "got": len(workers)}
        yield schedule, "assigned", 1000 * (ends.max() - first), workers, about


def table(seen):
    """The picture that has, below each iteration, its thread."""
    rows = {"iteration": range(len(seen["static"])), **seen}
    lines = [f"{name:<10}" + "".join(f"{number:3.0f}" for number in row) for name, row in rows.items()]
    yield "threads", "\n".join(lines), textpicture.draw(lines, r"^\w+")


def main(argv=None):
    args = parse_args(__doc__, argv, iterations=ITERATIONS, additions=ADDITIONS, loops=LOOPS, workers=(2, 2))
    noted, seen = notes(args.iterations, args.additions, args.loops, args.workers), {}
    pictures = (Lanes(*row) for row in lanes(noted, args.workers, seen))
    return record(args, chain(pictures, (Attachment(*each) for each in table(seen))))


if __name__ == "__main__":
    sys.exit(main())
