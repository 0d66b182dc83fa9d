"""At each step the ranks need each other's border rows: all go as fast as the one with the most rows.

Some steps on a plate that is cut evenly, then on one of which rank 0 has twice as many rows as the others.
Look for: no gaps where all have the same; where rank 0 has more, the others wait at each step.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_heat_lanes.py
"""

import sys
from itertools import chain
from time import perf_counter_ns

from harness import Number, lanes, needs_packages, parse_args, record

with needs_packages():
    import heat
    from mpi4py import MPI
    from ranks import of_all_ranks

N = Number(1200, 120, least=4, most=20_000, about="rows and columns ")
STEPS = Number(8, 3, most=1000, about="steps ")


def evenly(rank, size, n):
    return heat.rows_of(rank, size, n)


def more_for_rank_0(rank, size, n):
    """As if there were one rank more, and its rows were rank 0's."""
    border = heat.rows_of(1, size + 1, n).stop
    return range(border) if rank == 0 else heat.rows_of(rank + 1, size + 1, n)


def steps_of_all(comm, n, steps, cut):
    """The window from the first step to the last, and of each rank when it computed; in the gaps it waits."""
    u = heat.plate(heat.sine(CUTS[cut](comm.rank, comm.size, n), n, n))
    new, spans = u.copy(), []
    heat.heat(comm, u, 1)  # to warm up
    for number in range(steps):
        heat.exchange(comm, u)
        start = perf_counter_ns()
        heat.step(u, new)
        spans.append((start, perf_counter_ns(), f"step {number}"))
        u, new = new, u
    return of_all_ranks(spans)


CUTS = {"evenly": evenly, "twice as many for rank 0": more_for_rank_0}


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), n=N, steps=STEPS)
    plate = MPI.COMM_WORLD, args.n, args.steps
    return record(args, chain(*(lanes(steps_of_all, *plate, kind="assigned", cut=cut) for cut in CUTS)))


if __name__ == "__main__":
    sys.exit(main())
