"""A message costs microseconds to begin with; then pickling decides how many bytes a second travel.

Rank 0 sends an array to rank 1 and gets it back, again and again, for growing sizes: half of a round trip.
Look for: buffers close to C; pickled, ten times slower, for 8 bytes and for megabytes.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_ping_pong.py
"""

import sys
from itertools import product

from harness import Number, Run, needs_packages, parse_args, record

with needs_packages():
    from mpi4py import MPI
    from mpi4py.util import pkl5
    from mpi_limits import c_functions
    from ranks import first_ranks
    from turns import in_turns

LARGEST = Number(8 << 20, 128, least=8, most=1 << 30, about="bytes of the largest message")


def pickled(comm, sent, received, times):
    if comm.rank == 0:
        for _ in range(times):
            comm.send(sent, dest=1)
            received = comm.recv(source=1)
    else:
        for _ in range(times):
            received = comm.recv(source=0)
            comm.send(received, dest=0)
    return received


def out_of_band(comm, *message):  # pickle's protocol 5: an array's bytes stay apart, and go as a buffer
    return pickled(pkl5.Intracomm(comm), *message)


def buffer(comm, sent, received, times):
    out, into = [sent, MPI.BYTE], [received, MPI.BYTE]  # the type is named, as in C
    if comm.rank == 0:
        for _ in range(times):
            comm.Send(out, dest=1)
            comm.Recv(into, source=1)
    else:
        for _ in range(times):
            comm.Recv(into, source=0)
            comm.Send(into, dest=0)
    return received


def rows(largest):
    """Latencies, then bandwidths. Those that pickle are apart: they leave the caches to others cold."""
    groups = [pickled, out_of_band], [buffer, *c_functions("mpi_ping_pong_limit.c", "buffer_in_C")]
    sizes, rates = [8 << i for i in range(0, largest.bit_length() - 3, 4)], []
    for ways, size in product(groups, sizes):
        for way, values in first_ranks(2, in_turns, ways, size):
            yield way, values, "latency", "µs", {"bytes": size}
            rates.append((way, [size / 1000 / us for us in values], "bandwidth", "GB/s", {"bytes": size}))
    yield from rates


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), largest=LARGEST)
    return record(args, (Run(*row) for row in rows(args.largest)))


if __name__ == "__main__":
    sys.exit(main())
