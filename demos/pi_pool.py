"""Ten times the samples, a third of the error; and only with many samples do processes pay.

100 tasks estimate π by Monte Carlo, each with random numbers of its own: the same for any number of workers.
Look for: where processes become faster; a measured error (RMS over the tasks) close to the expected one.

    $ python demos/pi_pool.py
"""

import math
import random
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain

from harness import Number, Run, ctrl_c_is_mine, parse_args, record, sweep

TASKS = 100
SAMPLES = Number(100_000, 100, least=1, most=10**9, about="of each task, at most; the first time 1")
SEED = Number(2018, least=1, most=2**64, about="of all random numbers")


def stream(seed, task):
    """Random numbers for this task, whoever does it.

    Python hashes the text (SHA-512) and makes a state of its Mersenne Twister from that. Nobody has proved
    such streams independent, but they begin at places as good as random in a period of 2**19937 - 1: that
    two overlap is out of the question. (seed + task would give seed 1, task 2 and seed 2, task 1 the same.)
    """
    return random.Random(f"{seed}, {task}")


def hits(samples, seed, task):
    """How many random points of the unit square lie within the quarter of a circle."""
    uniform = stream(seed, task).random
    return sum(math.hypot(uniform(), uniform()) < 1 for _ in range(samples))


def sequential(workers, seed, samples):
    return list(map(partial(hits, samples, seed), range(TASKS)))


def processes(workers, seed, samples):
    with ProcessPoolExecutor(workers) as pool:
        with ctrl_c_is_mine():
            found = pool.map(partial(hits, samples, seed), range(TASKS))
        return list(found)


def measured(found, samples):
    return math.sqrt(sum((4 * hit / samples - math.pi) ** 2 for hit in found) / len(found))


def expected(found, samples):
    """A hit has the probability π/4; 4 times its standard deviation by the root: 1.64 / √samples."""
    return math.sqrt(math.pi * (4 - math.pi) / samples)


def remember(runs, found):
    for run in runs:
        found[run.parameters["samples"]] = run.result
        yield run


def errors(found):
    """What a Run is made of, for each number of samples: its error, as measured and as expected."""
    for error in (measured, expected):
        yield from ((error.__name__, [error(found[n], n)], "error", "RMS", {"samples": n}) for n in found)


def main(argv=None):
    args = parse_args(__doc__, argv, samples=SAMPLES, seed=SEED, workers=(None, 2))
    steps = sorted({args.samples, *(10**power for power in range(len(str(args.samples))))})
    found = {}  # the hits of each task, for each number of samples
    times = remember(sweep([sequential, processes], args.workers, args.seed, samples=steps), found)
    return record(args, chain(times, (Run(*row) for row in errors(found))))


if __name__ == "__main__":
    sys.exit(main())
