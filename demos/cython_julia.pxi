"""The kernel: the points of a row of the Julia set, on a grid from -1.5 to 1.5."""


cdef inline int stay(double x, double y) noexcept nogil:
    """How many of 1000 steps z = z² + c, from z = x + iy on, begin with |z| < 4; c is 0.322 + 0.05i."""
    cdef int n = 0
    while n < 1000 and x * x + y * y < 16:
        x, y = x * x - y * y + 0.322, 2 * x * y + 0.05
        n += 1
    return n


cdef inline void fill(int* counts, int size, Py_ssize_t row) noexcept nogil:
    """The counts of one row of a picture of size × size points."""
    cdef int column
    for column in range(size):
        counts[column] = stay(-1.5 + 3.0 * column / size, -1.5 + 3.0 * row / size)
