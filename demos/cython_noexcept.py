"""A void function that may raise has the GIL taken back after each call, to see if it did: say noexcept.

A loop without the GIL calls a small C function, in one thread and then in several at once.
Look for: void calls that take tens of times as long, and longer still beside each other; noexcept, or an int
that says whether an exception was raised, costs next to nothing.

    $ python demos/cython_noexcept.py
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns

from compiling import compiled
from harness import Number, Run, parse_args, record

CALLS = Number(500_000, 1_000, most=1_000_000, about="in each loop: some 1 ms, or 50 ms")
REPEATS = Number(7, 2, most=1_000_000, about="of each loop in each thread")


def at_once(loop, calls, threads, repeats):
    """The ns of a call in each of the threads, again and again; the last answer."""
    barrier = threading.Barrier(threads)

    def ns_and_answer(_):
        barrier.wait()
        start = perf_counter_ns()
        answer = loop(calls)
        return (perf_counter_ns() - start) / calls, answer

    pool = ThreadPoolExecutor(threads)
    found = [each for _ in range(repeats) for each in pool.map(ns_and_answer, range(threads))]
    return [ns for ns, _ in found], found[-1][1]


def measure(calls, repeats, workers):
    """What a Run is made of: the loops in one thread, then in several."""
    module = compiled("cython_noexcept.pyx", openmp=False)
    for threads in (1, workers):
        for loop in (module.void_noexcept, module.int_except, module.void):
            ns, area = at_once(loop, calls, threads, repeats)
            yield loop.__name__, ns, "a call", "ns", {"threads": str(threads)}, area


def main(argv=None):
    args = parse_args(__doc__, argv, calls=CALLS, repeats=REPEATS, workers=(2, 2))
    rows = measure(args.calls, args.repeats, args.workers)
    return record(args, (Run(*row, result=area) for *row, area in rows))


if __name__ == "__main__":
    sys.exit(main())
