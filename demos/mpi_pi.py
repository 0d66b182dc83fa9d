"""Each rank integrates its share, and one Reduce adds the shares: the same pi, however many ranks.

Rank 0 first works alone, while the others sleep; then all ranks do the same work together.
Look for: a speedup close to the number of ranks, as long as each has a core; and the error of pi.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_pi.py
"""

import math
import sys
from functools import partial

from harness import Number, compare, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from mpi4py import MPI
    from ranks import asleep, slowest_rank

N = Number(50_000_000, 1_000_000, least=1, most=10**12, about="steps of the integration")
BLOCK = 20_000  # steps; their arrays fit in a core's own cache
ERROR = 1e-12  # at most, by which two sums of the same numbers differ: they are rounded in another order


def area(start, stop, n):
    """Of the steps start to stop, out of n: rectangles below 4 / (1 + x²), whose area from 0 to 1 is pi."""
    x = (np.arange(start, stop) + 0.5) / n
    return np.sum(4 / (1 + x * x)) / n


def share(n, rank, size):
    """Every size-th block is this rank's."""
    starts = range(rank * BLOCK, n, size * BLOCK)
    return sum(area(start, min(start + BLOCK, n), n) for start in starts)


def pi(comm, n):
    mine = np.array(share(n, comm.rank, comm.size), "d")
    total = np.zeros((), "d")
    comm.Reduce(mine, total, op=MPI.SUM, root=0)
    return float(total)


def one_rank(comm, n):
    result = pi(MPI.COMM_SELF, n) if comm.rank == 0 else None
    asleep(comm.Ibarrier())
    return result


def all_ranks(comm, n):
    return pi(comm, n)


def told(runs):
    for run in runs:
        yield run
    print(f"pi is {run.result:.13f}, off by {abs(run.result - math.pi):.0e}")


def main(argv=None):
    args = parse_args(__doc__, argv, n=N, workers=Number(None))
    same = partial(math.isclose, rel_tol=0, abs_tol=ERROR)
    runs = compare([one_rank, all_ranks], MPI.COMM_WORLD, args.n, same=same, timed=slowest_rank)
    return record(args, told(runs))


if __name__ == "__main__":
    sys.exit(main())
