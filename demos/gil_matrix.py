"""Threads, subinterpreters, processes: who runs side by side on which Python.

The same script on every Python of this machine; workers stamp the clock, then count primes together.
Look for: threads side by side only without a GIL; subinterpreters and processes everywhere.

    $ python demos/gil_matrix.py
"""

import sys
from concurrent import futures
from itertools import chain

import gil_cpu_bound
import gil_lanes
import subinterpreters as interpreter_lanes
from harness import Number, compare, lanes, parse_args, record

LIMIT = 60_000  # some 0.1 s sequentially: there are many Pythons
QUICK_LIMIT = 10_000
WINDOW = Number(50.0, 10.0, least=10, most=1000, about="ms that they run ")


HAS_INTERPRETERS = hasattr(futures, "InterpreterPoolExecutor")  # since 3.14


def subinterpreters(blocks, workers):
    """Like gil_cpu_bound.threads, each of which is in an interpreter of its own."""
    with futures.InterpreterPoolExecutor(workers) as pool:
        return sum(pool.map(gil_cpu_bound.count_primes, blocks))


WAYS = [gil_cpu_bound.threads, *[subinterpreters] * HAS_INTERPRETERS, gil_cpu_bound.processes]


def stamping(window):
    """The same ways, stamping the clock, and what makes each run for the window, in ms."""
    yield gil_lanes.threads, window / gil_lanes.TURNS
    if HAS_INTERPRETERS:
        yield interpreter_lanes.subinterpreters, window
    yield gil_lanes.processes, window / gil_lanes.TURNS


def main(argv=None):
    args = parse_args(__doc__, argv, python="all", limit=(LIMIT, QUICK_LIMIT), workers=(2, 2), window=WINDOW)
    stamped = [lanes(way, args.workers, ms) for way, ms in stamping(args.window)]
    counted = compare([gil_cpu_bound.sequential, *WAYS], gil_cpu_bound.cut(args.limit), args.workers)
    return record(args, chain(*stamped, counted))


if __name__ == "__main__":
    sys.exit(main())
