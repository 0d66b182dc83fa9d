"""Count in parallel: the threads of this loop add to the same counters, and some of it is lost.

count() says how often each of the numbers 0, 1, … is among the values. Mend it so that nothing is lost; the
loop over the values must still be a prange that threads share.
Hint: a row of counters for each thread, added up at the end. numba has get_num_threads and get_thread_id.

    $ python build/exercises/count_in_parallel.py
"""

import check

with check.needs_packages():
    import numpy as np
    from numba import njit, prange


@njit(parallel=True)
def count(values: np.ndarray, numbers: int) -> np.ndarray:
    counts = np.zeros(numbers, np.int64)
    for i in prange(len(values)):
        counts[values[i]] += 1
    return counts


if __name__ == "__main__":
    check.count_in_parallel(count)
