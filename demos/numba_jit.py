"""@njit compiles loops when they are first called: that call is slow, later ones are as fast as NumPy.

Adds to a matrix the sum of tanh over its diagonal. With cache=True the next run finds it compiled, on disk.
Look for: one first call that compiles and one that loads; later calls that take as long as NumPy's.

    $ python demos/numba_jit.py
"""

import math
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median
from tempfile import TemporaryDirectory
from timeit import repeat

from harness import Number, Run, ctrl_c_is_mine, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from numba import config, njit

SIZE = Number(1000, 50, least=10, most=20_000, about="rows of the matrix, and columns")
CALLS = 1 + 5  # of each way; loops in Python take some tenths of a second


def loops(a):
    total = 0.0
    for i in range(len(a)):
        total += math.tanh(a[i, i])
    added = np.empty_like(a)
    for i in range(len(a)):
        for j in range(len(a)):
            added[i, j] = a[i, j] + total
    return added


def arrays(a):
    return a + np.tanh(np.diag(a)).sum()


def calls(function, size):
    """The ms of the first call, those of later ones, and the sum of the answer."""
    a = np.linspace(0, 1, size * size).reshape(size, size)
    first, *later = (1000 * s for s in repeat(lambda: function(a), number=1, repeat=CALLS))
    return first, later, float(function(a).sum())


def calls_of_compiled(size, folder):
    config.CACHE_DIR = folder  # not the user's, where an earlier run may have left something
    return calls(njit(cache=True)(loops), size)


def measure(size):
    """The rows: a name, ms, the sum of the answer."""
    print("Loops in Python ...")
    _, python, answer = calls(loops, size)
    yield "loops in Python", python, answer
    _, numpy, answer = calls(arrays, size)
    yield "NumPy", numpy, answer
    print("Compiling ...")
    with TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as next_run:
        compiles, later, answer = calls_of_compiled(size, folder)
        yield "@njit, first call: compiles", [compiles], answer
        with ctrl_c_is_mine():
            found = next_run.submit(calls_of_compiled, size, folder)
        loads, _, answer = found.result()
    yield "first call of the next run: loads", [loads], answer
    yield "@njit, later calls", later, answer
    paid = (compiles - median(later)) / (median(python) - median(later))
    print(f"Compiling is paid for after {math.ceil(paid):,} calls that take the place of loops in Python.")


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE)
    return record(args, (Run(name, ms, unit="ms", result=n) for name, ms, n in measure(args.size)))


if __name__ == "__main__":
    sys.exit(main())
