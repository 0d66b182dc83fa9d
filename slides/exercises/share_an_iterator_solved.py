"""Share an iterator, solved: one thread at a time takes the next task; all do theirs at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import check
from check import Task, do

lock = threading.Lock()  # one, for all threads


def do_all(tasks: Iterator[Task]) -> None:
    while True:
        with lock:
            task = next(tasks, None)
        if task is None:
            return
        do(task)  # takes a while, as do those of the others


if __name__ == "__main__":
    check.share_an_iterator(do_all)
