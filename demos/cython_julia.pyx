# cython: boundscheck=False, wraparound=False, cdivision=True
"""The Julia set in one loop over its rows, which OpenMP shares among threads as it is told at run time."""

cimport openmp
from cython.parallel import prange

include "cython_julia.pxi"

cdef extern from "cython_julia_limit.c":
    void c_loop(int* counts, int size, int threads) nogil
    void c_blocks(int* counts, int size, int threads) nogil

KINDS = {
    "static": openmp.omp_sched_static,
    "dynamic": openmp.omp_sched_dynamic,
    "guided": openmp.omp_sched_guided,
}


def julia(int[:, ::1] counts, double[:, ::1] stamps, kind, int chunk, int n):
    """Fill rows with n threads; stamps: when each began, ended, and who had it."""
    cdef Py_ssize_t row, rows = counts.shape[0], size = counts.shape[1]
    openmp.omp_set_schedule(KINDS[kind], chunk)
    for row in prange(rows, nogil=True, schedule="runtime", num_threads=n):
        stamps[row, 0] = openmp.omp_get_wtime()
        fill(&counts[row, 0], size, row)
        stamps[row, 1] = openmp.omp_get_wtime()
        stamps[row, 2] = openmp.omp_get_thread_num()


def limit(int[:, ::1] counts, int n, bint blocks):
    """Fill rows, by the same loop in C or by one for 32 points at once."""
    with nogil:
        if blocks:
            c_blocks(&counts[0, 0], counts.shape[1], n)
        else:
            c_loop(&counts[0, 0], counts.shape[1], n)
