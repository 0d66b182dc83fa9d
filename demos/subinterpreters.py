"""An interpreter of one's own has a GIL of its own: two of them run side by side in one process.

Two threads, each in an interpreter, stamp the clock as in gil_lanes; a Python from 3.14 on is looked for.
Look for: lanes side by side, although this is one process, with a GIL.

    $ python demos/subinterpreters.py
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import Number, lanes, parse_args, record
from stamps import open_window, stamp

WINDOW = Number(100.0, 20.0, least=10, most=10_000, about="ms that they run ")
POLL = 0.001  # s
STUCK = 10.0  # s; no interpreter takes that long to start


def subinterpreters(workers, window):
    """The window, and the lane of each interpreter; they share memory that holds when it opens."""
    from concurrent import interpreters

    times = memoryview(bytearray(16)).cast("q")
    ready = interpreters.create_queue()
    crew = [interpreters.create() for _ in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(each.call, work, ready, times) for each in crew]
        for _ in crew:
            ready.get(timeout=STUCK)
        open_window(when := [0, 0], workers, int(window * 1e6))
        times[0], times[1] = when  # the second one last: they wait for it
        stamped = [task.result() for task in tasks]
    for each in crew:
        each.close()
    return tuple(times), {f"interpreter {i}": lane for i, lane in enumerate(stamped)}


def work(ready, times):
    """Say that it is there, and stamp the clock once there is a window."""
    ready.put(True)
    return stamp(Opened(times), times)


class Opened:
    """A barrier for interpreters, which share no locks: wait until there is a window."""

    def __init__(self, times):
        self.times = times

    def wait(self):
        last = time.monotonic() + STUCK
        while not self.times[1] and time.monotonic() < last:
            time.sleep(POLL)


def main(argv=None):
    args = parse_args(__doc__, argv, python="subinterpreters", workers=(2, 2), window=WINDOW)
    return record(args, lanes(subinterpreters, args.workers, args.window))


if __name__ == "__main__":
    sys.exit(main())
