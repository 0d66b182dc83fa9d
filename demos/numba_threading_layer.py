"""The threads of parallel=True come from a threading layer, and not every layer survives all that you do.

Each, in a process of its own, has to compute in forked processes, then for threads that call at once.
Look for: the layer in use here, and which ones die in which case; these are their own words.

    $ python demos/numba_threading_layer.py
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from doomed import outcomes, shown
from harness import Number, needs_packages, parse_args, record

with needs_packages():
    import numba
    from numba import njit, prange

LAYERS = ["tbb", "omp", "workqueue"]  # numba takes the first of them that is there
CALLERS = 3
CALLS = Number(200, 50, most=10**9, about="of each process or thread")
NUMBERS = 1000
DEADLINE = 45  # seconds for all; two will do, but other programs may be in the way


@njit(parallel=True)
def total(numbers):
    result = 0
    for number in prange(numbers):
        result += number
    return result


def call(calls):
    for _ in range(calls):
        if total(NUMBERS) == NUMBERS * (NUMBERS - 1) // 2:
            os.write(1, b"right\n")  # at once: the next call may be the end


def fork(calls):
    for _ in range(CALLERS):
        if os.fork() == 0:  # in the child
            call(calls)
            os._exit(0)
    for _ in range(CALLERS):
        os.wait()


def threads(calls):
    with ThreadPoolExecutor(CALLERS, initializer=Barrier(CALLERS).wait) as pool:
        list(pool.map(call, [calls] * CALLERS))


def try_all(calls):
    """In a process that may not see the end of it."""
    total(NUMBERS)  # numba compiles it and starts the layer's threads
    for case in [fork, threads] if hasattr(os, "fork") else [threads]:
        print("case:", case.__name__)
        case(calls)


def in_use():
    numba.get_num_threads()  # starts them
    return f"In use here: {numba.threading_layer()}"


def attempts(calls):
    settings = {layer: {"NUMBA_THREADING_LAYER": layer} for layer in LAYERS}
    return outcomes(__file__, f"try_all({calls})", settings, CALLERS * calls, DEADLINE)


def main(argv=None):
    args = parse_args(__doc__, argv, calls=CALLS)
    return record(args, shown(in_use, attempts(args.calls)))


if __name__ == "__main__":
    sys.exit(main())
