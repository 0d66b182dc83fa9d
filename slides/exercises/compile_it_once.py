"""Compile it once: this function is fast, but most of its time is spent in the compiler.

length() adds up the distances from point to point. It is called with arrays of several types and layouts, and
with lists. Mend it so that numba compiles one function, once. The answers stay the same.
Hint: @njit compiles for each type it meets, and each time that it is called. What makes one type of all?

    $ python build/exercises/compile_it_once.py
"""

import check

with check.needs_packages():
    import numpy as np
    from numba import njit


def length(points: object) -> float:
    @njit
    def add_up(p: np.ndarray) -> float:
        total = 0.0
        for i in range(1, len(p)):
            total += np.hypot(p[i, 0] - p[i - 1, 0], p[i, 1] - p[i - 1, 1])
        return total

    return float(add_up(np.array(points)))


if __name__ == "__main__":
    check.compile_it_once(length)
