"""A C library that you have already: called by ctypes it runs without the GIL, or with it, as you choose.

Threads have the C library sort words, again and again: by its qsort, which compares by its strcmp.
Look for: lanes side by side (CDLL, which lets go of the GIL); one at a time (PyDLL, which keeps it).

    $ python demos/existing_c.py
"""

import ctypes
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from calls import KIND, calls
from harness import Number, lanes, parse_args, record

LIBRARY = "msvcrt" if sys.platform == "win32" else None  # None: what this process has loaded anyway
WORDS = Number(4_000, 400, most=100_000, about="words in a sort: some 0.2 ms, short beside a turn of 5 ms")
SORTS = Number(200, 10, most=1_000_000, about="sorts of each thread")
WIDTH = 8  # bytes of a word; the last is 0, so that strcmp finds its end


def shuffled(words):
    return b"".join(b"%07d\0" % (i * 7_919 % 1_000_003) for i in range(words))


def sorter(load, words):
    """A function that has a copy of the words sorted by the C library."""
    c = load(LIBRARY)
    c.qsort.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p

    def sort():
        array = ctypes.create_string_buffer(words, len(words))
        c.qsort(array, len(words) // WIDTH, WIDTH, c.strcmp)
        return array.raw

    return sort


def threads(words, sorts, workers, library):
    """The window from the first start to the last end, and the lanes."""
    sort, barrier = sorter(getattr(ctypes, library), words), threading.Barrier(workers)
    pool = ThreadPoolExecutor(workers)
    found = list(pool.map(calls, [sort] * workers, [sorts] * workers, [barrier] * workers))
    window = min(spans[0][0] for spans in found), max(spans[-1][1] for spans in found)
    return window, {f"thread {i}": spans for i, spans in enumerate(found)}


def main(argv=None):
    args = parse_args(__doc__, argv, words=WORDS, sorts=SORTS, workers=(2, 2))
    job = shuffled(args.words), args.sorts, args.workers
    return record(args, chain(*(lanes(threads, *job, kind=KIND, library=how) for how in ("CDLL", "PyDLL"))))


if __name__ == "__main__":
    sys.exit(main())
