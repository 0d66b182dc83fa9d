"""mpi_shared_window: the same sum with and without messages, and one array for all ranks."""

import json
import math

import mpi_shared_window
import numpy as np
import pytest
from harness import CannotRun
from mpi4py import MPI

LONG = ["--n", "300000000"]


@pytest.mark.parametrize("ranks", [1, 3])
def test_the_same_sum_and_a_share_of_the_memory(demo, tmp_path, ranks):
    file = tmp_path / "record.json"
    done = demo("mpi_shared_window", "--n", 1001, "--json", file, ranks=ranks)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads(file.read_text())["runs"]
    times, memory = runs[:2], runs[2:]
    assert [run["result"] for run in times] == [math.fsum(range(1001))] * 2
    assert [run["values"] for run in memory] == [[0.008008 * ranks], [0.008008]]


def test_every_number_is_added_once():
    class Rank:
        size = 3

    shares = []
    for Rank.rank in range(3):
        shares.append(mpi_shared_window.share(Rank, np.arange(10.0)))
    assert shares == [0 + 3 + 6 + 9, 1 + 4 + 7, 2 + 5 + 8]


def test_what_rank_0_writes_the_window_has():
    comm, private, shared, window = mpi_shared_window.both(MPI.COMM_SELF, 100)
    for _ in range(3):
        assert mpi_shared_window.window(comm, private, shared, window) == math.fsum(range(100))
    assert list(shared) == list(range(3, 103))
    assert list(private) == list(range(100))  # not the same memory
    window.Free()


def test_ranks_on_several_machines_are_told_so():
    class Apart:
        size = 2

        def Split_type(self, kind):
            return MPI.COMM_SELF

    with pytest.raises(CannotRun, match="on several machines"):
        mpi_shared_window.shared_memory(Apart(), 10)
