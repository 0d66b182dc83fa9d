"""Rank 0 waits for a word of rank 1, which fails before it says it. mpi_crash.py starts this and looks on."""

import os
import sys

from doomed_ranks import begin


def exception():
    return 1 / 0


def kill():
    os.kill(os.getpid(), 9)  # as the system does where memory runs out


def work(comm, fault):
    if comm.rank == 0:
        comm.recv(source=1)
    else:
        fault()
        comm.send("done", dest=0)


if __name__ == "__main__":
    work(begin(), {"exception": exception, "kill": kill}[sys.argv[1]])
