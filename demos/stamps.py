"""Lanes of kind "ran": when did this worker run, and what kept it when it did not?

A worker stamps the clock in a tight loop. Two stamps far apart enclose a gap, in which it did not run.
Linux tells how much of a gap the worker queued for a core (the second field of schedstat, in ns) and
whether it slept meanwhile (voluntary switches): what it slept and did not queue, it waited for the GIL or
for a lock, if its interpreter has another thread that may hold one. The order within a gap is not
measured: it is drawn as slept, then queued. Elsewhere a gap is just "idle". Standard library only, no
privileges.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from time import perf_counter_ns as now
from typing import Any

try:
    from resource import RUSAGE_THREAD, getrusage  # Linux
except ImportError:
    RUSAGE_THREAD = None  # type: ignore[assignment]

GAP = 100_000  # ns without a stamp: an interrupt is shorter, a turn of the GIL is longer
LEAD = 10_000_000  # ns from the barrier to the window, in which the workers get going,
LEAD_EACH = 2_000_000  # and more for each, since a barrier wakes them one after the other
READINGS = 5  # at most, until one was not disturbed
Span = tuple[int, int, str]  # start and end in ns, state

COUNTED = False  # whether this system tells why a thread did not run
with contextlib.suppress(OSError), open("/proc/self/schedstat") as file:
    COUNTED = RUSAGE_THREAD is not None and int(file.read().split()[0]) > 0  # else the kernel does not count
if COUNTED:
    pread = ctypes.PyDLL(None).pread  # os.pread gives the GIL away, and would cause what it is to explain
    pread.argtypes = ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_long


def open_window(window: Any, workers: int, ns: int) -> None:
    """Set the window, an array of two, for all who share it: the action of their barrier."""
    opens = now() + LEAD + LEAD_EACH * workers
    window[:] = opens, opens + ns


def stamp(barrier: Any, window: Any) -> list[Span]:
    """Stamp the clock until the window closes: the spans of this worker."""
    lane = Lane()
    barrier.wait()
    last, closes = lane.begin(window)
    while last < closes:
        t = now()
        if t - last > GAP:  # this worker did not run
            t = lane.gap(last)
        last = t
    return lane.end(last)


class Lane:
    """The spans of this thread, and why it did not run, by what the kernel counts of it."""

    def __init__(self) -> None:
        self.counter = os.open("/proc/thread-self/schedstat", os.O_RDONLY) if COUNTED else None
        self.text = ctypes.create_string_buffer(64)
        self.asleep = "waiting" if threading.active_count() > 1 else "unknown"
        self.spans: list[Span] = []
        self.sleeps, self.queued, _ = self.read()

    def begin(self, window: Any) -> tuple[int, int]:
        """Where the first gap may begin, and the end of the window."""
        self.opens, self.closes = window
        if now() < self.opens:  # in time: what came before explains nothing of what is to come
            self.sleeps, self.queued, self.first = self.read()
        else:
            self.first = self.opens
        return self.first, self.closes

    def gap(self, start: int) -> int:
        """Note that it did not run from start until now, and why; now."""
        sleeps, queued = self.sleeps, self.queued
        self.sleeps, self.queued, end = self.read()
        self.spans.append((self.first, start, "ran"))
        if self.counter is None:
            self.spans.append((start, end, "idle"))
        else:
            slept = max(start, end - (self.queued - queued))
            self.spans.append((start, slept, self.asleep if self.sleeps > sleeps else "unknown"))
            self.spans.append((slept, end, "no core"))
        self.first = end
        return end

    def read(self) -> tuple[int, int, int]:
        """The sleeps and the ns in the queue so far, and the clock; anew if something came between."""
        sleeps = queued = 0
        for _ in range(READINGS if self.counter is not None else 0):
            start, sleeps = now(), getrusage(RUSAGE_THREAD).ru_nvcsw
            pread(self.counter, self.text, len(self.text), 0)
            queued = int(self.text.value.split()[1])
            if now() - start < GAP:
                break
        return sleeps, queued, now()

    def end(self, last: int) -> list[Span]:
        """The spans within the window, without the empty ones."""
        if self.counter is not None:
            os.close(self.counter)
        spans = [*self.spans, (self.first, last, "ran")]
        clipped = [(max(start, self.opens), min(end, self.closes), state) for start, end, state in spans]
        return [(start, end, state) for start, end, state in clipped if start < end]
