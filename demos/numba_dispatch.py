"""Each call from Python into compiled code costs time; a Python function inside is refused.

The same sum of two numbers, or of two short arrays; then a compiled loop that calls it, compiled or not.
Look for: for so little work @njit is no faster, and parallel=True slower; a call that stays inside costs next
to nothing; and numba refuses a Python function inside: that has no type it can determine.

    $ python demos/numba_dispatch.py
"""

import re
import sys
from itertools import chain
from timeit import repeat

from harness import Attachment, Number, Run, needs_packages, parse_args, record
from textpicture import draw

with needs_packages():
    import numpy as np
    from numba import njit
    from numba.core.errors import TypingError

CALLS = Number(100, 10, most=10_000_000, about="calls in each measurement")
REPEATS = 9
INSIDE = 100_000  # calls by a compiled loop, for each of which it is entered once


def add(x, y):
    return x + y


def often(function, x, y):
    for _ in range(INSIDE):
        x = function(x, y)
    return x


compiled = njit(add)
loop = njit(often)
NUMBERS, ARRAYS = (1.5, 0.5), (np.full(8, 1.5), np.full(8, 0.5))
WAYS = [
    ("two numbers", "Python", add, NUMBERS, 1),
    ("two numbers", "@njit", compiled, NUMBERS, 1),
    ("two numbers", "@njit, from @njit", loop, (compiled, *NUMBERS), INSIDE),
    ("arrays of 8", "NumPy", add, ARRAYS, 1),
    ("arrays of 8", "@njit", compiled, ARRAYS, 1),
    ("arrays of 8", "@njit(parallel=True)", njit(parallel=True)(add), ARRAYS, 1),
]


def measure(calls):
    """What a Run is made of: the ns of a call, with numbers and then with arrays."""
    for of, variant, function, args, inside in WAYS:
        function(*args)  # compiles
        work = {"globals": {"function": function, "args": args}, "number": max(1, calls // inside)}
        seconds = repeat("function(*args)", repeat=REPEATS, **work)
        yield variant, [1e9 * each / work["number"] / inside for each in seconds], of, "ns"


def refusal(function, *args):
    """A name, words and an SVG: why numba does not compile the call."""
    try:
        function(*args)
    except TypingError as error:
        text = re.sub(r'(File "| at ).*[/\\]', r"\1", str(error))  # files without their folders
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return "refusal", "\n".join(lines), draw(lines, "Cannot determine .*")


def main(argv=None):
    args = parse_args(__doc__, argv, calls=CALLS)
    runs = (Run(*row) for row in measure(args.calls))
    why_not = (Attachment(*refusal(loop, each, *NUMBERS)) for each in [add])
    return record(args, chain(runs, why_not))


if __name__ == "__main__":
    sys.exit(main())
