"""Four ways to give the same tasks to a pool: the same primes, in about the same time, not in one order.

Each task sieves two million numbers after ten thousand million and returns a MB; the parent counts primes.
Look for: speedups that hardly differ; and whose results come as they are done, not as they were asked for.

    $ python demos/primes_pool.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool
from operator import ne

from harness import Number, compare, ctrl_c_is_mine, parse_args, record
from primes_sieve import cut, sieve

START = 10_000_000_001
TASKS = Number(20, 3, least=1, most=10_000, about="a result has a MB, and all of them must fit")


def counts(results):
    return [flags.count(1) for flags in results]


def start(workers):
    with ctrl_c_is_mine():
        return Pool(workers)


def sequential(tasks, workers):
    return counts(map(sieve, tasks))


def pool_map(tasks, workers):
    with start(workers) as pool:
        return counts(pool.map(sieve, tasks, chunksize=1))  # the others' default


def pool_imap(tasks, workers):
    with start(workers) as pool:
        return counts(pool.imap(sieve, tasks))


def pool_imap_unordered(tasks, workers):
    with start(workers) as pool:
        return counts(pool.imap_unordered(sieve, tasks))


def executor_map(tasks, workers):
    with ProcessPoolExecutor(workers) as pool:
        with ctrl_c_is_mine():
            results = pool.map(sieve, tasks)
        return counts(results)


VARIANTS = [sequential, pool_map, pool_imap, pool_imap_unordered, executor_map]


def same(counts, others):
    return sorted(counts) == sorted(others)  # in whatever order


def with_order(runs):
    """Pass the runs on; say of whose results some were not in the place of their task."""
    asked = None
    for run in runs:
        asked = asked or run.result
        yield run
        if moved := sum(map(ne, run.result, asked)):
            print(f"{run.variant}: {moved} of {len(asked)} results in another place than their task")


def main(argv=None):
    args = parse_args(__doc__, argv, tasks=TASKS, workers=(None, 2))
    return record(args, with_order(compare(VARIANTS, cut(START, args.tasks), args.workers, same=same)))


if __name__ == "__main__":
    sys.exit(main())
