"""@njit(parallel=True) fuses array expressions into one loop, and shares that loop among threads.

The same two lines of NumPy, three ways: a triad, which waits for memory; roots, which keep a core busy.
Look for: faster with one thread already, since no temporary array is left; roots that rise with every thread,
and a triad that rises no more where a plain copy does not.

    $ python demos/numba_parallel.py
"""

import sys
from functools import partial
from itertools import chain
from timeit import repeat

import caches
import fusion
from harness import Attachment, CannotRun, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from numba import config, njit, set_num_threads
    from numpy import sqrt

SIZE = Number(4.0, 0.01, least=0.001, most=4_000, about="million numbers in each of four arrays")
REPEATS = Number(5, 2, most=100_000, about="measurements for each row")


def triad(a, b, c, out):
    product = b * c
    out[:] = a + product


def roots(a, b, c, out):
    x = sqrt(a + sqrt(a + sqrt(a + sqrt(a))))
    out[:] = sqrt(a + sqrt(a + sqrt(a + sqrt(a + x))))


def copy(a, b, c, out):
    out[:] = a


parallel = njit(parallel=True)
fused = parallel(triad)
# The job of one element: 8-byte numbers to read and write, whatever else moves; or eight roots, seven sums.
BYTES, OPERATIONS = ("memory", "GB/s"), ("computing", "GFLOP/s")
VARIANTS = [
    ("NumPy", triad, 4 * 8, *BYTES),
    ("@njit", njit(triad), 4 * 8, *BYTES),
    ("@njit(parallel=True)", fused, 4 * 8, *BYTES),
    ("copy, parallel", parallel(copy), 2 * 8, *BYTES),
    ("NumPy", roots, 8 + 7, *OPERATIONS),
    ("@njit", njit(roots), 8 + 7, *OPERATIONS),
    ("@njit(parallel=True)", parallel(roots), 8 + 7, *OPERATIONS),
]


def measure(number, repeats, workers):
    """What a Run is made of: rates with one thread, and of what is parallel with more."""
    if workers > (most := config.NUMBA_NUM_THREADS):
        raise CannotRun(f"numba may start {most} thread(s): use fewer --workers, or set NUMBA_NUM_THREADS")
    steps = sorted({1, *(workers * quarter // 4 for quarter in (1, 2, 3, 4))} - {0})
    print(caches.verdict(number / 1e6, unit=8))
    arrays = [np.full(number, value) for value in (2.0, 3.0, 4.0, 0.0)]
    print("Compiling each @njit at its first call ...")
    for variant, function, job, what, unit in VARIANTS:
        for threads in steps if "parallel" in variant else [1]:
            set_num_threads(threads)
            _, *seconds = repeat(partial(function, *arrays), number=1, repeat=1 + repeats)
            rates = [number * job / each / 1e9 for each in seconds]  # the first call is the warm-up
            yield variant, rates, what, unit, {"threads": f"{threads}"}


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, repeats=REPEATS, workers=(None, None))
    runs = (Run(*row) for row in measure(int(args.size * 1e6), args.repeats, args.workers))
    return record(args, chain(runs, (Attachment(*fusion.picture(each)) for each in [fused])))


if __name__ == "__main__":
    sys.exit(main())
