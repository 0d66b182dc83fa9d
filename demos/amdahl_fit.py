"""What one worker does alone limits the speedup, however many workers share the rest.

known: one process does --serial of the work alone. unknown: it makes the lines of a log that all then read.
Look for: on a quiet machine a fit near --serial for known, whatever it is for unknown; and that workers
beyond the cores gain nothing.

    $ python demos/amdahl_fit.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from statistics import median

from gil_cpu_bound import count_primes
from harness import Number, ctrl_c_is_mine, parse_args, record, sweep, usable_cores

UNITS = Number(120, 12, least=12, most=100_000, about="units of work, each about a ms")
SERIAL = Number(0.1, most=0.9, about="share of the units that is done alone")
ROUNDS = 7  # of 1, 2, ... workers by turns: a slow moment of the machine hits all alike


def work(units):
    return sum(count_primes(range(1_000)) for _ in range(units))


def read(lines):
    return count_primes(int(line.split()[-1]) for line in lines)


def share(pool, function, parts):
    with ctrl_c_is_mine():
        answers = pool.map(function, parts)
    return sum(answers)


def known(pool, units, serial, workers):
    alone = round(serial * units)
    return work(alone) + share(pool, work, [(units - alone + i) // workers for i in range(workers)])


def unknown(pool, units, serial, workers):
    lines = [f"host{i % 97} GET /page/{i % 1009} {i % 500}" for i in range(500 * units)]
    return share(pool, read, [lines[i::workers] for i in range(workers)])


def fit(speedups):
    """Karp and Flatt's serial fraction for each number of workers; Amdahl's of all, by least squares."""
    each = {p: (1 / s - 1 / p) / (1 - 1 / p) for p, s in speedups.items()}
    return each, sum((1 - 1 / p) ** 2 * e for p, e in each.items()) / sum((1 - 1 / p) ** 2 for p in each)


def explain(pool, sweeps, cores):
    """Pass the runs on, those marked that had too few cores; at the end say what follows."""
    times = {}
    with pool:  # it ends with the last run, or with Ctrl-C
        for run in chain.from_iterable(sweeps):
            workers = run.parameters["workers"]
            run.parameters["cores"] = "enough" if workers <= cores else "too few"
            times.setdefault(run.variant, {})[workers] = median(run.values)
            yield run
    for variant, time in times.items():
        if speedups := {p: time[1] / time[p] for p in time if 1 < p <= cores}:
            each, serial = fit(speedups)
            words = ", ".join(f"{e:.2f} with {p} workers" for p, e in each.items())
            ceiling = f"ceiling {1 / serial:.1f}" if serial > 0.005 else "no ceiling to be seen"
            fitted = f"Amdahl's fit {serial:.2f}, {ceiling}" if len(each) > 1 else "one point, no fit"
            print(f"{variant}: serial fraction {words} (Karp, Flatt); {fitted}")


def main(argv=None):
    args = parse_args(__doc__, argv, units=UNITS, serial=SERIAL, workers=(None, 2))
    steps = sorted({1, *(args.workers * quarter // 4 for quarter in (1, 2, 3, 4, 8))} - {0})
    pool = ProcessPoolExecutor(min(steps[-1], 61))  # Windows has no more
    jobs = (sweep([f], pool, args.units, args.serial, workers=steps, rounds=ROUNDS) for f in (known, unknown))
    return record(args, explain(pool, jobs, usable_cores()))


if __name__ == "__main__":
    sys.exit(main())
