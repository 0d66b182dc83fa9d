"""Every GIL since Python 2.7: two threads gain nothing with it, and I/O waits for a busy thread.

Two countdowns in turn and in two threads, then bytes echoed beside a busy thread, on each CPython found here.
Look for: about 1 with a GIL, half of it without; 4 to 9 ms for a byte with the new GIL (since 3.2).

    $ python demos/gil_history.py
"""

import sys
import time
from pathlib import Path
from subprocess import PIPE, Popen, SubprocessError, run
from threading import Timer

from harness import CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record
from interpreters import find, newest_of_each

KERNEL = str(Path(__file__).with_name("gil_history_kernel.py"))
COUNT = Number(2_000_000, 20_000, least=1000, about="steps of a countdown ")  # 0.1 s on an old Python
TRIPS = Number(30, 3, about="bytes echoed ")
REPEATS = 7
PAUSE = 0.001  # s between two bytes: without one the busy thread hardly gets to run
DEADLINE = 30.0  # s for one Python


def against_sequential(command, count):
    """Seconds of two threads by those of one after the other, a value a repeat."""
    command = [*command, KERNEL, "countdown", str(count), str(REPEATS)]
    with ctrl_c_is_mine():
        done = run(command, stdout=PIPE, timeout=DEADLINE, check=True)
    pairs = [map(float, line.split()) for line in done.stdout.splitlines()]
    return [threads / sequential for sequential, threads in pairs]


def round_trips(command, trips):
    """Milliseconds from a byte written to its echo, beside one busy thread; the first is not counted."""
    with ctrl_c_is_mine():
        child = Popen([*command, KERNEL, "echo"], stdin=PIPE, stdout=PIPE, bufsize=0)
    deadline = Timer(DEADLINE, child.kill)
    deadline.start()
    try:
        return [round_trip(child) for _ in range(trips + 1)][1:]
    finally:
        child.kill()
        child.communicate()
        deadline.cancel()


def round_trip(child):
    time.sleep(PAUSE)
    start = time.perf_counter()
    child.stdin.write(b"x")
    if not child.stdout.read(1):
        raise EOFError("no echo")
    return (time.perf_counter() - start) * 1000


MEASURES = {"threads/sequential": (against_sequential, "×"), "round trip": (round_trips, "ms")}


def history(**numbers):
    """A row for each Python and measure, and before it that Python."""
    print("Looking for Pythons ...")
    modes = [(python, *mode) for python in newest_of_each(find()[0]) for mode in python.modes()]
    for (measure, (function, unit)), number in zip(MEASURES.items(), numbers.values()):
        for python, name, gil, command in modes:
            try:
                yield python.as_recorded(gil), name, function(command, number), measure, unit
            except (OSError, EOFError, SubprocessError) as error:
                raise CannotRun(f"{name}: {error}") from None


def main(argv=None):
    args = parse_args(__doc__, argv, count=COUNT, trips=TRIPS)
    rows = history(count=args.count, trips=args.trips)
    return record(args, (Run(*row, interpreter=python) for python, *row in rows))


if __name__ == "__main__":
    sys.exit(main())
