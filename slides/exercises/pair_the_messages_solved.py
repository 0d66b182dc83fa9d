"""Pair the messages, solved: one call sends and receives, and MPI sees to the order."""

import check
from check import Comm

with check.needs_packages():
    import numpy as np


def pass_on(comm: Comm, mine: np.ndarray) -> np.ndarray:
    following, before = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    theirs = np.empty_like(mine)
    comm.Sendrecv(mine, dest=following, recvbuf=theirs, source=before)
    return theirs


if __name__ == "__main__":
    check.pair_the_messages(pass_on)
