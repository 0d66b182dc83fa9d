"""Bcast fills arrays that are there; bcast pickles an array, and makes a new one on each rank.

Rank 0 has --size megabytes of numbers for all others, and sends them --times times in each way.
Look for: Bcast several times as fast as bcast. Both end with the same numbers everywhere.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_buffers.py
"""

import sys

from harness import Number, compare, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from mpi4py import MPI
    from ranks import slowest_rank

SIZE = Number(8.0, 0.1, least=0.001, most=1_000, about="megabytes on each rank")
TIMES = Number(10, 2, about="broadcasts in a row")


def bcast(comm, numbers, times):
    for _ in range(times):
        received = comm.bcast(numbers, root=0)
    return comm.allgather(int(received[-1]))  # what each rank has


def Bcast(comm, numbers, times):
    for _ in range(times):
        comm.Bcast(numbers, root=0)
    return comm.allgather(int(numbers[-1]))


def array(comm, length):
    """Of rank 0 the numbers, of the others as much memory for them."""
    return np.arange(length) if comm.rank == 0 else np.zeros(length, int)


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), size=SIZE, times=TIMES)
    comm = MPI.COMM_WORLD
    numbers = array(comm, int(args.size * 125_000))
    return record(args, compare([bcast, Bcast], comm, numbers, args.times, timed=slowest_rank))


if __name__ == "__main__":
    sys.exit(main())
