"""Handing a task to another process takes tens to hundreds of µs: only longer tasks gain.

Two queues lead there and back, multiprocessing.Queue's or a manager's; a pool has its own inside.
Look for: where each way passes sequential; chunks, many tasks at a time, do so first.

    $ python demos/primes_queue.py
"""

import sys
from statistics import median

from crews import ready
from gil_cpu_bound import count_primes
from harness import Number, compare, parse_args, record

NUMBERS = Number(1920, 240, least=120, most=1_000_000, about="to test for primality, in each run")
SIZES = [1, 4, 12, 40, 120]  # numbers a task
START = 10**7  # from here on, a number takes some 10 µs on average


def work(tasks, results):
    for task in iter(tasks.get, None):  # None is the sentinel
        results.put(count_primes(task))


def there_and_back(tasks, there, back):
    for task in tasks:
        there.put(task)
    return sum(back.get() for _ in tasks)


def sequential(tasks, crew):
    return sum(map(count_primes, tasks))


def queue(tasks, crew):
    return there_and_back(tasks, *crew.queues)


def manager_queue(tasks, crew):
    return there_and_back(tasks, *crew.manager_queues)


def pool_map(tasks, crew):
    return sum(crew.pool.map(count_primes, tasks))  # its chunksize is 1


def pool_map_chunks(tasks, crew):
    chunksize = -(-len(tasks) // (4 * crew.workers))  # four chunks a worker, the default of Pool.map
    return sum(crew.pool.map(count_primes, tasks, chunksize=chunksize))


def by_length(compared, numbers, workers):
    """The runs as rates, with the length of a task; at the end, from which length on each way gains."""
    each, gains = 0, {}
    with ready(work, workers) as crew:
        for size in SIZES:
            tasks = [range(n, n + size) for n in range(START, START + numbers, size)]
            for run in compared(tasks, crew):
                run.values = [len(tasks) * size / 1000 / seconds for seconds in run.values]
                run.measure, run.unit, run.cpu_seconds = "tested", "numbers/ms", None
                if run.variant == "sequential":
                    alone, each = median(run.values), each or 1000 / max(run.values)
                run.parameters = {"µs a task": round(each * size), "numbers": size}
                gains.setdefault(run.variant, round(each * size))
                if median(run.values) <= alone:
                    del gains[run.variant]
                yield run
    words = ", ".join(f"{way} from {length} µs a task on" for way, length in gains.items())
    print(f"Faster than sequential: {words or 'none'}")


def main(argv=None):
    args = parse_args(__doc__, argv, numbers=NUMBERS, workers=(2, 2))
    ways = [sequential, queue, manager_queue, pool_map, pool_map_chunks]
    return record(args, by_length(lambda *job: compare(ways, *job), args.numbers, args.workers))


if __name__ == "__main__":
    sys.exit(main())
