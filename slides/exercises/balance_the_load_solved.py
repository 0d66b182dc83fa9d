"""Balance the load, solved: who is free gets the next six tasks, in one message."""

from __future__ import annotations

import check
from check import Answer, Engines, small_task


def share(engines: Engines, tasks: list[float]) -> list[Answer]:
    view = engines.load_balanced_view()
    return list(view.map_sync(small_task, tasks, chunksize=6))


if __name__ == "__main__":
    check.balance_the_load(share)
