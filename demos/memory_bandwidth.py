"""More threads compute more, but all of them share one memory.

triad: a = b + 3 c on large arrays; NumPy reads or writes five, C three. roots: of a block in a core's cache.
Look for: slopes, not heights: roots rise with every core, the triad no more when the memory is busy.

    $ python demos/memory_bandwidth.py
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import CannotRun, Number, Run, parse_args, record

try:
    import numpy as np
except ImportError:
    np = None

SIZE = Number(192, 4, least=1, most=20_000, about="MB of each of the triad's three arrays")
REPEATS = Number(5, 2, most=100_000, about="measurements for each row")
BLOCK = 32_768  # numbers: two such blocks are 0.5 MB


def triad(number):  # NumPy's calls, and the bytes they move; who fills the arrays has them near
    a, b, c = np.zeros(number), np.full(number, 1.0), np.full(number, 2.0)
    return [lambda: np.multiply(c, 3, out=a), lambda: np.add(a, b, out=a)], 5 * a.nbytes


def roots(number):  # moves about as many bytes, but of one block
    x, y, times = np.linspace(1, 2, BLOCK), np.zeros(BLOCK), max(1, 5 * number // (2 * BLOCK))
    return [lambda: np.sqrt(x, out=y)] * times, times * 2 * x.nbytes


def rates(kernel, number, repeats, workers):
    """GB/s of all threads together, from the first start to the last end, for each repeat."""
    barrier = threading.Barrier(workers)

    def work(share):
        try:
            (calls, moved), spans = kernel(share), []
            for _ in range(1 + repeats):
                barrier.wait()
                start = time.perf_counter()
                for call in calls:
                    call()
                spans.append((start, time.perf_counter()))
            return moved, spans[1:]  # the first was the warm-up
        except (MemoryError, threading.BrokenBarrierError):
            barrier.abort()  # nobody waits for a thread that has no memory
            raise CannotRun("there is no memory for three such arrays: use a smaller --size") from None

    moved, spans = zip(*ThreadPoolExecutor(workers).map(work, [number // workers] * workers))
    return [sum(moved) / (max(map(max, each)) - min(map(min, each))) / 1e9 for each in zip(*spans)]


def beside_caches(size, runs):
    """The runs, after a word on the caches of level 3, each of which some cores share."""
    if not np:
        raise CannotRun("NumPy is missing: pip install numpy")
    files = Path("/sys/devices/system/cpu").glob("cpu*/cache/index3/size")  # on Linux
    shared = {file.with_name("shared_cpu_list").read_text(): file.read_text() for file in files}
    need = 4 * 1024 * sum(int(size.strip("K\n")) for size in shared.values()) // 10**6
    verdict = f"too small: try --size {need}" if size < need else "enough" if need else "unknown"
    print(f"Each array has {size} MB, 4 times the last-level caches {need or '?'} MB: {verdict}.")
    yield from runs


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, repeats=REPEATS, workers=(None, 2))
    steps = sorted({1, *(args.workers * quarter // 4 for quarter in (1, 2, 3, 4, 8))} - {0})
    rows = ((k, p, rates(k, args.size * 125_000, args.repeats, p)) for k in (triad, roots) for p in steps)
    runs = (Run(k.__name__, gbs, "bandwidth", "GB/s", {"workers": p}) for k, p, gbs in rows)
    return record(args, beside_caches(args.size, runs))


if __name__ == "__main__":
    sys.exit(main())
