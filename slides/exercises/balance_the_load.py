"""Balance the load: each engine gets half of the tasks, and a slow one has still much to do at the end.

share() has engines do small_task(task) for each task, and lists the answers in the order of the tasks. The
script starts two engines, and slows one of them down. Mend share() so that the other one does most of the 240
tasks, and that 60 messages are enough for them.
Hint: the other view, which gives an engine the next task when it is free. Its map takes a chunksize.

    $ python build/exercises/balance_the_load.py
"""

from __future__ import annotations

import check
from check import Answer, Engines, small_task


def share(engines: Engines, tasks: list[float]) -> list[Answer]:
    view = engines.direct_view()
    return list(view.map_sync(small_task, tasks))


if __name__ == "__main__":
    check.balance_the_load(share)
