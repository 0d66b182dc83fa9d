"""What workers get is pickled: of a function no more than its name, of some things nothing at all.

A real pool gets what comes to mind and then its mend, --times times. An error comes with the result only.
Look for: the bytes that go to a worker, none where there is an error; and what this Python says of it.

    $ python demos/pickling_errors.py
"""

import pickle
import sys
import textwrap
import threading
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import Manager

import textpicture
from harness import Attachment, Run, ctrl_c_is_mine, parse_args, record


def double(x):
    return 2 * x


def count_lines(file):
    return len(list(file))


def open_and_count(name):
    with open(name, encoding="utf-8") as file:
        return count_lines(file)


def take(lock):
    with lock:
        return "taken"


def tasks(manager):
    """A function and its argument: what comes to mind, followed by its mend."""
    return {
        "a lambda": (lambda x: 2 * x, 21),
        "a module's function": (double, 21),
        "an open file": (count_lines, open(__file__, encoding="utf-8")),
        "its name": (open_and_count, __file__),
        "a generator": (sum, (n * n for n in range(10))),
        "a list": (sum, [n * n for n in range(10)]),
        "a thread's lock": (take, threading.Lock()),
        "a manager's lock": (take, manager.Lock()),
    }


def attempts(times):
    """A row for each task; in the end the picture of the errors."""
    errors = []
    with ctrl_c_is_mine():
        manager = Manager()
    with manager, ProcessPoolExecutor(1) as pool:
        with ctrl_c_is_mine():
            pool.submit(double, 0)  # starts the worker
        for name, task in tasks(manager).items():
            try:
                answers = [pool.submit(*task).result() for _ in range(times)]
                answer, sent = str(answers[-1]), len(pickle.dumps(task))
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                answer, sent = "error", 0
                errors += textwrap.wrap(f"{name}: {type(error).__name__}: {error}", 76)
            yield [(name, [sent], "pickled", "bytes", {"answer": answer})], []
    yield [], [("errors", "\n".join(errors), textpicture.draw(errors, r"\w+Error"))]


def main(argv=None):
    args = parse_args(__doc__, argv, times=(1, 1))
    tried = attempts(args.times)
    shown = ([*(Run(*row) for row in rows), *(Attachment(*at) for at in errors)] for rows, errors in tried)
    return record(args, chain.from_iterable(shown))


if __name__ == "__main__":
    sys.exit(main())
