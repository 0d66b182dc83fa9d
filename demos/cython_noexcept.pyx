# cython: cdivision=True
"""The same C function, called without the GIL; what differs is whether it may raise, and how that is seen."""


cdef void plain(double* area, double x) nogil:
    area[0] += 4 / (1 + x * x)


cdef int status(double* area, double x) except -1 nogil:
    area[0] += 4 / (1 + x * x)
    return 0


cdef void never(double* area, double x) noexcept nogil:
    area[0] += 4 / (1 + x * x)


def void(long n):
    cdef double area = 0
    cdef long i
    with nogil:
        for i in range(n):
            plain(&area, (i + 0.5) / n)
    return area / n


def int_except(long n):
    cdef double area = 0
    cdef long i
    with nogil:
        for i in range(n):
            status(&area, (i + 0.5) / n)
    return area / n


def void_noexcept(long n):
    cdef double area = 0
    cdef long i
    with nogil:
        for i in range(n):
            never(&area, (i + 0.5) / n)
    return area / n
