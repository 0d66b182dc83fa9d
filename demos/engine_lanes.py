"""Who had which task on the engines of a cluster, from when to when: what Lanes are made of.

By the clock that each task reads itself. The times that come with an answer, AsyncResult.metadata, are
those of a message: one for all the tasks that a direct view sends to an engine, and of a clock that may be
set meanwhile. time.perf_counter_ns is one clock for all processes of a machine on Linux (CLOCK_MONOTONIC),
macOS (mach_absolute_time) and Windows (QueryPerformanceCounter), but not for two machines.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any

PATIENCE = 60  # seconds for the engines to say who they are
Stamp = tuple[str, int, int, int]  # a task's name, the process that had it, its start and end in ns
Spans = list[tuple[float, float, str]]  # start and end in ms, a task's name


def engine_names(engines: Any) -> dict[int, str]:
    """For the process id of each engine its name, in the order of their numbers."""
    pids = engines[:].apply_async(os.getpid).get(PATIENCE)
    return {pid: f"engine {number}" for pid, number in zip(pids, engines.ids)}


def lanes(stamps: Iterable[Stamp], names: Mapping[int, str]) -> tuple[float, dict[str, Spans]]:
    """The window from the first start to the last end, in ms; the spans of each engine that has a name."""
    stamps = sorted(stamps, key=lambda stamp: stamp[2])
    workers: dict[str, Spans] = {name: [] for name in names.values()}
    zero = stamps[0][2]
    for task, pid, start, end in stamps:
        workers[names[pid]].append(((start - zero) / 1e6, (end - zero) / 1e6, task))
    return max(end for spans in workers.values() for _, end, _ in spans), workers
