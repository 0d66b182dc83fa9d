"""Ranks on one node may share an array: no message, but who reads must wait until it is written.

In each step rank 0 writes new numbers, then every rank adds up its share of them.
Look for: the same sums in less time, and no byte moved; without the two Fences, wrong sums.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_shared_window.py
"""

import sys
from time import perf_counter

from harness import Number, Run, needs_packages, parse_args, record
from room import needs_room

with needs_packages():
    import numpy as np
    import ranks  # noqa: F401  (leaves nothing in shared memory)
    from mpi4py import MPI

N = Number(4_000_000, 10_000, least=1000, most=10**9, about="numbers, of 8 bytes each")
STEPS = Number(20, least=2, most=10**9, about="steps of each variant")


def shared_array(comm, n):
    window = MPI.Win.Allocate_shared(8 * n if comm.rank == 0 else 0, comm=comm)
    memory, _ = window.Shared_query(0)  # rank 0's, which all ranks see
    return window, np.frombuffer(memory)


def messages(comm, window, whole, share, own):
    comm.Scatter(whole, own)  # to each rank its share, into memory of its own
    return comm.allreduce(own.sum())


def shared_window(comm, window, whole, share, own):
    window.Fence()  # written: now all may read
    total = comm.allreduce(share.sum())
    window.Fence()  # read: now rank 0 may write again
    return total


def without_Fence(comm, window, whole, share, own):
    return comm.allreduce(share.sum())


def taken(variant, comm, window, whole, steps):  # seconds of each, MB moved in one, how many sums are wrong
    share = np.split(whole, comm.size)[comm.rank]
    own, seconds, wrong = np.zeros_like(share), [], 0
    for number in range(1, steps + 1):
        comm.Barrier()
        start = perf_counter()
        if comm.rank == 0:
            whole[:] = number
        total = variant(comm, window, whole, share, own)
        seconds.append(comm.allreduce(perf_counter() - start, MPI.MAX))  # until the last rank is done
        wrong += int(total != number * whole.size)
    moved = own.nbytes if comm.rank > 0 and own.any() else 0
    return seconds[1:], comm.allreduce(moved) / 1e6, wrong  # the first was to warm up


def rows(comm, n, steps):
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    print(f"{node.size} of {comm.size} ranks are on one node: only these can share memory.")
    needs_room(8 * n)
    window, whole = shared_array(node, n // node.size * node.size)
    variants = (messages, shared_window, without_Fence)
    found = [(each.__name__, *taken(each, node, window, whole, steps)) for each in variants]
    window.Free()
    yield from ((name, seconds, "time", "s") for name, seconds, _, _ in found[:2])
    yield from ((name, [moved], "moved", "MB") for name, _, moved, _ in found[:2])
    yield from ((name, [wrong], "wrong", f"sums of {steps}") for name, _, _, wrong in found)


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), n=N, steps=STEPS)
    return record(args, (Run(*row) for row in rows(MPI.COMM_WORLD, args.n, args.steps)))


if __name__ == "__main__":
    sys.exit(main())
