"""The nth Fibonacci number: by Python's own loop, by that loop with types, and by a loop in C."""

cdef extern from "cython_fib_limit.c":
    long long fibonacci(int n)


def untyped(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def typed(int n):
    cdef long long a, b
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def c_loop(int n):
    return fibonacci(n)
