"""A loop for threads that never ran in parallel, and a clock that could not tell: what each fault costs.

The Julia set, its loop as the workshop of 2018 had it; then one fault after the other is mended.
Look for: the flag, which gains nothing on that clock; the wall clock, which shows what it has gained; Cython
as fast as C; and how far both are from C that counts for many points at once.

    $ python demos/cython_julia_faults.py
"""

import sys
from time import perf_counter, process_time

from compiling import compiled
from harness import CannotRun, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from julia import fraction

SIZE = Number(1000, 100, least=50, most=2000, about="points in a row, and rows")  # Ctrl-C waits for a loop
ROUNDS = Number(3, 1, most=100_000, about="pictures in each way")
THEN, NOW = "cython_julia_faults.pyx", "cython_julia.pyx"

WAYS = {
    "no flag": lambda counts, n: compiled(THEN, openmp=False).julia(counts.ctypes.data, len(counts), n),
    "flag": lambda counts, n: compiled(THEN).julia(counts.ctypes.data, len(counts), n),
    "dynamic": lambda counts, n: compiled(NOW).julia(counts, np.empty((len(counts), 3)), "dynamic", 0, n),
    "C": lambda counts, n: compiled(NOW).limit(counts, n, blocks=False),
    "C, blocks": lambda counts, n: compiled(NOW).limit(counts, n, blocks=True),
}
ROWS = [  # what is mended, the way, the clock
    ("as in 2018", "no flag", "CPU"),
    ("+ OpenMP flag", "flag", "CPU"),
    ("+ wall clock", "flag", "wall"),
    ("+ dynamic schedule", "dynamic", "wall"),
    ("same loop in C", "C", "wall"),
    ("C for 32 points at once", "C, blocks", "wall"),
]


def measure(size, rounds, threads):
    """What a Run is made of. Every picture is timed by both clocks; the ways take turns."""
    for way in WAYS.values():
        way(np.zeros((SIZE.least, SIZE.least), np.intc), threads)  # compiles, and starts the threads
    print(f"Drawing {size:,} rows of {size:,} points, {rounds} × in each way ...")
    counts, spent = {way: np.zeros((size, size), np.intc) for way in WAYS}, {way: [] for way in WAYS}
    for way in [*WAYS] * rounds:
        wall, cpu = perf_counter(), process_time()
        WAYS[way](counts[way], threads)
        spent[way].append({"wall": perf_counter() - wall, "CPU": process_time() - cpu})
    for name, way, clock in ROWS:
        if (counts[way] != counts["C"]).any():
            raise CannotRun(f"{name} draws another picture than C: use another compiler")
        yield name, [each[clock] for each in spent[way]], "time", "s", {}, None, None, fraction(counts[way])
    for way in ("no flag", "flag"):
        yield way, [each["CPU"] / each["wall"] for each in spent[way]], "CPU/wall", "cores"


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, rounds=ROUNDS, workers=(None, 2))
    return record(args, (Run(*row) for row in measure(args.size, args.rounds, args.workers)))


if __name__ == "__main__":
    sys.exit(main())
