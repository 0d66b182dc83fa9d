"""A plain Python, a notebook's too, starts the ranks that it wants: Spawn, without mpiexec.

The children get the number of steps from their parent, and each adds its share of pi (as in mpi_pi.py).
Look for: the same pi; and the price of a start, some tenths of a second for a few children.

    $ python demos/mpi_spawn.py
"""

import math
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from harness import Number, compare, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from children import family, launcher, once
    from mpi4py import MPI
    from mpi_pi import share
    from ranks import asleep

N = Number(200_000_000, 1_000_000, least=1, most=10**12, about="steps of the integration")
ERROR = 1e-12  # at most, by which two sums of the same numbers differ: they are rounded in another order
SCRIPT = str(Path(__file__).with_name("mpi_spawn_child.py"))  # found from any directory
CHILD = ["-m", "mpi4py", SCRIPT]  # so an error of one ends all


def pi(children, n):
    children.Bcast(np.array(n, "i8"), root=MPI.ROOT)
    total = np.zeros((), "d")
    asleep(children.Ireduce(None, total, op=MPI.SUM, root=MPI.ROOT))
    return float(total)


def alone(workers, n):
    return float(share(n, 0, 1))


def spawned(workers, n):
    with launcher():
        children = MPI.COMM_SELF.Spawn(sys.executable, CHILD, workers)
    result = pi(children, n)
    children.Disconnect()
    return result


def spawned_without_work(workers, n):
    return spawned(workers, 0)


def rows(times, starts):
    with family():
        yield from times
        for run in starts:
            yield replace(run, measure="start")


def main(argv=None):
    args = parse_args(__doc__, argv, n=N, workers=(None, 2))
    same = partial(math.isclose, rel_tol=0, abs_tol=ERROR)
    times = compare([alone, spawned], args.workers, args.n, same=same, timed=once)
    starts = compare([spawned_without_work], args.workers, args.n, timed=once)
    return record(args, rows(times, starts))


if __name__ == "__main__":
    sys.exit(main())
