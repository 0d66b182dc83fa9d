"""prange shares a loop among threads; a += or *= of one number becomes a reduction, in another order.

The sum of many numbers, the product of a table of numbers near 1: each thread reduces its own part.
Look for: prange faster by the number of threads; answers that differ in their last digits, none exact.

    $ python demos/numba_prange.py
"""

import sys
from functools import partial
from math import exp, fsum, ulp
from timeit import timeit

from harness import CannotRun, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from numba import config, njit, prange, set_num_threads

SIZE = Number(5.0, 0.01, least=0.001, most=1_000, about="million numbers")
REPEATS = Number(15, 2, most=100_000, about="measurements for each row")
COLUMNS = 1_000  # of the table
NEAR = 1e-4  # so far are its numbers from 1: a product of many others leaves what a number can hold


def add(numbers):
    total = 0.0
    for i in prange(len(numbers)):
        total += numbers[i]
    return total


def multiply(table):
    product = 1.0
    for i in prange(len(table)):
        for j in range(COLUMNS):
            product *= table[i, j]
    return product


VARIANTS = {"range": njit, "prange": njit(parallel=True)}  # without parallel=True prange is range


def jobs(number):
    """What to do with which numbers, and the exact answer: math.fsum rounds once, at the end."""
    numbers = np.random.default_rng(seed=2018).random(number)
    table = (1 + NEAR * (2 * numbers - 1)).reshape(-1, COLUMNS)
    return [("sum", add, numbers, fsum(numbers)), ("product", multiply, table, exp(fsum(np.log(table.flat))))]


def measure(number, repeats, workers):
    """What a Run is made of: first all times, then all errors, in units of the answer's last place."""
    if workers > (most := config.NUMBA_NUM_THREADS):
        raise CannotRun(f"numba may start {most} thread(s): use fewer --workers, or set NUMBA_NUM_THREADS")
    set_num_threads(workers)
    print("Compiling ...")
    errors = []
    for what, function, numbers, exact in jobs(number):
        errors.append(("math.fsum", [0.0], "error", "ulp", {"reduction": what, "answer": repr(exact)}))
        calls = {variant: partial(compiler(function), numbers) for variant, compiler in VARIANTS.items()}
        answers = {variant: call() for variant, call in calls.items()}  # the first call compiles
        rounds = [[timeit(call, number=1) for call in calls.values()] for _ in range(repeats)]  # by turns
        for (variant, answer), seconds in zip(answers.items(), zip(*rounds)):
            yield variant, list(seconds), "time", "s", {"reduction": what}
            off = abs(answer - exact) / ulp(exact)
            errors.append((variant, [off], "error", "ulp", {"reduction": what, "answer": repr(answer)}))
    yield from errors


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, repeats=REPEATS, workers=(None, None))
    number = max(1, int(args.size * 1000)) * COLUMNS
    return record(args, (Run(*row) for row in measure(number, args.repeats, args.workers)))


if __name__ == "__main__":
    sys.exit(main())
