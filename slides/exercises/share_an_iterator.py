"""Share an iterator: four threads take their tasks from one generator, and it refuses.

Each thread calls do_all() with the same tasks, a generator: it lets one thread in at a time. Mend do_all() so
that each task is done once, by any of the threads, and so that they still work at the same time.
Hint: a for loop calls next(tasks), and ends when there is none. next(tasks, None) gives None then.

    $ python build/exercises/share_an_iterator.py
"""

from __future__ import annotations

from collections.abc import Iterator

import check
from check import Task, do


def do_all(tasks: Iterator[Task]) -> None:
    for task in tasks:
        do(task)  # takes a while


if __name__ == "__main__":
    check.share_an_iterator(do_all)
