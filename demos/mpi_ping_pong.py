"""A message costs microseconds to begin with; then pickling decides how many bytes a second travel.

Rank 0 sends an array to rank 1 and gets it back, again and again, for growing sizes: half of a round trip.
Look for: buffers as fast as C; pickled, several times longer for 8 bytes and ten times for megabytes.

    $ mpiexec -n 2 python -m mpi4py demos/mpi_ping_pong.py
"""

import sys
from time import perf_counter

from harness import Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from mpi4py.util import pkl5
    from mpi_limits import c_functions
    from ranks import first_ranks

LARGEST = Number(8 << 20, 128, least=8, most=1 << 30, about="bytes of the largest message ")
TRIPS, BYTES = 500, 16 << 20  # of a repeat: so many round trips, or so many bytes one way
REPEATS = 5


def pickled(comm, sent, received, times):
    for _ in range(times):
        if comm.rank == 0:
            comm.send(sent, dest=1)
        received = comm.recv(source=1 - comm.rank)
        if comm.rank == 1:
            comm.send(received, dest=0)
    return received


def buffer(comm, sent, received, times):
    for _ in range(times):
        if comm.rank == 0:
            comm.Send(sent, dest=1)
        comm.Recv(received, source=1 - comm.rank)
        if comm.rank == 1:
            comm.Send(received, dest=0)
    return received


def out_of_band(comm, *message):
    """Pickled, but for an array's bytes, which follow as a buffer (pickle protocol 5)."""
    return pickled(pkl5.Intracomm(comm), *message)


def repeats(comm, way, size):
    """Microseconds one way, the first repeat apart; what came back must be what was sent."""
    sent, received = np.arange(size // 8), np.zeros(size // 8, int)
    times, values = max(2, min(TRIPS, BYTES // size)), []
    for _ in range(REPEATS + 1):
        comm.Barrier()
        start = perf_counter()
        back = way(comm, sent, received, times)
        values.append((perf_counter() - start) / times / 2 * 1e6)
        assert comm.rank or np.array_equal(back, sent)
    return values[1:]


def rows(largest):
    """Latency, then bandwidth, of each way for each size."""
    found = {}
    for way in (pickled, out_of_band, buffer, *c_functions("mpi_ping_pong_limit.c", "buffer_in_C")):
        for size in (8 << i for i in range(0, largest.bit_length() - 3, 4)):
            found[way.__name__, size] = first_ranks(2, repeats, way, size)
            yield way.__name__, found[way.__name__, size], "latency", "µs", {"bytes": size}
    for (way, size), values in found.items():
        yield way, [size / 1000 / us for us in values], "bandwidth", "GB/s", {"bytes": size}


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), largest=LARGEST)
    return record(args, (Run(*row) for row in rows(args.largest)))


if __name__ == "__main__":
    sys.exit(main())
