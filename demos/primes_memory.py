"""map holds all results at a time; imap those that nobody has taken yet, which may be almost as many.

A result has a MB; who takes it pauses, as if writing to a slow disk. Measured is the parent, not its workers.
Look for: map, all of them; imap and executor, few, but more behind longer pauses; window, few.

    $ python demos/primes_memory.py
"""

import sys
import time
import tracemalloc
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Pool

from harness import Number, Run, ctrl_c_is_mine, parse_args, record
from primes_sieve import cut, sieve

START = 100_000_001  # the first number; two workers need some 3 ms for a result
TASKS = Number(16, 4, least=1, most=10_000, about="each returns a MB, and all of them must fit")
PAUSES = 0, 60  # ms
UNTRACED = {"initializer": tracemalloc.stop}  # a forked worker would be traced, as its parent is


def start(workers):
    with ctrl_c_is_mine():
        return Pool(workers, **UNTRACED)


def pool_map(tasks, workers):
    with start(workers) as pool:
        yield from pool.map(sieve, tasks)


def pool_imap(tasks, workers):
    with start(workers) as pool:
        yield from pool.imap(sieve, tasks)


def executor_map(tasks, workers):
    with ProcessPoolExecutor(workers, **UNTRACED) as pool:
        with ctrl_c_is_mine():
            results = pool.map(sieve, tasks)
        yield from results


def pool_window(tasks, workers):
    sent = deque()
    with start(workers) as pool:
        for task in tasks:
            if len(sent) == 2 * workers:
                yield sent.popleft().get()
            sent.append(pool.apply_async(sieve, [task]))
        while sent:
            yield sent.popleft().get()


def count_slowly(results, pause):
    return [time.sleep(pause / 1000) or flags.count(1) for flags in results]


def peaks(variants, tasks, workers):
    """What a Run is made of: the most memory that Python's objects had at a time."""
    for pause in PAUSES:
        for variant in variants:
            tracemalloc.start()
            counts = count_slowly(variant(tasks, workers), pause)
            most = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            yield variant.__name__, [most], "peak memory", "MB", {"ms of pause": pause}, None, None, counts


def main(argv=None):
    args = parse_args(__doc__, argv, tasks=TASKS, workers=(2, 2))
    variants = [pool_map, pool_imap, executor_map, pool_window]
    return record(args, (Run(*row) for row in peaks(variants, cut(START, args.tasks), args.workers)))


if __name__ == "__main__":
    sys.exit(main())
