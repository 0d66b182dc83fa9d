"""A message to an engine costs milliseconds: a task must be longer than that, or share one with others.

Tasks of growing length: in a call each, in a load-balanced map, in large chunks; and by a pool.
Look for: what a task of almost no work costs; and the length from which on it beats having no engines.

    $ python demos/ipp_overhead.py
"""

import sys
from dataclasses import replace
from multiprocessing import Pool
from statistics import median

from harness import ctrl_c_is_mine, needs_packages, parse_args, record, sweep

with needs_packages():
    from cluster import cluster

STEPS = [100, 1_000, 10_000, 100_000, 300_000]  # of a task: some 0.006 to 20 ms
EACH = 4  # tasks for each engine
PROFILE = "the name of a profile whose cluster runs already, with --workers engines"


def add_squares(steps):
    return sum(i * i for i in range(steps))


def sequential(engines, pool, tasks, steps):
    return [add_squares(steps) for _ in range(tasks)]


def direct_calls(engines, pool, tasks, steps):
    return [engines[0].apply_async(add_squares, steps).get() for _ in range(tasks)]


def load_balanced(engines, pool, tasks, steps, chunksize=1):
    view = engines.load_balanced_view()
    return view.map_async(add_squares, [steps] * tasks, chunksize=chunksize).get()


def load_balanced_in_chunks(engines, pool, tasks, steps):
    return load_balanced(engines, pool, tasks, steps, chunksize=tasks // len(engines))


def multiprocessing_pool(engines, pool, tasks, steps):
    return pool.map(add_squares, [steps] * tasks, chunksize=1)


WAYS = [sequential, direct_calls, load_balanced, load_balanced_in_chunks, multiprocessing_pool]


def measure(in_turns, steps, workers, profile):
    with ctrl_c_is_mine():
        pool = Pool(workers)  # before the client has threads, which do not go well with fork
    with pool, cluster(workers, profile=profile) as engines:
        tasks = EACH * len(engines)
        runs = list(in_turns(WAYS, engines, pool, tasks, steps=steps, rounds=3))
        for run in runs[: len(WAYS)]:  # with the fewest steps
            cost = {
                "values": [1e3 * s / tasks for s in run.values],
                "measure": "cost of a task",
                "unit": "ms",
            }
            yield replace(run, parameters={}, result=len(run.result), **cost)
        for run in runs:
            if run.variant == "sequential":  # the first with as many steps
                work = median(run.values)
            shares = [round(100 * work / len(engines) / seconds) for seconds in run.values]
            share = {"values": shares, "measure": "efficiency", "unit": "%", "result": len(run.result)}
            yield replace(run, parameters={"ms of work": float(f"{1e3 * work / tasks:.2g}")}, **share)


def main(argv=None):
    args = parse_args(__doc__, argv, workers=(2, 2), profile=PROFILE)
    steps = STEPS[:2] if args.quick else STEPS
    return record(args, measure(sweep, steps, args.workers, args.profile))


if __name__ == "__main__":
    sys.exit(main())
