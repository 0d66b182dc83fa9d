"""stamps.py for compiled code: numba calls the system's clock, and Linux's counters, as C would.

A lane is an array of one record, which compiled code may write to while another thread holds the GIL.
What a gap means is told in stamps.py; only there it is Python that looks.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from time import perf_counter_ns
from typing import Any

import numpy as np
from numba import njit
from stamps import COUNTED, GAP, READINGS, Span

MOST = 100_000  # gaps; if there are more, the last one grows
SLEEPS = 16  # where Linux's struct rusage, of 64-bit numbers, has the voluntary switches
LANE = np.dtype(
    [(name, "i8") for name in ("file", "opens", "last", "sleeps", "queued", "number")]
    + [("clock", "i8", (2,)), ("usage", "i8", (32,)), ("text", "u1", (64,)), ("gaps", "i8", (MOST, 4))]
)

if sys.platform == "win32":
    read_clock, ticks = ctypes.windll.kernel32.QueryPerformanceCounter, ctypes.c_int64()
    ctypes.windll.kernel32.QueryPerformanceFrequency(ctypes.byref(ticks))
    TICK = 1e9 / ticks.value  # ns
    read_clock.argtypes = (ctypes.c_void_p,)

    @njit
    def now(lane: Any) -> Any:
        read_clock(lane.clock.ctypes)
        return int(lane.clock[0] * TICK)

else:
    libc = ctypes.CDLL(None)  # whose functions need no GIL
    CLOCK = getattr(time, "CLOCK_UPTIME_RAW", time.CLOCK_MONOTONIC)  # that of perf_counter_ns: on macOS, else
    read_clock = libc.clock_gettime
    read_clock.argtypes = ctypes.c_int, ctypes.c_void_p

    @njit
    def now(lane: Any) -> Any:
        read_clock(CLOCK, lane.clock.ctypes)
        return lane.clock[0] * 1_000_000_000 + lane.clock[1]


if COUNTED:
    from resource import RUSAGE_THREAD

    pread, getrusage = libc.pread, libc.getrusage
    pread.argtypes, pread.restype = (
        (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long),
        ctypes.c_long,
    )
    getrusage.argtypes = ctypes.c_int, ctypes.c_void_p

    @njit
    def counters(lane: Any) -> Any:
        """How often this thread slept, and the ns that it queued for a core: schedstat's second number."""
        getrusage(RUSAGE_THREAD, lane.usage.ctypes)
        blanks = queued = 0
        for i in range(pread(lane.file, lane.text.ctypes, 64, 0)):
            digit = lane.text[i] - 48  # of ASCII
            if digit < 0:
                blanks += 1
            elif blanks == 1:
                queued = 10 * queued + digit
        return lane.usage[SLEEPS], queued

else:

    @njit
    def counters(lane: Any) -> Any:
        return 0, 0


@njit
def stamp(lanes: Any) -> None:
    """Note the time; and if the last time is too long ago, a gap, how often it slept in it, and queued."""
    lane = lanes[0]
    end = now(lane)
    if end - lane.last > GAP or lane.number == 0:  # before its first stamp no thread ran
        for _ in range(READINGS):
            start = end
            sleeps, queued = counters(lane)
            end = now(lane)
            if end - start < GAP:
                break  # else something came between: anew
        if lane.number < MOST:
            gap = lane.gaps[lane.number]
            gap[0], gap[2], gap[3] = lane.last, sleeps - lane.sleeps, queued - lane.queued
            lane.number += 1
        lane.gaps[lane.number - 1][1] = end
        lane.sleeps, lane.queued = sleeps, queued
    lane.last = end


def new_lane() -> Any:
    """A lane for the thread that calls; its file stays open as long as the program runs."""
    lane = np.zeros(1, LANE)
    if COUNTED:
        lane["file"] = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    return lane


def open_window(lanes: list[Any]) -> None:
    """All lanes begin now, with a gap until their first stamp: the action of their threads' barrier."""
    for (lane,) in lanes:
        if COUNTED:
            lane["queued"] = os.pread(lane["file"], 64, 0).split()[1]
    opens = perf_counter_ns()
    for (lane,) in lanes:
        lane["opens"] = lane["last"] = opens


def spans(lane: Any) -> list[Span]:
    """What the thread did, from the opening of the window to its last stamp."""
    found, first, last = [], int(lane["opens"][0]), int(lane["last"][0])
    for start, end, sleeps, queued in lane["gaps"][0, : lane["number"][0]].tolist():
        slept = max(start, end - queued) if COUNTED else end
        asleep = ("waiting" if sleeps else "unknown") if COUNTED else "idle"
        found += [(first, start, "ran"), (start, slept, asleep), (slept, end, "no core")]
        first = end
    found.append((first, last, "ran"))
    return [(start, end, state) for start, end, state in found if start < end]
