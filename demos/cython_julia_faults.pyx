# cython: cdivision=True
"""The Julia set in a loop for threads; nothing here tells whether the compiler knows of OpenMP."""

from cython.parallel import prange

include "cython_julia.pxi"


def julia(size_t address, int size, int n):
    """Fill size × size numbers, of which C needs no more than the address."""
    cdef int* counts = <int*>address
    cdef Py_ssize_t row
    for row in prange(
        size, nogil=True, schedule="static", chunksize=1, num_threads=n
    ):
        fill(counts + row * size, size, row)
