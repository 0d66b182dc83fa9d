"""What mpi_spawn.py starts, once for each of its children: a share of pi, for the parent."""

import numpy as np
from mpi4py import MPI
from mpi_pi import share


def work(parent):
    n = np.zeros((), "i8")
    parent.Bcast(n, root=0)
    mine = np.array(share(int(n), parent.rank, parent.size), "d")
    parent.Ireduce(mine, None, op=MPI.SUM, root=0).Wait()
    parent.Disconnect()


if __name__ == "__main__":
    work(MPI.Comm.Get_parent())
