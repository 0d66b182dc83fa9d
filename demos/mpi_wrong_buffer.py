"""A buffer has to fit its message, and MPI does not check all of it: too small is an error, a wrong type not.

Rank 0 sends three integers of 64 bits; rank 1 receives them into several things, --times times.
Look for: how many numbers are right in the end, and the errors; the worst is the one that says nothing.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_wrong_buffer.py
"""

import sys
import textwrap
from pickle import UnpicklingError
from traceback import format_exception_only

import textpicture
from harness import Attachment, Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    import ranks  # noqa: F401  (leaves nothing in shared memory)
    from mpi4py import MPI

NUMBERS = np.array([1, 2, 3], np.int64)


def Send_Recv(comm, buffer):
    if comm.rank == 0:
        comm.Send(NUMBERS, dest=1)
    elif comm.rank == 1:
        comm.Recv(buffer, source=0)
        return buffer


def Send_recv(comm):
    if comm.rank == 0:
        comm.Send(NUMBERS, dest=1)
    elif comm.rank == 1:
        return comm.recv(source=0)


ATTEMPTS = {
    "3 integers": (Send_Recv, np.zeros(3, np.int64)),
    "5 integers": (Send_Recv, np.zeros(5, np.int64)),
    "3 floats": (Send_Recv, np.zeros(3, np.float64)),
    "2 integers": (Send_Recv, np.zeros(2, np.int64)),
    "an object": (Send_recv,),
}


def attempt(comm, send_and_receive, *buffer):
    """What rank 1 has then, and the error if there is one."""
    try:
        return send_and_receive(comm, *buffer), ""
    except (MPI.Exception, UnpicklingError) as error:
        return [], "".join(format_exception_only(error))


def attempts(comm, times):
    """A row for each; in the end the picture of the errors. Ranks above 1 take no part."""
    lines = []
    for name, (method, *buffer) in ATTEMPTS.items():
        came = [attempt(comm, method, *buffer) for _ in range(times)][-1]
        received, said = comm.bcast(came, root=1)  # so that all ranks go on alike
        right = int(sum(map(np.equal, received, NUMBERS)))
        about = {"by": method.__name__, "rank 1 has": "error" if said else f"{received}"}
        yield name, [right], "right", "numbers", about
        lines += [f"{name}, by {method.__name__}:"] if said else []
        lines += [row for line in said.splitlines() for row in textwrap.wrap(line, 76)]
    yield "errors", "\n".join(lines), textpicture.draw(lines, r"Message truncated|invalid load key")


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), times=(1, 1))
    rows = attempts(MPI.COMM_WORLD, args.times)
    return record(args, (Run(*row) if len(row) > 3 else Attachment(*row) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
