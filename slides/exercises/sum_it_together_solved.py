"""Sum it together, solved: each rank adds up its own prices, and allreduce adds up the sums for all."""

import check
from check import Comm, price


def total(comm: Comm, n: int) -> int:
    mine = sum(price(i) for i in range(comm.rank, n, comm.size))
    return int(comm.allreduce(mine))


if __name__ == "__main__":
    check.sum_it_together(total)
