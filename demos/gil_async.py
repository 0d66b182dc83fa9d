"""A call that blocks in a coroutine stops its whole event loop; a thread or a process may keep it going.

A heart beats each millisecond in an event loop, beside a call that takes about --ms milliseconds. Look for:
the longest silence, the whole call in_the_loop, a few ms in_a_process; in_a_thread a few ms beside sleep, a
turn or two of 5 ms beside a loop in Python, and the whole call beside C code that keeps the GIL.

    $ python demos/gil_async.py
"""

import asyncio
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from harness import Number, Run, ctrl_c_is_mine, parse_args, record

BEAT = 0.001  # seconds
MS = Number(100, 5, most=1000, about="what each call takes, roughly")
REPEATS = 3


def loop(seconds):
    for _ in range(int(40e6 * seconds)):
        pass
    return seconds


def c_sum(seconds):
    return sum(range(int(70e6 * seconds)))


async def in_the_loop(call, seconds, pool):
    return call(seconds)


async def in_a_thread(call, seconds, pool):
    return await asyncio.to_thread(call, seconds)


async def in_a_process(call, seconds, pool):
    return await asyncio.get_running_loop().run_in_executor(pool, call, seconds)


async def heart(beats):
    while True:
        beats.append(time.perf_counter())
        await asyncio.sleep(BEAT)


async def listen(place, call, seconds, pool):
    """Call at that place, beside a heart: the longest silence in ms, and the answer."""
    beating = asyncio.create_task(heart(beats := []))
    try:
        await asyncio.sleep(5 * BEAT)
        answer = await place(call, seconds, pool)
        await asyncio.sleep(5 * BEAT)
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    return 1000 * max(b - a for a, b in zip(beats, beats[1:])), answer


def silences(seconds):
    with ProcessPoolExecutor(1) as pool:
        with ctrl_c_is_mine():
            pool.submit(time.sleep, 0).result()  # now its process is there
        for call, place in product([time.sleep, loop, c_sum], [in_the_loop, in_a_thread, in_a_process]):
            silent, answers = zip(*(asyncio.run(listen(place, call, seconds, pool)) for _ in range(REPEATS)))
            yield place.__name__, silent, call.__name__, answers[-1]


def main(argv=None):
    args = parse_args(__doc__, argv, ms=MS)
    rows = silences(args.ms / 1000)
    return record(args, (Run(at, list(ms), "silence", "ms", {"call": f}, result=x) for at, ms, f, x in rows))


if __name__ == "__main__":
    sys.exit(main())
