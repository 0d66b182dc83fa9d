"""Keep the heart beating: while a service answers, its event loop does nothing else.

A heart beats in the same event loop; while answer() works, it stands still. Mend answer() so that the heart
beats on: fetch() waits, as for a slow server; count_primes() computes, in Python. The answer stays the same.
Hint: a thread may wait for you. To compute beside a loop that has the GIL, it takes a process.

    $ python build/exercises/keep_the_heart_beating.py
"""

import check
from check import count_primes, fetch


async def answer(number: int) -> int:
    page = fetch(number)
    return count_primes(page)


if __name__ == "__main__":
    check.keep_the_heart_beating(answer)
