"""Who has more workers takes on more work: then what is done alone limits little.

One process does --serial of the work alone, all share the rest. strong: the same work for more workers;
weak: each worker has as much to do as one had. Workers beyond the cores are tried as well, and marked.
Look for: on a quiet machine more primes found a millisecond with more workers, up to the cores; for weak
more so than for strong, and about as much as Amdahl and Gustafson say.

    $ python demos/gustafson_fit.py
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from statistics import median

from amdahl_fit import ROUNDS, SERIAL, UNITS, share, work
from harness import parse_args, record, sweep, usable_cores


def strong(pool, units, serial, workers):
    alone = round(serial * units)
    return work(alone) + share(pool, work, [(units - alone + i) // workers for i in range(workers)])


def weak(pool, units, serial, workers):
    alone = round(serial * units)
    return work(alone) + share(pool, work, [units - alone for _ in range(workers)])


def amdahl(serial, workers):
    return 1 / (serial + (1 - serial) / workers)


def gustafson(serial, workers):
    return workers - serial * (workers - 1)


LAWS = {"strong": amdahl, "weak": gustafson}


def explain(pool, sweeps, serial, cores):
    """Pass the runs on as what was done a millisecond; then say what was gained, and by law should be."""
    rates = {}
    with pool:  # it ends with the last run, or with Ctrl-C
        for run in chain.from_iterable(sweeps):
            workers = run.parameters["workers"]
            run.parameters["cores"] = "enough" if workers <= cores else "too few"
            run.values = [run.result / (1000 * seconds) for seconds in run.values]
            run.measure, run.unit = "primes", "/ms"
            rates.setdefault(run.variant, {})[workers] = median(run.values)
            yield run
    for variant, rate in rates.items():
        law = LAWS[variant]
        gains = (f"{rate[p] / rate[1]:.2f} with {p} ({law(serial, p):.2f})" for p in rate if 1 < p <= cores)
        print(f"{variant}: times the work of one worker (and by {law.__name__.title()}): {', '.join(gains)}")


def main(argv=None):
    args = parse_args(__doc__, argv, units=UNITS, serial=SERIAL, workers=(None, 2))
    steps = sorted({1, *(args.workers * quarter // 4 for quarter in (1, 2, 3, 4, 8))} - {0})
    pool = ProcessPoolExecutor(min(steps[-1], 61))  # Windows has no more
    jobs = (sweep([f], pool, args.units, args.serial, workers=steps, rounds=ROUNDS) for f in (strong, weak))
    return record(args, explain(pool, jobs, args.serial, usable_cores()))


if __name__ == "__main__":
    sys.exit(main())
