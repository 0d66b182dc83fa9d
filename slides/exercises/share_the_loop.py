"""Share the loop: this Cython has its types, and yet one thread does all of it.

steps() counts how often the numbers below a limit are halved, or tripled plus one, until they are 1. Mend the
text below, which is Cython, so that threads share the loop over the numbers, without the GIL. The compiler is
given its OpenMP flag, and the loop two threads.
Hint: prange takes nogil=True. After a plain = each thread has its own total; a += makes a reduction of it.

    $ python build/exercises/share_the_loop.py
"""

import check

LOOP = """
from cython.parallel import prange

def steps(int limit):
    cdef long long start, n, total = 0
    for start in range(1, limit):
        n = start
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            total = total + 1
    return total
"""

if __name__ == "__main__":
    check.share_the_loop(LOOP)
