"""prange makes a reduction of `number += …`, but of `array[j] += …` a race: threads share the elements.

Threads add ones, by turns to the even and the odd, until some are lost or --attempts are over.
Look for: ones lost where threads add to the same elements; none where each has sums of its own, made by
numba (of a number) or by you (a row for each thread).

    $ python demos/numba_race.py
"""

import sys

from harness import CannotRun, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from numba import config, get_num_threads, get_thread_id, njit, prange, set_num_threads

SIZE = Number(2.0, 0.2, least=0.001, most=1_000, about="million ones")
ATTEMPTS = Number(50, 10, most=10_000_000, about="at most, until a one is lost")


@njit(parallel=True)
def elements(ones):
    sums = np.zeros(2)
    for i in prange(len(ones)):
        sums[i % 2] += ones[i]  # read, add, write: another's write is gone
    return sums


@njit(parallel=True)
def numbers(ones):
    even = odd = 0.0
    for i in prange(len(ones) // 2):
        even += ones[2 * i]
        odd += ones[2 * i + 1]
    return even, odd


@njit(parallel=True)
def row_a_thread(ones):
    sums = np.zeros((get_num_threads(), 2))
    for i in prange(len(ones)):
        sums[get_thread_id(), i % 2] += ones[i]
    return sums


VARIANTS = [elements, numbers, row_a_thread]


def lost(add, ones):
    """The share of the ones that are in no sum, in percent."""
    return 100 * (1 - np.sum(add(ones)) / len(ones))


def races(variants, pairs, attempts, workers):
    """Race until a one is lost: the lost share, and how many attempts it took."""
    if workers > (most := config.NUMBA_NUM_THREADS):
        raise CannotRun(f"numba may start {most} thread(s): use fewer --workers, or set NUMBA_NUM_THREADS")
    set_num_threads(workers)
    ones = np.ones(2 * pairs)
    print("Compiling each at its first call ...")
    for add in variants:
        add(ones[:2])
        attempt, share = 0, 0.0
        while attempt < attempts and not share:
            attempt, share = attempt + 1, lost(add, ones)
        tries = "1 try" if attempt == 1 else f"{attempt} tries"
        yield add.__name__, [share], "lost", "%", {"attempts": tries}


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, attempts=ATTEMPTS, workers=(None, None))
    rows = races(VARIANTS, int(args.size * 500_000), args.attempts, args.workers)
    return record(args, (Run(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
