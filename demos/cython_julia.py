"""Rows of a picture take unequal time: the schedule decides which thread has which.

The Julia set of z² + c: how many steps does each point stay near? One loop over the rows, five schedules.
Look for: two threads twice as fast with each, as the halves of the picture are alike. Of one half alone,
static gives a thread all the quick rows: it idles; with dynamic nobody does.

    $ python demos/cython_julia.py
"""

import sys
from itertools import chain
from time import perf_counter, process_time

from compiling import compiled
from harness import Attachment, CannotRun, Lanes, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from julia import fraction, portrait

SIZE = Number(1000, 100, least=50, most=2000, about="points in a row, and rows")  # Ctrl-C waits for a loop
ROUNDS = Number(3, 1, most=100_000, about="pictures by each schedule")
SCHEDULES = {  # kind and chunksize; 0 leaves it to OpenMP
    "sequential": ("static", 0),  # for one thread
    "static,1": ("static", 1),
    "static": ("static", 0),
    "dynamic": ("dynamic", 0),
    "guided": ("guided", 0),
}
SHOWN = [("static", "all"), ("static", "first half"), ("dynamic", "first half")]  # as lanes, with
BLOCKS = 25  # in each: single rows would be too thin to be seen


def drawn(schedule, size, threads, rows="all"):
    """The counts; and of each row when it began and ended, in seconds, and which thread had it."""
    height = size if rows == "all" else size // 2
    counts, stamps = np.zeros((height, size), np.intc), np.zeros((height, 3))
    settings = *SCHEDULES[schedule], 1 if schedule == "sequential" else threads
    compiled("cython_julia.pyx").julia(counts, stamps, *settings)
    return counts, stamps


def times(found, size, rounds, threads):
    """What a Run is made of: seconds, CPU seconds, the share of the points that are in the set."""
    drawn("dynamic", SIZE.least, threads)  # compiles, and starts the threads
    print(f"Drawing {size:,} rows of {size:,} points, {rounds} × with each schedule ...")
    spent = {name: [] for name in SCHEDULES}
    for name in [*SCHEDULES] * rounds:  # by turns
        start, cpu = perf_counter(), process_time()
        found[name, "all"] = drawn(name, size, threads)
        spent[name].append((perf_counter() - start, process_time() - cpu))
    for name, pairs in spent.items():
        counts, expected = found[name, "all"][0], found["sequential", "all"][0]
        if (counts != expected).any():
            raise CannotRun(f"{name} draws another picture than sequential: use another compiler")
        yield name, [s for s, _ in pairs], "time", "s", {}, None, sum(c for _, c in pairs), fraction(counts)


def lanes(found, size, threads):
    """What Lanes are made of: which thread had which rows, some of them in a block."""
    for schedule, rows in SHOWN:
        stamps = (found.get((schedule, rows)) or drawn(schedule, size, threads, rows))[1]
        ms, workers = 1000 * (stamps[:, :2] - stamps[:, 0].min()), {}
        for thread in range(threads):
            own = ms[stamps[:, 2] == thread]
            blocks = np.array_split(own[own[:, 0].argsort()], BLOCKS)
            workers[f"thread {thread}"] = [(b[0, 0], b[-1, 1], f"{len(b)} rows") for b in blocks if len(b)]
        yield schedule, "assigned", ms.max(), workers, {"schedule": schedule, "rows": rows}


def main(argv=None):
    args, found = parse_args(__doc__, argv, size=SIZE, rounds=ROUNDS, workers=(None, 2)), {}
    runs = (Run(*row) for row in times(found, args.size, args.rounds, args.workers))
    pictures = (Lanes(*row) for row in lanes(found, args.size, args.workers))
    image = (Attachment(*portrait(found[way][0])) for way in [("dynamic", "all")])
    return record(args, chain(runs, pictures, image))


if __name__ == "__main__":
    sys.exit(main())
