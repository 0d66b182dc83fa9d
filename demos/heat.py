"""The heat equation on a square plate, cut into rows for the ranks of MPI; what the mpi_heat demos share.

Each step every point becomes the mean of its four neighbours: an explicit step of the five-point scheme, as
long as it is stable. The rim stays cold. Needs NumPy and mpi4py.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np
from harness import CannotRun, WrongAnswer
from mpi4py import MPI


def rows_of(rank: int, size: int, n: int) -> range:
    """The rows of a rank, out of n: as many as the others have, or one more; but at least one."""
    if n < size:
        raise CannotRun(f"{n} rows are too few for {size} ranks: start fewer ranks, or take more rows")
    return range(rank * n // size, (rank + 1) * n // size)


def sine(rows: range, height: int, width: int) -> Any:
    """sin(πx) sin(πy) on these rows of a plate: a wave that only fades."""
    y, x = (math.pi * np.arange(1, points + 1) / (points + 1) for points in (height, width))
    return np.outer(np.sin(y[rows.start : rows.stop]), np.sin(x))


def plate(inside: Any) -> Any:
    """These values with a cold rim; above and below there is room for the neighbours' rows: the halo."""
    return np.pad(inside, 1)


def exchange(comm: Any, u: Any) -> None:
    """Fill the halo: the first row goes up and the last one down, while the neighbours' rows come."""
    up = comm.rank - 1 if comm.rank > 0 else MPI.PROC_NULL
    down = comm.rank + 1 if comm.rank < comm.size - 1 else MPI.PROC_NULL
    comm.Sendrecv(u[1], dest=up, recvbuf=u[-1], source=down)
    comm.Sendrecv(u[-2], dest=down, recvbuf=u[0], source=up)


def step(u: Any, new: Any) -> None:
    """Each point becomes the mean of the points above, below, left and right."""
    inside = new[1:-1, 1:-1]
    np.add(u[:-2, 1:-1], u[2:, 1:-1], out=inside)
    inside += u[1:-1, :-2]
    inside += u[1:-1, 2:]
    inside *= 0.25


def heat(comm: Any, u: Any, steps: int) -> Any:
    """So many steps, each rank its rows."""
    new = u.copy()
    for _ in range(steps):
        exchange(comm, u)
        step(u, new)
        u, new = new, u
    return u


def whole(comm: Any, u: Any) -> Any:
    """The plate without its rim, put together on rank 0; None on the others."""
    parts = comm.gather(u[1:-1, 1:-1])
    return np.vstack(parts) if parts else None


def digest(field: Any) -> str:
    """The same for two fields only if they are the same to the last bit."""
    return hashlib.sha256(np.ascontiguousarray(field)).hexdigest()[:12]


def error(field: Any, steps: int) -> float:
    """How far it is off from what the sine has become by then: exact, for a plate of these points."""
    height, width = field.shape
    each_step = (math.cos(math.pi / (height + 1)) + math.cos(math.pi / (width + 1))) / 2
    return float(np.abs(field - each_step**steps * sine(range(height), height, width)).max())


def must_be(digest: str, first: str) -> None:
    """Of the same plate, on another number of ranks."""
    if digest != first:
        raise WrongAnswer(f"the same plate became another field: {digest}, not {first}")
