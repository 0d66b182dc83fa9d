"""Arguments are pickled and go through a pipe: much slower than a copy into memory that processes share.

Worker processes add up one array: it is sent to them, copied to shared memory, or there since they started.
Look for: the array's GB/s, from its owner to the sum, beside those of a plain copy that adds up nothing.

    $ python demos/pickling_cost.py
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.shared_memory import SharedMemory

from harness import Number, compare, ctrl_c_is_mine, needs_packages, parse_args, record
from segments import new_segment

with needs_packages():
    import numpy as np

SIZE = Number(100, 4, least=1, most=10_000, about="MB of the array")
BLOCK = 250_000  # numbers, 2 MB, for each task; larger ones go through the pipe more slowly


def plain_copy(array, other):
    np.copyto(other, array)


def pickled_arguments(pool, array, segment, edges):
    return int(sum(pool.map(np.sum, np.split(array, edges[1:-1]))))


def copied_to_shared_memory(pool, array, segment, edges):
    np.copyto(np.frombuffer(segment.buf, np.int64)[: array.size], array)
    return int(sum(pool.map(sum_of_shared, edges, edges[1:])))


def sent_at_the_start(pool, array, segment, edges):
    return int(sum(pool.map(sum_of_own, edges, edges[1:])))


def sum_of_shared(start, stop):
    return np.frombuffer(shared.buf, np.int64)[start:stop].sum()


def sum_of_own(start, stop):
    return own[start:stop].sum()


def initializer(array, name):
    global own, shared
    own, shared = array, SharedMemory(name)


def measure(all_equal, array, workers):
    edges, start = [*range(0, array.size, BLOCK), array.size], time.perf_counter()
    with new_segment(array.nbytes) as segment:
        equip = initializer, (array, segment.name)
        with ProcessPoolExecutor(workers, get_context("spawn"), *equip) as pool:
            with ctrl_c_is_mine():
                list(pool.map(time.sleep, [0.2] * workers))  # one each, so all are there
            print(f"Workers that each have an array of their own: {time.perf_counter() - start:.1f} s")
            yield from all_equal([plain_copy], array, np.zeros_like(array))
            ways = [pickled_arguments, copied_to_shared_memory, sent_at_the_start]
            yield from all_equal(ways, pool, array, segment, edges)


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE, workers=(2, 2))
    array = np.arange(args.size * 125_000, dtype=np.int64)
    runs, gb = measure(compare, array, args.workers), array.nbytes / 1e9
    rates = (replace(r, measure="bandwidth", unit="GB/s", values=[gb / s for s in r.values]) for r in runs)
    return record(args, rates)


if __name__ == "__main__":
    sys.exit(main())
