"""Uneven tasks in large chunks: one worker has the long ones, the others idle at the end.

Counts primes in tasks that grow, as in a loop over pairs; a worker takes chunksize tasks at a time.
Look for: the empty end of a lane, with large chunks; what a shuffle mends; one chunk of all is one worker's.

    $ python demos/chunksize_lanes.py
"""

import os
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import Barrier, active_children
from time import perf_counter_ns

from gil_cpu_bound import count_primes
from harness import Lanes, Number, ctrl_c_is_mine, parse_args, record, sweep

NUMBERS = Number(40_000, 1000, least=1000, most=100_000_000, about="to test for primality, in all tasks")
START = 100_000  # from here on, a number takes about as long as the next
EACH = 16  # tasks for each worker, if all get as many: enough to be uneven, few enough to be seen
SHOWN = [("ordered", 1), ("ordered", EACH), ("shuffled", EACH)]  # as lanes, with their chunksize
STUCK = 60  # seconds; a worker is there sooner, or never


def cut(numbers, parts):
    """The numbers in parts, the i-th with i times as many as the first."""
    ends = [START + numbers * i * (i + 1) // (parts * (parts + 1)) for i in range(parts + 1)]
    return [range(start, end) for start, end in zip(ends, ends[1:])]


def stamped(task):
    """How many primes; then who had which task, from when to when (ns of a clock that processes share)."""
    start = perf_counter_ns()
    count = count_primes(task)
    return count, os.getpid(), start, perf_counter_ns(), f"{len(task)} numbers"


def ordered(pool, tasks, stamps, chunksize, name="ordered"):
    with ctrl_c_is_mine():
        done = pool.map(stamped, tasks, chunksize=chunksize)
    stamps[name, chunksize] = list(done)
    return sum(count for count, *_ in stamps[name, chunksize])


def shuffled(pool, tasks, stamps, chunksize):
    mixed = random.Random(2018).sample(tasks, len(tasks))  # the same in every round
    return ordered(pool, mixed, stamps, chunksize, "shuffled")


def lanes(stamps):
    """What Lanes are made of: who had which task."""
    pids = sorted(worker.pid for worker in active_children())
    for variant, chunksize in SHOWN:
        done = sorted(stamps[variant, chunksize], key=lambda stamp: stamp[2])
        zero, workers = done[0][2], {f"worker {i}": [] for i in range(len(pids))}
        for _, pid, start, end, task in done:
            workers[f"worker {pids.index(pid)}"].append(((start - zero) / 1e6, (end - zero) / 1e6, task))
        window = max(end for spans in workers.values() for _, end, _ in spans)
        yield variant, "assigned", window, workers, {"tasks": variant, "chunksize": chunksize}


def until_the_end(pool, items):
    with pool:  # its workers end with the last item, or with Ctrl-C
        yield from items


def main(argv=None):
    args = parse_args(__doc__, argv, numbers=NUMBERS, workers=(2, 2))
    pool = ProcessPoolExecutor(args.workers, None, Barrier(args.workers).wait, (STUCK,))
    tasks, stamps = cut(args.numbers, EACH * args.workers), {}
    sizes = sorted({1, 2, 4, 8, EACH, len(tasks)})
    runs = sweep([ordered, shuffled], pool, tasks, stamps, chunksize=sizes, rounds=3)
    return record(args, until_the_end(pool, chain(runs, (Lanes(*row) for row in lanes(stamps)))))


if __name__ == "__main__":
    sys.exit(main())
