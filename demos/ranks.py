"""What the MPI demos share: nothing left in shared memory, and one clock for all ranks.

Each rank runs the whole script, and all take part in each measurement; rank 0 reports (see harness.py).
mpi4py brings no MPI: that is a wheel such as mpich, or a site's own, where MPI4PY_LIBMPI names its library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from time import perf_counter, sleep
from typing import Any

import mpich_files
from harness import RANK, RANKS, REPEATS, SHORT, Run, cpu_clock, since
from mpi4py import MPI

NAP = 0.001  # seconds
Span = tuple[int, int, str]


def forget_shared_memory() -> None:
    """Unlink MPICH's files in /dev/shm while all ranks have them mapped: else a killed rank leaves them."""
    MPI.COMM_WORLD.Barrier()
    mpich_files.forget()


def slowest_rank(function: Callable[..., Any], *args: Any, **parameters: Any) -> Run:
    """Like harness.timed, for compare(..., timed=slowest_rank): from a barrier until the last rank is done.

    The CPU seconds are those of all ranks; the result is rank 0's.
    """
    comm = MPI.COMM_WORLD
    result: Any = None

    def call() -> float:
        nonlocal result
        comm.Barrier()
        start = perf_counter()
        result = function(*args, **parameters)
        return float(comm.allreduce(perf_counter() - start, MPI.MAX))

    cpu = cpu_clock()
    values, warm_up = [call()], None
    if values[0] < SHORT:
        cpu, (warm_up,) = cpu_clock(), values
        values = [call() for _ in range(REPEATS)]
    seconds = comm.allreduce(since(cpu) or 0.0)
    return Run(
        function.__name__,
        values,
        parameters=parameters,
        warm_up=warm_up,
        cpu_seconds=seconds or None,
        result=comm.bcast(result),
    )


def first_ranks(number: int, function: Callable[..., Any], *args: Any) -> Any:
    """function(comm of the first ranks, *args), while the others sleep; its result on rank 0, for all."""
    world = MPI.COMM_WORLD
    part = world.Split(world.rank < number)
    result = function(part, *args) if world.rank < number else None
    asleep(world.Ibarrier())
    part.Free()
    return world.bcast(result)


def asleep(request: Any) -> None:
    """Wait until a request is done, looking now and then: MPI's own waiting polls, which takes a core."""
    while not request.Test():
        sleep(NAP)


def of_all_ranks(spans: Iterable[Span]) -> tuple[tuple[int, int], dict[str, list[Span]]]:
    """What harness.lanes wants, from each rank's own (start, end, state) in ns of time.perf_counter_ns.

    That clock is one only on one node.
    """
    everyones = MPI.COMM_WORLD.allgather(list(spans))
    ends = [moment for one in everyones for start, end, _ in one for moment in (start, end)]
    return (min(ends), max(ends)), {f"rank {rank}": one for rank, one in enumerate(everyones)}


forget_shared_memory()
if (RANKS or 1) > MPI.COMM_WORLD.size:
    if RANK == 0:
        print("mpiexec and mpi4py use different MPIs: each process is alone", file=sys.stderr)
    MPI.Finalize()
    os._exit(2)
