"""Measure it right: this benchmark reads the wrong clock, and two more of its habits are bad.

measure() is to return the seconds that a typical call of a function takes, for who waits for it. Mend it:
first calls are slow, some calls are interrupted, some are answered by a cache: these are not typical.
Hint: which clock runs while nothing computes? How often must you look, and which of the times do you take?

    $ python build/exercises/measure_it_right.py
"""

import time
from collections.abc import Callable

import check


def measure(function: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return sum(times) / len(times)


if __name__ == "__main__":
    check.measure_it_right(measure)
