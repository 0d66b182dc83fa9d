"""The GIL does not make `counter += 1` safe: a thread may lose its turn between reading and writing.

Threads count one counter up together, from a barrier, until an update is lost or --attempts are over.
Look for: updates lost where the bytecode of this Python shows a RACE; none with a lock.

    $ python demos/gil_race.py
"""
# ruff: noqa: RUF046, UP018  (int(1) is the point: a call)

import sys
import threading
from itertools import chain

from checkpoints import picture
from harness import Attachment, Number, Run, parse_args, record

UPDATES = Number(100_000, least=1000, most=10_000_000, about="of each thread; long enough for turns of 5 ms")
ATTEMPTS = Number(5, 3, most=1000, about="at most, until an update is lost")
counter = 0
lock = threading.Lock()


def plus_1(updates):
    global counter
    for _ in range(updates):
        counter += 1


def plus_int_1(updates):
    global counter
    for _ in range(updates):
        counter += int(1)


def with_lock(updates):
    global counter
    for _ in range(updates):
        with lock:
            counter += int(1)


def lost(count, workers, updates):
    """How many updates are missing when so many threads have counted at once."""
    global counter
    counter, barrier = 0, threading.Barrier(workers)

    def work():
        barrier.wait()
        count(updates)

    crew = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    return workers * updates - counter


def races(counts, workers, updates, attempts):
    """Race until an update is lost: the lost share, and how many attempts it took."""
    for count in counts:
        attempt, missing = 0, 0
        while attempt < attempts and not missing:
            attempt, missing = attempt + 1, lost(count, workers, updates)
        tries = "1 try" if attempt == 1 else f"{attempt} tries"
        yield count.__name__, [100 * missing / (workers * updates)], "lost", "%", {"attempts": tries}


def main(argv=None):
    args = parse_args(__doc__, argv, updates=UPDATES, workers=(4, 3), attempts=ATTEMPTS)
    why = Attachment(*picture("counter", {"counter += 1": plus_1, "counter += int(1)": plus_int_1}))
    races_run = races([plus_1, plus_int_1, with_lock], args.workers, args.updates, args.attempts)
    return record(args, chain([why], (Run(*row) for row in races_run)))


if __name__ == "__main__":
    sys.exit(main())
