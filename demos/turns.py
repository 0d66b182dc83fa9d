"""A round trip between two ranks, in several ways that take turns: a slow moment hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

SECONDS = 0.01  # of one measurement: as many round trips as should fit
ROUNDS = 7


def in_turns(comm: Any, ways: Sequence[Callable[..., Any]], size: int) -> list[tuple[str, list[float]]]:
    """Of each way its name, and the microseconds of half a round trip in each round.

    A way is called with the communicator, an array of so many bytes to send, one to receive, and a number of
    round trips. On rank 0 it returns what came back.
    """
    sent, received = np.arange(size // 8), np.zeros(size // 8, int)
    trips = {way: [SECONDS] for way in ways}  # a guess, then a round to warm up
    for way in [*ways] * (1 + ROUNDS):
        sent += 1  # new numbers
        times = comm.bcast(max(2, int(SECONDS / trips[way][-1])))
        way(comm, sent, received, 1)  # its memory is in the caches again
        sent += 1
        comm.Barrier()
        start = perf_counter()
        came = way(comm, sent, received, times)
        trips[way].append((perf_counter() - start) / times)
        assert comm.rank or np.array_equal(came, sent), f"{way.__name__}: not what was sent came back"
    return [(way.__name__, [trip / 2 * 1e6 for trip in trips[way][2:]]) for way in ways]
