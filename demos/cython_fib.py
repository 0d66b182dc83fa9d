"""Compiling alone gains little: a loop in Cython is as fast as in C when its variables have types.

The nth Fibonacci number by additions: in Python; the same lines compiled by Cython, and with types; in C.
Look for: the time of a call; then, line by line, how often Cython's C still calls Python.

    $ python demos/cython_fib.py
"""

import sys
from itertools import chain
from timeit import repeat

from annotation import picture
from compiling import compiled
from harness import Attachment, CannotRun, Number, Run, parse_args, record

N = Number(90, least=1, most=92, about="which number; the 93rd needs more than the 64 bits of C's long long")
CALLS = Number(10_000, 100, most=10_000_000, about="calls in each measurement; one takes Python some µs")
REPEATS = 9


def python(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def measure(n, calls):
    """What a Run is made of: the µs of a call, and its answer."""
    cython = compiled("cython_fib.pyx")
    ways = [
        ("Python", python),
        ("Cython without types", cython.untyped),
        ("Cython with types", cython.typed),
        ("C", cython.c_loop),
    ]
    for name, function in ways:
        if function(n) != python(n):
            raise CannotRun(f"{name} has another number than Python: use another C compiler")
        seconds = repeat("function(n)", globals={"function": function, "n": n}, number=calls, repeat=REPEATS)
        yield name, [1e6 * each / calls for each in seconds], "time", "µs", {}, None, None, function(n)


def main(argv=None):
    args = parse_args(__doc__, argv, n=N, calls=CALLS)
    runs = (Run(*row) for row in measure(args.n, args.calls))
    pictures = (picture(file, "untyped", "typed") for file in ["cython_fib.pyx"])
    return record(args, chain(runs, (Attachment(*each) for each in pictures)))


if __name__ == "__main__":
    sys.exit(main())
