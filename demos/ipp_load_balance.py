"""Uneven tasks: a direct view cuts the list beforehand, a load-balanced view gives a free engine the next.

Counts primes in tasks that grow: with two engines there are eight, of 1, 2, 3 … 8 parts of the work.
Look for: the empty end of a lane under the direct view; the short gaps between tasks under the other.

    $ python demos/ipp_load_balance.py
"""

import sys
from dataclasses import replace

from harness import Lanes, Number, compare, needs_packages, parse_args, record

with needs_packages():
    from cluster import cluster
    from engine_lanes import engine_names, lanes

NUMBERS = Number(300_000, 1000, least=1000, most=100_000_000, about="to test for primality, in all tasks")
START = 100_000  # from here on, a number takes about as long as the next
EACH = 4  # tasks for each engine, if all get as many
PROFILE = "the name of a profile whose cluster runs already, on this machine: it has one clock"


def count_primes(numbers):
    """How many; who had the task from when to when (ns). On an engine a function imports what it needs."""
    from os import getpid
    from time import perf_counter_ns

    start = perf_counter_ns()
    count = sum(all(n % d for d in range(2, int(n**0.5) + 1)) for n in numbers)
    return count, (f"{len(numbers)} numbers", getpid(), start, perf_counter_ns())


def sequential(engines, tasks):
    return list(map(count_primes, tasks))


def direct_view(engines, tasks):
    return engines[:].map_async(count_primes, tasks).get()


def load_balanced_view(engines, tasks):
    return engines.load_balanced_view().map_async(count_primes, tasks).get()


VARIANTS = [sequential, direct_view, load_balanced_view]


def cut(numbers, parts):
    """The numbers in parts, the i-th with i times as many as the first."""
    ends = [START + numbers * i * (i + 1) // (parts * (parts + 1)) for i in range(parts + 1)]
    return [range(start, end) for start, end in zip(ends, ends[1:])]


def same_counts(one, other):
    return [count for count, _ in one] == [count for count, _ in other]


def measure(all_equal, picture, numbers, workers, profile):
    with cluster(workers, profile=profile) as engines:
        names, tasks, stamps = engine_names(engines), cut(numbers, EACH * len(engines)), {}
        for run in all_equal(VARIANTS, engines, tasks, same=same_counts):
            counts, stamps[run.variant] = zip(*run.result)  # of the last repeat
            yield replace(run, result=sum(counts), cpu_seconds=None)  # the engines' is not known here
        for view in ("direct_view", "load_balanced_view"):
            yield picture(view, "assigned", *lanes(stamps[view], names), {"view": view})


def main(argv=None):
    args = parse_args(__doc__, argv, numbers=NUMBERS, workers=(2, 2), profile=PROFILE)
    return record(args, measure(compare, Lanes, args.numbers, args.workers, args.profile))


if __name__ == "__main__":
    sys.exit(main())
