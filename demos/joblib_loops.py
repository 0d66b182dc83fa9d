"""joblib makes a loop parallel in one line; its workers live on, so that only the first call waits for them.

Counts primes in blocks of numbers; then calls abs, so that handing the tasks over is all the cost.
Look for: joblib's first call and the next; what a tiny task costs in joblib's batches, and one by one.

    $ python demos/joblib_loops.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import chain

from gil_cpu_bound import count_primes, cut
from harness import Number, compare, ctrl_c_is_mine, needs_packages, parse_args, record

with needs_packages(), ctrl_c_is_mine():  # the threads of BLAS, too, leave Ctrl-C to ours
    from joblib import Parallel, delayed
    from loky_workers import end_workers, ended

LIMIT = Number(80_000, 5_000, most=100_000_000, about="below which primes are counted")  # some 0.15 s
TINY = Number(500, 100, most=10_000_000, about="calls of abs")


def sequential(function, items, workers):
    return sum(map(function, items))


def pool_map(function, items, workers):
    with ProcessPoolExecutor(workers) as pool:
        with ctrl_c_is_mine():
            results = pool.map(function, items)
        return sum(results)


def joblib_first_call(function, items, workers):
    end_workers()
    return joblib_processes(function, items, workers)


def joblib_processes(function, items, workers, batch_size="auto"):
    with ctrl_c_is_mine():
        parallel = Parallel(n_jobs=workers, batch_size=batch_size, return_as="generator")
        results = parallel(delayed(function)(item) for item in items)
    return sum(results)


def joblib_one_by_one(function, items, workers):
    return joblib_processes(function, items, workers, batch_size=1)


def joblib_threads(function, items, workers):
    return sum(Parallel(n_jobs=workers, backend="threading")(delayed(function)(item) for item in items))


WAYS = [sequential, pool_map, joblib_first_call, joblib_processes, joblib_threads]
WAYS_OF_TINY = [sequential, joblib_processes, joblib_one_by_one, joblib_threads]  # the workers are there


def main(argv=None):
    args = parse_args(__doc__, argv, limit=LIMIT, tiny=TINY, workers=(None, 2))
    runs = compare(WAYS, count_primes, cut(args.limit), args.workers)
    tiny = compare(WAYS_OF_TINY, abs, range(args.tiny), args.workers)
    unit = {"measure": "cost of a task", "unit": "µs"}
    costs = (replace(run, values=[1e6 * t / args.tiny for t in run.values], **unit) for run in tiny)
    return record(args, ended(chain((replace(run, cpu_seconds=None) for run in runs), costs)))


if __name__ == "__main__":
    sys.exit(main())
