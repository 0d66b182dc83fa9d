"""Share the loop, solved: a prange without the GIL, and a += that makes a reduction of the sum."""

import check

LOOP = """
from cython.parallel import prange

def steps(int limit):
    cdef long long start, n, total = 0
    for start in prange(1, limit, nogil=True):
        n = start
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            total += 1
    return total
"""

if __name__ == "__main__":
    check.share_the_loop(LOOP)
