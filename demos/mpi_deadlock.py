"""Two ranks that both send first: small messages pass, large ones wait for ever.

The messages grow from 1 KiB to 1 MiB, in an mpiexec of their own that is ended when it says no more.
Look for: the size that hangs, and the line where both ranks wait; the other two ways pass every size.

    $ python demos/mpi_deadlock.py
"""

import linecache
import sys

from doomed_ranks import begin, shown, tell_when_asked, watch
from harness import CannotRun, Number, parse_args, record
from stacks import stacks

SIZES = [2**power for power in range(11)]  # KiB
DEADLINE = Number(1.0, 0.2, least=0.1, most=60.0, about="least seconds of silence that mean: it hangs")


def send_then_receive(comm, other, message, received):
    comm.Send(message, other)
    comm.Recv(received, other)


def send_and_receive(comm, other, message, received):
    comm.Sendrecv(message, other, recvbuf=received, source=other)


def nonblocking(comm, other, message, received):
    requests = [comm.Irecv(received, other), comm.Isend(message, other)]
    for request in requests:
        request.Wait()


WAYS = [send_then_receive, send_and_receive, nonblocking]


def grow(exchange):
    """On each rank: ever larger messages; rank 0 prints the size when both have arrived."""
    comm = begin()
    tell_when_asked(comm.rank)
    other = 1 - comm.rank
    for size in SIZES:
        message, received = bytes([comm.rank]) * size * 1024, bytearray(size * 1024)
        exchange(comm, other, message, received)
        assert received == bytes([other]) * size * 1024
        comm.Barrier()
        if comm.rank == 0:
            print(size)


def attempts(deadline):
    """Each way, the largest size that passed, and how it ended; lines of the picture."""
    head = [f"{'KiB':<18}" + "".join(f"{size:5}" for size in SIZES)]
    for name in [way.__name__ for way in WAYS]:
        told = watch(["-m", "mpi4py", "-c", f"from mpi_deadlock import *; grow({name})"], deadline)
        passed = [int(line) for line in told.lines if line.isdigit()]
        if not told.hangs and passed != SIZES:
            raise CannotRun(f"{name}: {told.lines[-1]}")
        head.append(f"{name:<18}" + "   ok" * len(passed) + " hangs" * told.hangs)
        outcome = "hangs" if told.hangs else "passes"
        yield name, max(passed, default=0), outcome, [*head, *where(told.stacks)]
        head = []


def where(dumps):
    """The line of each rank that hangs."""
    for rank, dump in enumerate(dumps):
        for (line, _), *_ in stacks(dump, __file__, but=""):
            yield f"  rank {rank} waits in line {line}: {linecache.getline(__file__, line).strip()}"


def main(argv=None):
    args = parse_args(__doc__, argv, deadline=DEADLINE)
    return record(args, shown(attempts(args.deadline), "up to", "KiB", "hangs|waits"))


if __name__ == "__main__":
    sys.exit(main())
