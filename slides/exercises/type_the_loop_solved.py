"""Type the loop, solved: C types for all that the loops use, and one of 64 bits for the sum."""

import check

LOOP = """
def moment(int r):
    cdef int x, y, square
    cdef long long total = 0
    for x in range(-r, r + 1):
        for y in range(-r, r + 1):
            square = x * x + y * y
            if square <= r * r:
                total += square
    return total
"""

if __name__ == "__main__":
    check.type_the_loop(LOOP)
