"""A busy neighbour blurs a measurement, and the wrong clock does not see a speedup at all.

Hashes in one thread and in several (sha256 lets the GIL go): as it is, by a CPU clock, beside busy processes.
Look for: min, median (time) and p95, close together on a quiet machine, apart beside neighbours; a speedup
that the CPU clock denies, since it adds up what all threads take. It has no CPU/wall: it saw no wall.

    $ python demos/measure_noise.py
"""

import contextlib
import hashlib
import multiprocessing
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from harness import CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record

SIZE = Number(30, 1, least=1, most=4_000, about="MB to hash")
REPEATS = Number(20, 3, least=1, most=10_000, about="measurements for each row")
PIECES = 16  # that threads share
WALL, CPU = time.perf_counter, time.process_time  # as time.clock() was on Linux
SETTINGS = {"as it is": (0, WALL), "CPU clock": (0, CPU), "neighbours": (1, WALL)}


def sequential(pieces, workers):
    return [hashlib.sha256(piece).hexdigest() for piece in pieces]


def threads(pieces, workers):
    with ThreadPoolExecutor(workers) as pool:
        return [done.hexdigest() for done in pool.map(hashlib.sha256, pieces)]


def neighbour(ready):
    ready.release()
    while multiprocessing.parent_process().is_alive():
        sum(range(100_000))


@contextlib.contextmanager
def neighbours(number):
    ready = multiprocessing.Semaphore(0)
    crew = [multiprocessing.Process(target=neighbour, args=(ready,), daemon=True) for _ in range(number)]
    with ctrl_c_is_mine():
        for process in crew:
            process.start()
    if not all(ready.acquire(timeout=30) for _ in crew):
        raise CannotRun("a busy neighbour could not start: use fewer --workers")
    yield
    for process in crew:
        process.kill()
        process.join()


def seconds(clock, function, *args):
    start = clock()
    function(*args)
    return clock() - start


def measure(size, repeats, workers):
    """What a Run is made of, for both variants in each setting."""
    pieces = [bytes([i]) * (size * 1_000_000 // PIECES) for i in range(PIECES)]
    for setting, (busy, clock) in SETTINGS.items():
        with neighbours(busy * workers):
            for variant in (sequential, threads):
                warm_up, cpu = seconds(clock, variant, pieces, workers), CPU()
                times = [seconds(clock, variant, pieces, workers) for _ in range(repeats)]
                cpu = CPU() - cpu if clock is WALL else None
                yield variant.__name__, times, "time", "s", {"setting": setting}, warm_up, cpu


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, repeats=REPEATS, workers=(None, 2))
    return record(args, (Run(*row) for row in measure(args.size, args.repeats, args.workers)))


if __name__ == "__main__":
    sys.exit(main())
