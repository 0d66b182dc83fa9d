"""A pool of MPI ranks has the interface of concurrent.futures: a program changes one class.

Counts the primes below --limit, in blocks: processes of this machine, then ranks that MPI starts.
Look for: the same answer; and a start of the ranks that costs more, and is part of their time.

    $ python demos/mpi_pool.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

from harness import Number, compare, ctrl_c_is_mine, needs_packages, parse_args, record

with needs_packages():
    from children import family, launcher, once
    from mpi4py.futures import MPIPoolExecutor

LIMIT = Number(400_000, 20_000, least=2, most=10**9, about="of the primes")
BLOCK = 5_000  # numbers; short, so that all workers are busy to the end, and Ctrl-C waits for no long one


def count_primes(numbers):
    return sum(n > 1 and all(n % d for d in range(2, int(n**0.5) + 1)) for n in numbers)


def sequential(blocks, workers):
    return sum(map(count_primes, blocks))


def processes(blocks, workers):
    with ProcessPoolExecutor(workers) as pool:
        with ctrl_c_is_mine():
            counts = pool.map(count_primes, blocks)
        return sum(counts)


def ranks(blocks, workers):
    with MPIPoolExecutor(workers) as pool:  # without a number: one worker
        with launcher():
            pool.bootup()
        return sum(pool.map(count_primes, blocks))


def cut(limit):
    """The numbers below the limit, in blocks."""
    return [range(start, min(start + BLOCK, limit)) for start in range(0, limit, BLOCK)]


def rows(times, starts):
    with family(blocked=False):
        yield from times
        for run in starts:
            yield replace(run, measure="start")


def main(argv=None):
    args = parse_args(__doc__, argv, limit=LIMIT, workers=(None, 2))
    times = compare([sequential, processes, ranks], cut(args.limit), args.workers, timed=once)
    starts = compare([processes, ranks], [range(2)] * args.workers, args.workers, timed=once)
    return record(args, rows(times, starts))


if __name__ == "__main__":
    sys.exit(main())
