"""With a GIL, one thread runs Python at a time: busy threads take turns.

Each worker stamps the clock in a tight loop; where no stamp falls, it did not run.
Look for: lanes that alternate (threads, with a GIL) or run side by side (processes, or no GIL).

    $ python demos/gil_lanes.py
"""

import contextlib
import multiprocessing
import queue
import sys
import threading
from functools import partial

from harness import CannotRun, Number, ctrl_c_is_mine, lanes, parse_args, record
from stamps import open_window, stamp

INTERVAL = Number(5.0, 1.0, least=0.5, most=500.0, about="switch interval in ms")  # shorter drowns in noise
TURNS = 20  # the window holds as many
STUCK = 10.0  # seconds beyond the window; no worker needs that long


def threads(workers, interval):
    return race(threading.Thread, threading.Barrier, queue.Queue(), [0, 0], workers, interval)


def processes(workers, interval):
    window = multiprocessing.Array("q", 2, lock=False)
    found = multiprocessing.Queue()
    return race(multiprocessing.Process, multiprocessing.Barrier, found, window, workers, interval)


def work(name, found, barrier, window, interval):
    sys.setswitchinterval(interval / 1000)
    with contextlib.suppress(threading.BrokenBarrierError):  # another worker is gone; race() says so
        found.put((name, stamp(barrier, window)))


def race(Worker, Barrier, found, window, workers, interval):
    """Line the workers up, let them run for TURNS switch intervals: the window, the lanes."""
    action = partial(open_window, window, workers, int(TURNS * interval * 1e6))
    timeout = STUCK + TURNS * interval / 1000
    barrier = Barrier(workers, action, timeout)
    names = [f"{Worker.__name__.lower()} {i}" for i in range(workers)]
    crew = [Worker(target=work, args=(name, found, barrier, window, interval), daemon=True) for name in names]
    try:
        with ctrl_c_is_mine():
            for worker in crew:
                worker.start()
        lane = dict(found.get(timeout=timeout) for _ in crew)
    except (OSError, RuntimeError, queue.Empty):
        raise CannotRun("a worker could not start, or was killed: use fewer --workers") from None
    for worker in crew:
        worker.join()
    return tuple(window), {name: lane[name] for name in names}


MECHANISMS = {"threads": threads, "processes": processes}


def main(argv=None):
    args = parse_args(__doc__, argv, mechanism=MECHANISMS, workers=(2, 2), interval=INTERVAL)
    return record(args, lanes(MECHANISMS[args.mechanism], args.workers, args.interval))


if __name__ == "__main__":
    sys.exit(main())
