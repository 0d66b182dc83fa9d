# cython: boundscheck=False, wraparound=False
"""Each iteration of a prange notes its thread and the time, where no other one writes."""

cimport openmp
from cython.parallel import prange

cdef enum:
    THREAD, THREADS, START, END, TOTAL


cdef void iteration(int i, double[:, ::1] notes, int additions) noexcept nogil:
    cdef double total = 0
    cdef int number
    notes[i, THREAD] = openmp.omp_get_thread_num()
    notes[i, THREADS] = openmp.omp_get_num_threads()
    notes[i, START] = openmp.omp_get_wtime()
    for number in range((i + 1) * additions):
        total += number
    notes[i, END] = openmp.omp_get_wtime()
    notes[i, TOTAL] = total


def static(double[:, ::1] notes, int additions, int threads):
    cdef int i
    for i in prange(notes.shape[0], nogil=True, num_threads=threads, schedule="static"):
        iteration(i, notes, additions)


def dynamic(double[:, ::1] notes, int additions, int threads):
    cdef int i
    for i in prange(notes.shape[0], nogil=True, num_threads=threads, schedule="dynamic"):
        iteration(i, notes, additions)
