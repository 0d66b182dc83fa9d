# cython: boundscheck=False, wraparound=False
"""Each iteration of a prange notes its thread and the time, where no other one writes."""

cimport openmp
from cython.parallel import prange

cdef enum:
    THREAD, THREADS, START, END, TOTAL


cdef void iteration(Py_ssize_t i, double[:, ::1] notes, Py_ssize_t additions) noexcept nogil:
    cdef double total = 0
    cdef Py_ssize_t number
    notes[i, THREAD] = openmp.omp_get_thread_num()
    notes[i, THREADS] = openmp.omp_get_num_threads()
    notes[i, START] = openmp.omp_get_wtime()
    for number in range((i + 1) * additions):
        total += number
    notes[i, END] = openmp.omp_get_wtime()
    notes[i, TOTAL] = total


def static(double[:, ::1] notes, Py_ssize_t additions, int threads):
    cdef Py_ssize_t i
    for i in prange(notes.shape[0], nogil=True, num_threads=threads, schedule="static"):
        iteration(i, notes, additions)


def dynamic(double[:, ::1] notes, Py_ssize_t additions, int threads):
    cdef Py_ssize_t i
    for i in prange(notes.shape[0], nogil=True, num_threads=threads, schedule="dynamic"):
        iteration(i, notes, additions)
