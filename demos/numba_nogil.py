"""Compiled code needs no GIL: with @njit(nogil=True) a thread lets go of it and runs beside the others.

Threads add up terms for pi, in compiled calls of some 20 ms that stamp the clock as they go.
Look for: without nogil one whole call after the other, four times a turn of 5 ms; with it full lanes.

    $ python demos/numba_nogil.py
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from harness import Number, lanes, needs_packages, parse_args, record

with needs_packages():
    from compiled_stamps import new_lane, open_window, spans, stamp
    from numba import njit

CALLS = Number(4, 1, most=10_000, about="of each thread")
TERMS = 10_000_000  # in a call: some 20 ms
BLOCK = 1_000  # terms from stamp to stamp: some microseconds


def add_terms(part, parts, lane):
    """The area below 4 / (1 + x²) in one part of the way from 0 to 1; all parts together have pi."""
    area, width = 0.0, 1 / (parts * TERMS)
    for block in range(part * TERMS, (part + 1) * TERMS, BLOCK):
        for i in range(block, block + BLOCK):
            x = (i + 0.5) * width
            area += 4 / (1 + x * x) * width
        stamp(lane)
    return area


def threads(workers, calls, nogil):
    """Let threads add up all parts: the window of time, and their lanes."""
    print("Compiling ...")
    compiled, parts = njit(nogil=nogil)(add_terms), workers * calls
    compiled(0, parts, new_lane())
    crew = []
    barrier = threading.Barrier(workers, lambda: open_window(crew))

    def work(first):
        lane = new_lane()
        crew.append(lane)
        barrier.wait()
        for part in range(first, parts, workers):
            compiled(part, parts, lane)
        return spans(lane)

    found = list(ThreadPoolExecutor(workers).map(work, range(workers)))
    window = found[0][0][0], max(lane[-1][1] for lane in found)
    return window, {f"thread {i}": lane for i, lane in enumerate(found)}


def main(argv=None):
    args = parse_args(__doc__, argv, calls=CALLS, workers=(2, 2))
    pictures = (lanes(threads, args.workers, args.calls, nogil=nogil) for nogil in (False, True))
    return record(args, chain.from_iterable(pictures))


if __name__ == "__main__":
    sys.exit(main())
