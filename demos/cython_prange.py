"""prange shares a loop among threads, if the compiler is told of OpenMP; if not, nobody complains.

Adds up two million numbers, again and again: one .pyx, compiled with the OpenMP flag and without.
Look for: CPU/wall, the cores at work: with the flag one for each thread, as in C; without it 1.00.

    $ python demos/cython_prange.py
"""

import os
import sys
from time import perf_counter, process_time, sleep

from compiling import compiled
from harness import CannotRun, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np

NUMBERS = 2_000_000  # 16 MB, in the caches: an addition waits for the one before it, not for memory
SUMS = Number(40, 2, most=100_000, about="sums in a measurement")
ROUNDS = Number(9, 2, most=100_000, about="measurements of each way, by turns")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # idle threads sleep: else they spin and count as busy


def ways(workers):
    """What adds up, and with how many threads."""
    parallel = compiled("cython_sum.pyx", boundscheck=False)
    silent = compiled("cython_sum.pyx", boundscheck=False, openmp=False)
    return {
        "one thread": (parallel.add, 1),
        "prange": (parallel.add, workers),
        "C with OpenMP": (parallel.add_in_c, workers),
        "no OpenMP flag": (silent.add, workers),
    }


def measure(ways, workers, sums, rounds):
    """What a Run is made of, for each way: its times, and its CPU seconds in all."""
    found = {name: (*way, [], []) for name, way in ways(workers).items()}
    numbers = np.arange(NUMBERS, dtype=float)  # whole numbers: exact in whatever order
    print(f"{rounds} rounds of {', '.join(found)} ...")
    for _ in range(1 + rounds):  # the first is the warm-up: NumPy's own threads are busy for a while
        for name, (add, threads, seconds, cpu_seconds) in found.items():
            cpu, start = process_time(), perf_counter()
            answers = {add(numbers, threads) for _ in range(sums)}
            seconds.append(perf_counter() - start)
            sleep(0.001)  # now the threads are idle, and the system has booked their CPU time
            cpu_seconds.append(process_time() - cpu)
            if answers != {NUMBERS * (NUMBERS - 1) / 2}:
                raise CannotRun(f"{name} adds up to {answers}: use another version of Cython or the compiler")
    for name, (_, _, (warm_up, *seconds), cpu_seconds) in found.items():
        yield name, seconds, "time", "s", {}, warm_up, sum(cpu_seconds[1:])


def main(argv=None):
    args = parse_args(__doc__, argv, sums=SUMS, rounds=ROUNDS, workers=(None, 2))
    rows = measure(ways, args.workers, args.sums, args.rounds)
    return record(args, (Run(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
