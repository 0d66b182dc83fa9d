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


def julia(int[:, ::1] counts, double[:, ::1] stamps, str kind, int chunksize, int threads):
    """Fill the rows; stamps get when each began and ended, in seconds, and the thread that had it."""
    cdef Py_ssize_t row
    openmp.omp_set_schedule(KINDS[kind], chunksize)
    for row in prange(counts.shape[0], nogil=True, schedule="runtime", num_threads=threads):
        stamps[row, 0] = openmp.omp_get_wtime()
        fill(&counts[row, 0], counts.shape[1], row)
        stamps[row, 1] = openmp.omp_get_wtime()
        stamps[row, 2] = openmp.omp_get_thread_num()


def limit(int[:, ::1] counts, int threads, bint blocks):
    """Fill the rows, by the same loop in C or by one for 32 points at once."""
    with nogil:
        if blocks:
            c_blocks(&counts[0, 0], counts.shape[1], threads)
        else:
            c_loop(&counts[0, 0], counts.shape[1], threads)
