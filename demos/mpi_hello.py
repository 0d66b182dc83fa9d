"""MPI starts one script as several processes: each has a rank and a memory of its own.

Each rank adds its rank to x, then greets rank 0 by a message in each of --rounds. Rank 0 alone prints.
Look for: as many processes as ranks, each with another x; greetings that come in any order.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_hello.py
"""

import os
import sys
from collections import defaultdict
from time import perf_counter

from harness import Number, Run, needs_packages, parse_args, record

with needs_packages():
    import ranks  # noqa: F401  (leaves nothing in shared memory)
    from mpi4py import MPI

ROUNDS = Number(5, 2, about="of greetings")
SHOWN = 5  # rounds whose places are shown: the last
x = 100


def add_rank(comm):
    global x
    x += comm.rank


def greet(comm):
    """Tell rank 0 who we are; there, hand out all greetings as they come."""
    greeting = comm.isend((comm.rank, os.getpid(), x), dest=0)
    if comm.rank == 0:
        for _ in range(comm.size):
            yield comm.recv(source=MPI.ANY_SOURCE)
    greeting.wait()


def arrivals(comm, rounds):
    """A row for each rank, in the order of the last round: when its greetings came, and as which."""
    add_rank(comm)
    came = defaultdict(list)
    for _ in range(rounds):
        comm.Barrier()  # all begin together
        start = perf_counter()
        for place, greeting in enumerate(greet(comm), 1):
            came[greeting].append((place, 1e6 * (perf_counter() - start)))
    came = comm.bcast(came)  # so that all ranks go on alike
    for (rank, process, its_x), each in sorted(came.items(), key=lambda item: item[1][-1]):
        places, times = zip(*each)
        about = {"process": f"{process}", "x": f"{its_x}", "places": " ".join(map(str, places[-SHOWN:]))}
        yield f"rank {rank} of {comm.size}", list(times), "arrived", "µs", about


def main(argv=None):
    args = parse_args(__doc__, argv, rounds=ROUNDS)
    return record(args, (Run(*row) for row in arrivals(MPI.COMM_WORLD, args.rounds)))


if __name__ == "__main__":
    sys.exit(main())
