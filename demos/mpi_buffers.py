"""Bcast fills arrays that are there; bcast pickles an array, and makes a new one on each rank.

Rank 0 has --size megabytes of numbers for all; each way is repeated after a first one to warm up.
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


def bcast(comm, numbers):
    received = comm.bcast(numbers, root=0)
    return comm.allgather(int(received[-1]))  # what each rank has


def Bcast(comm, numbers):
    comm.Bcast(numbers, root=0)
    return comm.allgather(int(numbers[-1]))


def array(comm, length):
    """Of rank 0 the numbers, of the others as much memory for them."""
    return np.arange(length) if comm.rank == 0 else np.zeros(length, int)


def main(argv=None):
    args, comm = parse_args(__doc__, argv, workers=Number(None, None, 2), size=SIZE), MPI.COMM_WORLD
    numbers = array(comm, int(args.size * 125_000))
    return record(args, compare([bcast, Bcast], comm, numbers, timed=slowest_rank))


if __name__ == "__main__":
    sys.exit(main())
