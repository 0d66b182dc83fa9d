"""Lanes of kind "ran" for threads that make one call after the other: within a call nobody stamps the clock.

After each call the thread asks for its CPU time: so long it ran. The rest of the call it did not, and stamps
tells why. The order within a call is not measured: it is drawn as ran, slept, queued. So calls should be
short: a lane is as exact as a call is long. Where the CPU clock is coarse (Windows), a lane is of kind
"assigned": when the calls began and ended. Standard library only, no privileges.
"""

import sys
from time import thread_time_ns

from stamps import GAP, Lane

KIND = "assigned" if sys.platform == "win32" else "ran"


def calls(call, times, barrier):
    """Make the calls, from the barrier on: the spans of this thread."""
    lane = Calls()
    barrier.wait()
    lane.begin()
    for _ in range(times):
        call()
        lane.called(call.__name__)
    return lane.end(lane.last)


class Calls(Lane):
    def begin(self):
        self.sleeps, self.queued, self.first = self.read()
        self.cpu, self.last = thread_time_ns(), self.first
        self.opens, self.closes = self.first, sys.maxsize

    def called(self, name):
        """Note when this thread ran since the last call: if not all the time, why not."""
        start, cpu, sleeps, queued = self.last, self.cpu, self.sleeps, self.queued
        self.sleeps, self.queued, self.last = self.read()
        self.cpu = thread_time_ns()
        if KIND == "assigned":
            self.spans.append((start, self.last, name))
            self.first = self.last
        elif (ran := start + self.cpu - cpu) < self.last - GAP:
            slept = max(ran, self.last - (self.queued - queued))
            asleep = "idle" if self.counter is None else self.asleep if self.sleeps > sleeps else "unknown"
            self.spans += [(self.first, ran, "ran"), (ran, slept, asleep), (slept, self.last, "no core")]
            self.first = self.last
