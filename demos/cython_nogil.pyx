# cython: cdivision=True
"""The area below 4 / (1 + x²) from 0 to 1, in blocks of strips: with the GIL and without."""


cdef double strips(long first, long last, double width) noexcept nogil:
    cdef double x, area = 0
    cdef long i
    for i in range(first, last):
        x = (i + 0.5) * width
        area += 4 / (1 + x * x) * width
    return area


def declared_nogil(long blocks, long size):
    cdef double area = 0, width = 1.0 / (blocks * size)
    cdef long i
    for i in range(blocks):
        area += strips(i * size, (i + 1) * size, width)
    return area


def with_nogil(long blocks, long size):
    cdef double area = 0, width = 1.0 / (blocks * size)
    cdef long i
    with nogil:
        for i in range(blocks):
            area += strips(i * size, (i + 1) * size, width)
    return area


def with_gil_inside(long blocks, long size):
    cdef double area = 0, width = 1.0 / (blocks * size)
    cdef long i
    with nogil:
        for i in range(blocks):
            with gil:
                area += strips(i * size, (i + 1) * size, width)
    return area
