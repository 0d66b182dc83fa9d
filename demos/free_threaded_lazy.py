"""Made at first use: without a GIL two threads that ask at once each make one, unless there is a lock.

Four threads ask for a table that is not there yet, from a barrier, in round after round.
Look for: with the GIL off, tables made twice; none with a lock, none where each thread has its own.

    $ python demos/free_threaded_lazy.py
"""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from harness import Number, Run, parse_args, record

ROUNDS = Number(100, 20, most=100_000, about="in which there is no table at first ")
STUCK = 10.0  # s; no thread takes that long to start, or to make a table
table = None
lock = threading.Lock()
own = threading.local()


class Table:
    def __init__(self):
        self.squares = [n * n for n in range(500)]  # some 0.02 ms


def without_lock():
    global table
    if table is None:
        table = Table()
    return table


def with_lock():
    global table
    with lock:
        if table is None:
            table = Table()
        return table


def thread_local():
    if not hasattr(own, "table"):
        own.table = Table()
    return own.table


def made_twice(get, workers):
    """How many threads were given a table that another one replaced."""
    global table
    table, barrier = None, threading.Barrier(workers, timeout=STUCK)

    def was_replaced(_):
        barrier.wait()
        first = get()
        barrier.wait()
        return get() is not first

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(was_replaced, range(workers)))


def all_rounds(workers, rounds):
    """A row for each way to get a table: how many of them were made although there was one."""
    for get in (without_lock, with_lock, thread_local):
        yield get.__name__, [sum(made_twice(get, workers) for _ in range(rounds))], "made again", "tables"


def main(argv=None):
    args = parse_args(__doc__, argv, python="free-threaded", workers=(4, 3), rounds=ROUNDS)
    return record(args, (Run(*row) for row in all_rounds(args.workers, args.rounds)))


if __name__ == "__main__":
    sys.exit(main())
