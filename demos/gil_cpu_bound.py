"""CPU-bound Python: with a GIL, threads are no faster than none; processes are.

Counts the primes below --limit, in blocks that the workers share.
Look for: speedup and CPU/wall near 1 with threads; with processes both near the number of workers.

    $ python demos/gil_cpu_bound.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from harness import compare, ctrl_c_is_mine, parse_args, record

LIMIT = 150_000  # some 0.3 s sequentially
QUICK_LIMIT = 20_000
BLOCK = 5_000  # numbers; short, so that all workers are busy to the end, and Ctrl-C waits for no long one


def count_primes(numbers):
    return sum(n > 1 and all(n % d for d in range(2, int(n**0.5) + 1)) for n in numbers)


def sequential(blocks, workers):
    return sum(map(count_primes, blocks))


def threads(blocks, workers):
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(count_primes, blocks))


def processes(blocks, workers):
    with ProcessPoolExecutor(workers) as pool:
        with ctrl_c_is_mine():
            counts = pool.map(count_primes, blocks)
        return sum(counts)


VARIANTS = [sequential, threads, processes]


def cut(limit):
    """The numbers below the limit, in blocks."""
    return [range(start, min(start + BLOCK, limit)) for start in range(0, limit, BLOCK)]


def main(argv=None):
    args = parse_args(__doc__, argv, limit=(LIMIT, QUICK_LIMIT), workers=(None, 2))
    return record(args, compare(VARIANTS, cut(args.limit), args.workers))


if __name__ == "__main__":
    sys.exit(main())
