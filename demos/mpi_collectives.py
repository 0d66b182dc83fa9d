"""In a collective all ranks call the same method: one gives to all, all give to one, or all give to all.

Rank r has x = 10 (r + 1). Each step is taken --times times and checked against what it must be; the picture
has the values that the ranks really had, before it and after it.
Look for: who has a result. After gather and reduce only rank 0 has one, after all others every rank.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_collectives.py
"""

import sys

import holdings
from harness import Attachment, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import ranks  # noqa: F401  (leaves nothing in shared memory)
    from mpi4py import MPI


def steps(comm):
    """The name of each step; what this rank has before it, and after it."""
    x = 10 * (comm.rank + 1)
    first = x if comm.rank == 0 else None
    many = [10 * (r + 1) for r in range(comm.size)] if comm.rank == 0 else None
    yield "bcast", first, comm.bcast(first)
    yield "scatter", many, comm.scatter(many)
    yield "gather", x, comm.gather(x)
    yield "allgather", x, comm.allgather(x)
    yield "reduce", x, comm.reduce(x)
    yield "allreduce", x, comm.allreduce(x)


def by_hand(size):
    """What the ranks must have after each step."""
    xs, total = [*range(10, 10 * size + 1, 10)], 5 * size * (size + 1)
    nothing = [None] * (size - 1)
    return {
        "bcast": [10] * size,
        "scatter": xs,
        "gather": [xs, *nothing],
        "allgather": [xs] * size,
        "reduce": [total, *nothing],
        "allreduce": [total] * size,
    }


def moves(comm, times):
    """A row for each step: on how many ranks it is right; in the end the picture."""
    for _ in range(times):
        held = [(name, *zip(*comm.allgather((before, after)))) for name, before, after in steps(comm)]
    for name, _, after in held:
        right = sum(has == must for has, must in zip(after, by_hand(comm.size)[name]))
        where = "rank 0" if None in after else "all ranks"
        yield name, [right], "right", "ranks", {"result on": where}
    yield holdings.picture([holdings.Step(*each) for each in held])


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), times=(1, 1))
    rows = moves(MPI.COMM_WORLD, args.times)
    return record(args, (Run(*row) if len(row) > 3 else Attachment(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
