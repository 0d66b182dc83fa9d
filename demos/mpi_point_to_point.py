"""send and recv move any object, pickled; Send and Recv move the bytes of a buffer into another buffer.

Rank 0 sends rank 1 a dict, then an array of five integers in both ways, --times times.
Look for: the bytes that came to rank 1; of an array no more than its numbers, if it is a buffer.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_point_to_point.py
"""

import sys

from harness import Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    import ranks  # noqa: F401  (leaves nothing in shared memory)
    from mpi4py import MPI


def a_dict(comm):
    if comm.rank == 0:
        comm.send({"a": 7, "b": 3.14}, dest=1)
    elif comm.rank == 1:
        return comm.recv(source=0)


def array_as_object(comm):
    if comm.rank == 0:
        comm.send(np.arange(5), dest=1)
    elif comm.rank == 1:
        return comm.recv(source=0)


def array_as_buffer(comm):
    if comm.rank == 0:
        comm.Send(np.arange(5), dest=1)
    elif comm.rank == 1:
        numbers = np.empty(5, int)
        comm.Recv(numbers, source=0)
        return numbers


VARIANTS = [a_dict, array_as_object, array_as_buffer]


def messages(comm, times):
    """A row for each: how many bytes came to rank 1, and what it has then. Ranks above 1 take no part."""
    status = MPI.Status()
    for send_and_receive in VARIANTS:
        sizes = []
        for _ in range(times):
            if comm.rank == 1:
                comm.Probe(source=0, status=status)  # waits until there is a message, and leaves it there
            answer = send_and_receive(comm)
            sizes.append(status.Get_count(MPI.BYTE))
        sizes, answer = comm.bcast((sizes, f"{answer}"), root=1)  # so that all ranks go on alike
        yield send_and_receive.__name__, sizes, "arrived", "bytes", {"rank 1 has": answer}


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), times=(1, 1))
    return record(args, (Run(*row) for row in messages(MPI.COMM_WORLD, args.times)))


if __name__ == "__main__":
    sys.exit(main())
