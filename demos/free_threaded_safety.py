"""Without a GIL list.append stays atomic; `counter += 1` and a shared iterator need a lock.

Four threads do one thing at once, again and again, from a barrier; each race is run --attempts times.
Look for: with the GIL off, updates lost and items handed out twice; none by append, none with a lock.

    $ python demos/free_threaded_safety.py
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import gil_race
from harness import Number, Run, parse_args, record

TIMES = Number(200_000, 5000, least=1000, most=10_000_000, about="that it is done; long enough to overlap ")
ATTEMPTS = Number(5, 2, most=1000, about="of each, since a race is luck ")
STUCK = 10.0  # s; no thread takes that long to start


class Serialized:
    """Hands each item of an iterator to one thread."""

    def __init__(self, iterator):
        self.iterator, self.lock = iterator, threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            return next(self.iterator)


def append(workers, times):
    """The share of the items that the list lacks, in percent."""
    items = []
    at_once(workers, lambda: [items.append(1) for _ in range(times)])
    return 100 - 100 * len(items) / (workers * times)


def plus_1(workers, times):
    """The share of the updates that the counter lacks."""
    return 100 * gil_race.lost(gil_race.plus_1, workers, times) / (workers * times)


def shared_iterator(workers, times, share=iter):
    """The share of the items that were handed out again."""
    taken, iterator = [], share(iter([*range(times)]))
    at_once(workers, lambda: [taken.append(item) for item in iterator])
    return 100 * (len(taken) - len(set(taken))) / times


def serialize_iterator(workers, times):
    """The same with a lock."""
    with_lock = getattr(threading, "serialize_iterator", Serialized)  # Python 3.15 has it
    return shared_iterator(workers, times, share=with_lock)


def at_once(workers, work):
    """Do the work in so many threads, each of which waits until all are there."""
    barrier = threading.Barrier(workers, timeout=STUCK)
    with ThreadPoolExecutor(workers, initializer=barrier.wait) as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()


def attempted(workers, times, attempts):
    """A row for each thing to do: what went wrong, a value an attempt."""
    for race in (append, plus_1, shared_iterator, serialize_iterator):
        yield race.__name__, [race(workers, times) for _ in range(attempts)], "wrong", "%"


def main(argv=None):
    args = parse_args(__doc__, argv, python="free-threaded", workers=(4, 3), times=TIMES, attempts=ATTEMPTS)
    return record(args, (Run(*row) for row in attempted(args.workers, args.times, args.attempts)))


if __name__ == "__main__":
    sys.exit(main())
