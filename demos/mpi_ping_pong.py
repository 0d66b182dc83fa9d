"""A message costs microseconds to begin with; then pickling decides how many bytes a second travel.

Rank 0 sends an array to rank 1 and gets it back, again and again, for growing sizes: half of a round trip.
Look for: buffers close to C; pickled, several times slower for 8 bytes, and ten times for megabytes.

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

LARGEST = Number(8 << 20, 128, least=8, most=1 << 30, about="bytes of the largest message")
SECONDS, ROUNDS = 0.01, 7  # of one measurement: as many round trips as fit; and how often each is taken


def pickled(comm, sent, received, times):
    rank = comm.rank
    for _ in range(times):
        if rank == 0:
            comm.send(sent, dest=1)
        received = comm.recv(source=1 - rank)
        if rank == 1:
            comm.send(received, dest=0)
    return received


def out_of_band(comm, *message):  # pickle's protocol 5: an array's bytes stay apart, and go as a buffer
    return pickled(pkl5.Intracomm(comm), *message)


def buffer(comm, sent, received, times):
    rank = comm.rank
    for _ in range(times):
        if rank == 0:
            comm.Send(sent, dest=1)
        comm.Recv(received, source=1 - rank)
        if rank == 1:
            comm.Send(received, dest=0)
    return received


def in_turns(comm, ways, size):
    """Of each way its name, and the microseconds one way in each round."""
    sent, received = np.arange(size // 8), np.zeros(size // 8, int)
    trips = {way: [SECONDS] for way in ways}  # a guess, then a round to warm up
    for way in ways * (1 + ROUNDS):
        sent += 1  # new numbers
        times = comm.bcast(max(2, int(SECONDS / trips[way][-1])))
        comm.Barrier()
        start = perf_counter()
        came = way(comm, sent, received, times)
        trips[way].append((perf_counter() - start) / times)
        assert comm.rank or np.array_equal(came, sent), f"{way.__name__}: not what was sent came back"
    return [(way.__name__, [trip / 2 * 1e6 for trip in trips[way][2:]]) for way in ways]


def rows(largest):
    ways, rates = [pickled, out_of_band, buffer, *c_functions("mpi_ping_pong_limit.c", "buffer_in_C")], []
    for size in (8 << i for i in range(0, largest.bit_length() - 3, 4)):
        for way, values in first_ranks(2, in_turns, ways, size):
            yield way, values, "latency", "µs", {"bytes": size}
            rates.append((way, [size / 1000 / us for us in values], "bandwidth", "GB/s", {"bytes": size}))
    yield from rates


def main(argv=None):
    args = parse_args(__doc__, argv, workers=Number(None, None, 2), largest=LARGEST)
    return record(args, (Run(*row) for row in rows(args.largest)))


if __name__ == "__main__":
    sys.exit(main())
