"""More processes than cores: nothing gained, and each costs its start.

Counts the primes in blocks of two million numbers after 100,000,000, with pools of ever more processes.
Look for: a speedup with as many processes as cores, and no more with two or four times as many.

    $ python demos/primes_workers.py
"""

import sys
from multiprocessing import Pool

from harness import Number, ctrl_c_is_mine, parse_args, record, sweep
from primes_sieve import cut, sieve

START = 100_000_001
TASKS = Number(64, 4, least=1, most=10_000, about="each some 6 ms")
ROUNDS = Number(3, 1, least=1, most=1_000, about="of all pools by turns: a slow moment hits all alike")


def count(odd):
    return sieve(odd).count(1)


def processes(tasks, workers):
    with ctrl_c_is_mine():
        pool = Pool(workers)
    with pool:
        return sum(pool.map(count, tasks, chunksize=1))


def main(argv=None):
    args = parse_args(__doc__, argv, tasks=TASKS, rounds=ROUNDS, workers=(None, 1))
    most = max(args.workers, 61)  # Windows has no larger pools
    steps = sorted({1, *(min(most, args.workers * half // 2) for half in (1, 2, 4, 8))} - {0})
    return record(args, sweep([processes], cut(START, args.tasks), workers=steps, rounds=args.rounds))


if __name__ == "__main__":
    sys.exit(main())
