"""Compile it once, solved: one function for all calls, and one type of array for it."""

import check

with check.needs_packages():
    import numpy as np
    from numba import njit


@njit
def add_up(p: np.ndarray) -> float:
    total = 0.0
    for i in range(1, len(p)):
        total += np.hypot(p[i, 0] - p[i - 1, 0], p[i, 1] - p[i - 1, 1])
    return total


def length(points: object) -> float:
    return float(add_up(np.ascontiguousarray(points, np.float64)))


if __name__ == "__main__":
    check.compile_it_once(length)
