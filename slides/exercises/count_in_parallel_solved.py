"""Count in parallel, solved: no thread adds to the counters of another."""

import check

with check.needs_packages():
    import numpy as np
    from numba import get_num_threads, get_thread_id, njit, prange


@njit(parallel=True)
def count(values: np.ndarray, numbers: int) -> np.ndarray:
    rows = np.zeros((get_num_threads(), numbers), np.int64)
    for i in prange(len(values)):
        rows[get_thread_id(), values[i]] += 1
    counts: np.ndarray = rows.sum(axis=0)
    return counts


if __name__ == "__main__":
    check.count_in_parallel(count)
