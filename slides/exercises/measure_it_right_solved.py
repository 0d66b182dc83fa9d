"""Measure it right, solved: the clock on the wall, a call to warm up, the median of repeats."""

import statistics
import time
from collections.abc import Callable

import check


def measure(function: Callable[[], object]) -> float:
    function()  # to warm up
    times = []
    for _ in range(9):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    check.measure_it_right(measure)
