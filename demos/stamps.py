"""Lanes of kind "ran": when did this worker run, and what kept it when it did not?

A worker stamps the clock in a tight loop. Two stamps far apart enclose a gap, in which it did not run.
Linux tells how much of a gap the worker queued for a core (the second field of schedstat, in ns) and
whether it slept meanwhile (voluntary switches): what it slept and did not queue, it waited for the GIL or
for a lock, if its interpreter has another thread that may hold one. Elsewhere a gap is just "idle".
Standard library only, no privileges.
"""

from __future__ import annotations

import os
import threading
from time import perf_counter_ns as now
from typing import Any

try:
    from resource import RUSAGE_THREAD, getrusage  # Linux
except ImportError:
    RUSAGE_THREAD = None  # type: ignore[assignment]

GAP = 100_000  # ns without a stamp: an interrupt is shorter, a turn of the GIL is longer
LEAD = 10_000_000  # ns from the barrier to the window, in which every worker gets going
Span = tuple[int, int, str]  # start and end in ns, state

try:
    with open("/proc/self/schedstat") as file:  # on a kernel that does not count, it holds zeros
        COUNTED = RUSAGE_THREAD is not None and int(file.read().split()[0]) > 0
except OSError:
    COUNTED = False


def open_window(window: Any, ns: int) -> None:
    """Set the window, an array of two, for all who share it: the action of their barrier."""
    opens = now() + LEAD
    window[:] = opens, opens + ns


def stamp(barrier: Any, window: Any) -> list[Span]:
    """Stamp the clock until the window closes: the spans of this worker."""
    cause, spans = Cause(), []
    barrier.wait()
    opens, closes = window
    first = last = opens
    while last < closes:
        t = now()
        if t - last > GAP:
            spans += [(first, last, "ran"), *cause.of(last)]
            first = t = spans[-1][1]
        last = max(t, opens)
    return clipped([*spans, (first, last, "ran")], closes)


class Cause:
    """Tells why this thread did not run, by what the kernel counts of it."""

    def __init__(self) -> None:
        # Opened once: opening gives the GIL away, and would cause the very gap it is to explain.
        self.counter = os.open("/proc/thread-self/schedstat", os.O_RDONLY) if COUNTED else None
        self.asleep = "waiting" if threading.active_count() > 1 else "unknown"
        _, self.sleeps, self.queued = self.read()

    def read(self) -> tuple[int, int, int]:
        """The clock, the sleeps and the ns in the queue so far, read again if something came between."""
        while self.counter is not None:
            start, sleeps = now(), getrusage(RUSAGE_THREAD).ru_nvcsw
            queued = int(os.pread(self.counter, 64, 0).split()[1])
            if now() - start < GAP:
                return now(), sleeps, queued
        return now(), 0, 0

    def of(self, start: int) -> list[Span]:
        """The gap from start until now, split by cause; first it slept, then it queued for a core."""
        sleeps, queued = self.sleeps, self.queued
        end, self.sleeps, self.queued = self.read()
        if self.counter is None:
            return [(start, end, "idle")]
        queues = max(start, end - (self.queued - queued))
        return [(start, queues, self.asleep if self.sleeps > sleeps else "unknown"), (queues, end, "no core")]

    def __del__(self) -> None:
        if self.counter is not None:
            os.close(self.counter)


def clipped(spans: list[Span], closes: int) -> list[Span]:
    """The spans up to the window's end, without the empty ones."""
    return [(start, min(end, closes), state) for start, end, state in spans if min(end, closes) > start]
