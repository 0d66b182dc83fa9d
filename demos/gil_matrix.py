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
from harness import Number, compare, lanes, parse_args, record
from subinterpreters import subinterpreters as in_interpreters

LIMIT = 60_000  # some 0.1 s sequentially: there are many Pythons
QUICK_LIMIT = 10_000
WINDOW = Number(50.0, 10.0, least=10, most=1000, about="ms that they run ")


def threads(workers, window):
    return gil_lanes.threads(workers, window / gil_lanes.TURNS)


def subinterpreters(workers, window):
    return in_interpreters(workers, window)


def processes(workers, window):
    return gil_lanes.processes(workers, window / gil_lanes.TURNS)


def in_subinterpreters(blocks, workers):
    with futures.InterpreterPoolExecutor(workers) as pool:
        return sum(pool.map(gil_cpu_bound.count_primes, blocks))


def here():
    """The mechanisms that this Python has, and their ways to count primes."""
    ways = {threads: gil_cpu_bound.threads, processes: gil_cpu_bound.processes}
    if hasattr(futures, "InterpreterPoolExecutor"):  # since 3.14
        in_subinterpreters.__name__ = "subinterpreters"
        ways = {threads: ways[threads], subinterpreters: in_subinterpreters, processes: ways[processes]}
    return ways


def main(argv=None):
    args = parse_args(__doc__, argv, python="all", limit=(LIMIT, QUICK_LIMIT), workers=(2, 2), window=WINDOW)
    stamped = chain.from_iterable(lanes(each, args.workers, args.window) for each in here())
    variants = [gil_cpu_bound.sequential, *here().values()]
    return record(args, chain(stamped, compare(variants, gil_cpu_bound.cut(args.limit), args.workers)))


if __name__ == "__main__":
    sys.exit(main())
