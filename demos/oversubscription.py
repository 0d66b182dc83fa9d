"""A pool of processes, in each of which NumPy starts a thread a core: slower than no pool at all.

Multiplies matrices in one process or many; BLAS, which computes, takes its default of threads, or one.
Look for: processes × threads beyond the cores, all of them busy, and fewer products; the limit mends it.

    $ python demos/oversubscription.py
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import Barrier

from harness import CannotRun, Number, Run, ctrl_c_is_mine, needs_packages, parse_args, record
from machine import usable_cores

with needs_packages(), ctrl_c_is_mine():  # the threads of BLAS, too, leave Ctrl-C to ours
    import numpy as np
    from threadpoolctl import threadpool_info, threadpool_limits

SIZE = Number(256, 128, least=2, most=5_000, about="rows of a matrix: of 2,000 little is lost")
SECONDS = Number(0.15, 0.01, most=60, about="how long to multiply, after a warm-up, for each of three rates")
RATES = 3
ENOUGH = 16  # processes, unless more are asked for: on a large machine, too, they are too many


def multiply(size, seconds, limit):
    """In this process: the threads that BLAS may use, the cores it kept busy, its products a second."""
    a, b = np.full((size, size), 2.0), np.full((size, size), 3.0)
    with threadpool_limits(limit, "blas"):  # None: NumPy's default
        rate(a, b, seconds)
        start, cpu = time.perf_counter(), time.process_time()
        rates = [rate(a, b, seconds) for _ in range(RATES)]
        return threads_of_blas(), (time.process_time() - cpu) / (time.perf_counter() - start), rates


def rate(a, b, seconds):
    right, start = 0, time.perf_counter()
    while True:
        right += np.all(a @ b == 2 * 3 * len(a))  # exact, since small whole numbers are
        if (spent := time.perf_counter() - start) >= seconds:
            return float(right / spent)


def threads_of_blas():
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=0)


def in_pool(processes, *job):
    """Each process does the job; the first waits for the last, at a barrier."""
    with ProcessPoolExecutor(processes, initializer=Barrier(processes).wait) as pool:
        with ctrl_c_is_mine():
            futures = [pool.submit(multiply, *job) for _ in range(processes)]
        threads, busy, rates = zip(*(future.result() for future in futures))
    return f"{processes} × {max(threads)}", f"{sum(busy):.1f}", [sum(each) for each in zip(*rates)]


def variants(workers):
    """How many processes, and how many BLAS threads in each; None: NumPy's default."""
    yield "sequential", 1, 1
    yield "blas_threads", 1, None
    yield "processes", workers, None
    yield "processes_limited", workers, 1


def measured(size, seconds, workers):
    if not threads_of_blas():
        raise CannotRun("threadpoolctl cannot limit this BLAS, such as Apple's: take conda-forge's NumPy")
    for name, processes, limit in variants(workers):
        threads, busy, rates = in_pool(processes, size, seconds, limit)
        yield name, rates, "products", "/s", {"threads": threads, "busy cores": busy}


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, seconds=SECONDS, workers=(min(ENOUGH, usable_cores()), 2))
    return record(args, (Run(*row) for row in measured(args.size, args.seconds, args.workers)))


if __name__ == "__main__":
    sys.exit(main())
