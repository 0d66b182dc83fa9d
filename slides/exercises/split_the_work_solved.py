"""Split the work, solved: small pieces, and the long tasks first, so that what is done last is short."""

import check
from check import Answer, CountingPool, work


def share(pool: CountingPool, tasks: list[float]) -> list[Answer]:
    answers = list(pool.map(work, tasks[::-1], chunksize=8))
    return answers[::-1]


if __name__ == "__main__":
    check.split_the_work(share)
