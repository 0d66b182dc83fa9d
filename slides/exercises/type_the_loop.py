"""Type the loop: this Cython is compiled, and yet it calls Python for each addition.

moment() adds up x² + y² for all points of a disc. Mend the text below, which is Cython: give C types to what
the loops use, so that no line in them calls Python. The answers stay the same, for large discs, too.
Hint: a line such as cdef int x comes before the loops; an argument has its type in front, as in int r.

    $ python build/exercises/type_the_loop.py
"""

import check

LOOP = """
def moment(r):
    total = 0
    for x in range(-r, r + 1):
        for y in range(-r, r + 1):
            square = x * x + y * y
            if square <= r * r:
                total += square
    return total
"""

if __name__ == "__main__":
    check.type_the_loop(LOOP)
