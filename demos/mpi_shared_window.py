"""Ranks of one machine may share memory, too: a window that all of them see needs no message.

Rank 0 has new numbers each time; each rank needs them all, and adds up its share.
Look for: the same sum; without messages faster, and one array in place of one a rank.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_shared_window.py
"""

import sys
from itertools import chain

from harness import CannotRun, Number, Run, compare, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from mpi4py import MPI
    from ranks import slowest_rank

N = Number(4_000_000, 1000, least=100, most=10**9, about="numbers, of 8 bytes each ")


def share(comm, numbers):
    """The sum of every so many-th number: whole, so that the order makes no difference."""
    return float(numbers[comm.rank :: comm.size].sum())


def messages(comm, private, shared, window):
    if comm.rank == 0:
        private += 1
    comm.Bcast(private, root=0)  # to an array of its own on each rank
    return comm.allreduce(share(comm, private)) - len(private) * comm.bcast(private[0])


def window(comm, private, shared, window):
    if comm.rank == 0:
        shared += 1
    window.Fence()  # what was written before, all see after
    total = comm.allreduce(share(comm, shared)) - len(shared) * shared[0]
    window.Fence()  # nobody writes before all have read
    return float(total)


def shared_memory(comm, n):
    """A window, and as an array the memory of rank 0 in it, for all ranks."""
    if comm.Split_type(MPI.COMM_TYPE_SHARED).size < comm.size:
        raise CannotRun("the ranks are on several machines, which share no memory")
    made = MPI.Win.Allocate_shared(8 * n if comm.rank == 0 else 0, 8, comm=comm)
    memory, _ = made.Shared_query(0)
    return np.ndarray(buffer=memory, dtype=float, shape=(n,)), made


def both(comm, n):
    """An array for each rank, and one for all; rank 0 has the numbers."""
    private = np.arange(n, dtype=float) if comm.rank == 0 else np.empty(n)
    shared, made = shared_memory(comm, n)
    if comm.rank == 0:
        shared[:] = private
    made.Fence()
    return comm, private, shared, made


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None), n=N)
    arrays = both(MPI.COMM_WORLD, args.n)
    megabytes = {"messages": 8e-6 * args.n * args.workers, "window": 8e-6 * args.n}
    memory = (Run(name, [size], "memory", "MB") for name, size in megabytes.items())
    return record(args, chain(compare([messages, window], *arrays, timed=slowest_rank), memory))


if __name__ == "__main__":
    sys.exit(main())
