"""Split the work: two workers share uneven tasks, and one of them is idle half of the time.

share() has the pool do all tasks, the long ones last, and lists the answers in the order of the tasks. Mend
it so that both workers are busy nearly to the end; but each piece that is sent costs time: make 40 at most.
Hint: a piece holds chunksize tasks, and whoever has done one gets the next. Which piece is done last?

    $ python build/exercises/split_the_work.py
"""

import check
from check import Answer, CountingPool, work


def share(pool: CountingPool, tasks: list[float]) -> list[Answer]:
    half = len(tasks) // 2  # there are two workers
    return list(pool.map(work, tasks, chunksize=half))


if __name__ == "__main__":
    check.split_the_work(share)
