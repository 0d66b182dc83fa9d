"""In a prange, boundscheck=True costs more than threads gain: a fence after each iteration.

The sum of cython_prange: one .pyx, compiled with and without OpenMP, with and without the check.
Look for: a check that costs little in a sequential loop, and in prange several times the loop itself.

    $ python demos/cython_boundscheck.py
"""

import sys

from compiling import compiled
from cython_prange import measure
from harness import Number, Run, parse_args, record

SUMS = Number(20, 2, most=100_000, about="sums in a measurement")
ROUNDS = Number(7, 2, most=100_000, about="measurements of each way, by turns")


def ways(workers):
    """The same text four times, and for how many threads it asks."""
    found = {}
    for loop, openmp in {"sequential": False, "prange": True}.items():
        for check in (False, True):
            module = compiled("cython_sum.pyx", openmp=openmp, boundscheck=check)
            found[f"{loop} with check" if check else loop] = module.add, workers
    return found


def main(argv=None):
    args = parse_args(__doc__, argv, sums=SUMS, rounds=ROUNDS, workers=(None, 2))
    rows = measure(ways, args.workers, args.sums, args.rounds)
    return record(args, (Run(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
