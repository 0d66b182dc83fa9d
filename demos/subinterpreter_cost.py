"""A pool of interpreters starts like one of processes; what it is given is copied, but for a memoryview.

Pools of one worker: the time from none to the first result, then of an argument there and back, unchanged.
Look for: processes that start sooner; a memoryview that costs the same at any size; a list that costs most.

    $ python demos/subinterpreter_cost.py
"""

import sys
from concurrent import futures
from functools import partial
from itertools import starmap
from multiprocessing import get_all_start_methods, get_context
from time import perf_counter

from harness import Number, Run, ctrl_c_is_mine, parse_args, record

METHODS = get_all_start_methods()  # the first is the default of this Python
PROCESSES = f"processes, {METHODS[0]}"
PASSED = {"threads": [bytes], "subinterpreters": [bytes, memoryview, list], PROCESSES: [bytes, list]}
KB = {bytes: [1, 100, 10_000], memoryview: [1, 100, 10_000], list: [1, 100]}  # 10,000: seconds for a list
STARTS = Number(7, 1, most=1000, about="of each kind of pool")
TRIPS = Number(7, 1, most=10_000, about="of each argument")


def same(argument):
    return argument


def some(kind, kb):
    """So many bytes, or a list of numbers of 8 bytes."""
    return [n / 7 for n in range(125 * kb)] if kind is list else kind(bytearray(1000 * kb))


def pools():
    """How to make a pool of each kind that this Python has."""
    yield "threads", futures.ThreadPoolExecutor
    if hasattr(futures, "InterpreterPoolExecutor"):  # since 3.14
        yield "subinterpreters", futures.InterpreterPoolExecutor
    for method in METHODS:
        yield f"processes, {method}", partial(futures.ProcessPoolExecutor, mp_context=get_context(method))


def first_result(make):
    """The milliseconds from no pool to its first result."""
    start = perf_counter()
    with ctrl_c_is_mine(), make(1) as pool:
        pool.submit(same, None).result()
        return (perf_counter() - start) * 1e3


def there_and_back(pool, argument):
    """The microseconds from an argument to the same as a result."""
    start = perf_counter()
    pool.submit(same, argument).result()
    return (perf_counter() - start) * 1e6


def costs(starts, trips):
    """A row for each kind of pool, then for what it is given; the first value is apart, as the warm-up."""
    for name, make in pools():
        warm_up, *ms = [first_result(make) for _ in range(starts + 1)]
        yield name, ms, "start", "ms", {}, warm_up / 1e3
    for name, make in pools():
        with make(1) as pool:
            with ctrl_c_is_mine():
                pool.submit(same, None)  # starts the worker
            for kind, kb in ((each, kb) for each in PASSED.get(name, []) for kb in KB[each]):
                argument, variant = some(kind, kb), f"{name.partition(',')[0]}, {kind.__name__}"
                warm_up, *us = [there_and_back(pool, argument) for _ in range(trips + 1)]
                yield variant, us, "there and back", "µs", {"kB": kb}, warm_up / 1e6


def main(argv=None):
    args = parse_args(__doc__, argv, python="subinterpreters", starts=STARTS, trips=TRIPS)
    return record(args, starmap(Run, costs(args.starts, args.trips)))


if __name__ == "__main__":
    sys.exit(main())
