# cython: wraparound=False
"""A sum: its loop shared among threads by prange, and the same loop in C."""

from cython.parallel import prange

cdef extern from "cython_sum_limit.c":
    double c_sum(double *numbers, Py_ssize_t length, int threads) nogil


def add(double[::1] numbers, int threads):
    cdef double total = 0
    cdef Py_ssize_t i
    for i in prange(numbers.shape[0], nogil=True, num_threads=threads):
        total += numbers[i]
    return total


def add_in_c(double[::1] numbers, int threads):
    cdef double total
    with nogil:
        total = c_sum(&numbers[0], numbers.shape[0], threads)
    return total
