"""What free_threaded_cost.py runs on each Python: it answers questions, a line each.

"time WORK" with the ms of one piece of work, "memory OBJECT" with the bytes of one more object; each
answer ends with whether the GIL is on.
"""

import sys
import tracemalloc
from time import perf_counter

REPEATS = 3  # the fastest one counts: it was disturbed least
OBJECTS = 5_000  # more than a free list holds: 2,000 tuples


class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y


def calls(n=20):
    return n if n < 2 else calls(n - 1) + calls(n - 2)


def attributes():
    point = Point(0, 1)
    for _ in range(30_000):
        point.x += point.y
    return point.x


def dicts():
    counts = {}
    for i in range(20_000):
        counts[i % 100] = counts.get(i % 100, 0) + 1
    return counts


def lists():
    counts = [0] * 100
    for i in range(30_000):
        counts[i % 100] += 1
    return counts


WORK = {"calls": calls, "attributes": attributes, "dict": dicts, "list": lists}
OBJECT = {  # each of two numbers that are there already
    "int": lambda a, b: a + b,
    "str": lambda a, b: f"{a} {b}",
    "tuple": lambda a, b: (a, b),
    "dict": lambda a, b: {"a": a, "b": b},
    "instance": Point,
}


def time(name):
    """Milliseconds of the fastest repeat."""
    return min(once(WORK[name]) for _ in range(REPEATS))


def once(work):
    start = perf_counter()
    work()
    return (perf_counter() - start) * 1000


def memory(name):
    """Bytes that one more object allocates, all that is in it included."""
    make, a, b = OBJECT[name], 1_000_003, 1_000_033
    first = [make(a, b) for _ in range(OBJECTS)]  # they take what the free lists have
    more = first.copy()
    tracemalloc.start()
    for i in range(OBJECTS):
        more[i] = make(a, b)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(taken / OBJECTS)


if __name__ == "__main__":
    for line in sys.stdin:
        question, name = line.split()
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        print({"time": time, "memory": memory}[question](name), gil, flush=True)
