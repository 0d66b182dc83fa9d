"""A Cython function that is declared nogil may run without the GIL; only `with nogil` lets go of it.

Threads add up strips of an area, again and again, in calls of some 0.3 ms.
Look for: one at a time where it is only declared; lanes side by side in `with nogil`; and one at a time
again where the loop takes the GIL back for each block of strips, `with gil`.

    $ python demos/cython_nogil.py
"""

import functools
import sys
import sysconfig
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from calls import KIND, calls
from compiling import compiled
from harness import Number, lanes, parse_args, record

WAYS = ["declared_nogil", "with_nogil", "with_gil_inside"]
CALLS = Number(150, 10, most=1_000_000, about="of each thread")
BLOCKS, SIZE = 10, 20_000  # strips in a block; a call takes some 0.3 ms, short beside a turn of 5 ms


@functools.cache
def load():
    """The compiled module; and a free-threaded Python's warning, since the module makes it no promise."""
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        print("This Python has a GIL to let go of; one without: uv python install 3.14t")
    with warnings.catch_warnings(record=True) as said:
        module = compiled("cython_nogil.pyx", openmp=False)
    for warning in said:
        print(warning.message)
    return module


def threads(calls_each, workers, function):
    """The window from the first start to the last end, and the lanes."""
    function = getattr(load(), function)
    barrier = threading.Barrier(workers)

    def add_up():
        function(BLOCKS, SIZE)

    pool = ThreadPoolExecutor(workers)
    found = list(pool.map(calls, [add_up] * workers, [calls_each] * workers, [barrier] * workers))
    window = min(spans[0][0] for spans in found), max(spans[-1][1] for spans in found)
    return window, {f"thread {i}": spans for i, spans in enumerate(found)}


def main(argv=None):
    args = parse_args(__doc__, argv, calls=CALLS, workers=(2, 2))
    pictures = (lanes(threads, args.calls, args.workers, kind=KIND, function=way) for way in WAYS)
    return record(args, chain.from_iterable(pictures))


if __name__ == "__main__":
    sys.exit(main())
