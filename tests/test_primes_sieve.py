"""primes_sieve: every number in one block; the primes that trial division finds, and Miller and Rabin."""

import pytest
from primes_sieve import SIZE, cut, sieve


def by_trial(n):
    return n > 1 and all(n % d for d in range(2, int(n**0.5) + 1))


def is_prime(n):
    """Miller and Rabin's test for odd numbers; with these bases it is exact below 3.4e14 (OEIS A014233)."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17):
        x = pow(base, odd, n)
        if x not in (1, n - 1) and all((x := x * x % n) != n - 1 for _ in range(twos - 1)):
            return False
    return True


@pytest.mark.parametrize("start", [3, 5, 9, 25, 99, 121, 123])
@pytest.mark.parametrize("stop", [4, 26, 123, 124, 1_000])
def test_small_numbers_one_by_one(start, stop):
    odd = range(start, stop, 2)
    assert list(sieve(odd) if odd else b"") == [by_trial(n) for n in odd]


@pytest.mark.parametrize("start", [100_000_001, 10_000_000_001, 99_999_999_999])
def test_large_numbers_one_by_one(start):
    odd = range(start, start + 2_000, 2)
    assert list(sieve(odd)) == [is_prime(n) for n in odd]


def test_the_primes_below_a_million():
    assert 1 + sieve(range(3, 10**6, 2)).count(1) == 78_498  # OEIS A006880; 1: the number 2


@pytest.mark.parametrize("tasks", [1, 3])
def test_the_blocks_hold_every_odd_number_once(tasks):
    blocks = cut(101, tasks)
    assert [len(block) for block in blocks] == [SIZE] * tasks
    assert [block[0] for block in blocks] == [101 + 2_000_000 * i for i in range(tasks)]
    assert all(block.step == 2 for block in blocks)
