"""False sharing: threads that share no number may share a cache line, and then take it from each other.

Each thread moves its own particle, position += velocity. Of many tries those count in which all had a core.
Look for: slow steps while two particles fit into one cache line (64 bytes; 128 on Apple's chips).

    $ python demos/false_sharing.py
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import Number, Run, needs_packages, parse_args, record

with needs_packages():
    import numpy as np
    from numba import njit

STEPS = Number(300_000, 1_000, most=10**9, about="in a measurement: a millisecond")
REPEATS = Number(20, 2, most=10**6, about="measurements for each row")
TRIES = 20  # for each: those count that used the most cores; in the others threads took turns
DISTANCES = [16, 32, 64, 128, 256]  # bytes; a particle has 16


@njit(nogil=True)
def move(positions, velocities, i, steps):
    for _ in range(steps):
        positions[i] += velocities[i]  # may be one array: so each is written


def particles(number, distance):
    """Position, velocity, padding; position, velocity, padding; ... from the start of a cache line."""
    room = np.ones((DISTANCES[-1] + number * distance) // 8)
    start = -room.ctypes.data % DISTANCES[-1] // 8
    return [(room[start:], room[start + 1 :], i * distance // 8) for i in range(number)]


def measure(threads, steps, repeats):
    """The ns of a step, of the slowest thread in each repeat, and where its particles are in the end."""
    barrier, pool = threading.Barrier(threads), ThreadPoolExecutor(threads)
    crews = [particles(threads, distance) for distance in DISTANCES]

    def work(particle):
        barrier.wait()
        start, cpu = time.perf_counter(), time.thread_time()
        move(*particle, steps)
        return start, time.perf_counter(), time.thread_time() - cpu

    # The distances take turns, so that a busy moment of the machine hits all alike.
    tries = [[list(pool.map(work, crew)) for crew in crews] for _ in range(TRIES * repeats)]
    for distance, crew, spans in zip(DISTANCES, crews, zip(*tries)):
        counted = sorted(spans, key=cores_used)[-repeats:]
        ns = [1e9 * max(end - start for start, end, _ in each) / steps for each in counted]
        yield distance, ns, [positions[i] for positions, _, i in crew]


def cores_used(spans):
    starts, ends, cpu = zip(*spans)
    return sum(cpu) / (max(ends) - min(starts))


def rows(workers, steps, repeats):
    cores = {f.read_text() for f in Path("/sys/devices/system/cpu").glob("cpu*/topology/thread_siblings")}
    print(f"Physical cores: {len(cores) or '?'} (there is little to see within one). Compiling ...")
    move(np.ones(1), np.ones(1), 0, 1)
    for threads in sorted({1, workers}):
        for distance, ns, ends in measure(threads, steps, repeats):
            name = f"{threads} thread{'s' * (threads > 1)}"
            yield name, ns, "time a step", "ns", {"bytes apart": distance}, None, None, ends


def main(argv=None):
    args = parse_args(__doc__, argv, steps=STEPS, repeats=REPEATS, workers=(2, 2))
    return record(args, (Run(*row) for row in rows(args.workers, args.steps, args.repeats)))


if __name__ == "__main__":
    sys.exit(main())
