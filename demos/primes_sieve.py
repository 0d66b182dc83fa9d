"""Primes by the sieve of Eratosthenes, a block of odd numbers at a time: the tasks of the primes demos.

Support: no demo. Standard library only.
"""

from itertools import compress
from math import isqrt

SIZE = 1_000_000  # odd numbers: a MB


def cut(start, tasks):
    """So many ranges of odd numbers, the first from an odd start on."""
    return [range(start + 2 * SIZE * i, start + 2 * SIZE * (i + 1), 2) for i in range(tasks)]


def sieve(odd):
    """A byte for each number of a range of odd ones, none below 3: 1 if it is prime."""
    flags = bytearray([1]) * len(odd)
    factors = range(3, isqrt(odd[-1]) + 1, 2)
    for p in compress(factors, sieve(factors) if factors else []):
        square, multiple = (p * p - odd[0]) // 2, -odd[0] * (p + 1) // 2 % p  # the places of the first ones
        first = max(square, multiple)
        flags[first::p] = bytes(len(odd[first::p]))
    return bytes(flags)
