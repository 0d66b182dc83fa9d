"""mpi_buffers: after either broadcast each rank has rank 0's numbers, all of them."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import DEMOS

mpi_buffers = pytest.importorskip("mpi_buffers", reason="mpi4py or its MPI is missing")
LONG = ["--size", "1", "--times", "1000000"]
CHECK = """
import mpi_buffers, numpy as np
comm = mpi_buffers.MPI.COMM_WORLD
for broadcast in (mpi_buffers.bcast, mpi_buffers.Bcast):
    numbers = mpi_buffers.array(comm, 1000)
    assert broadcast(comm, numbers, 1) == [999] * comm.size
    received = comm.gather(numbers.tolist())
    if comm.rank == 0:
        print(broadcast.__name__, [each == list(range(1000)) for each in received])
"""


def test_only_the_upper_case_one_fills_the_array_that_is_there():
    words = ["mpiexec", "-n", "3", sys.executable, "-m", "mpi4py", "-c", CHECK]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=DEMOS)
    assert done.stdout == "bcast [True, False, False]\nBcast [True, True, True]\n"
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("megabytes", [0.008, 0.1])
def test_all_ranks_have_the_last_number(megabytes, demo, tmp_path):
    done = demo("mpi_buffers", "--size", megabytes, "--json", tmp_path / "r.json", ranks=3)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    assert [run["variant"] for run in record["runs"]] == ["bcast", "Bcast"]
    last = round(megabytes * 1e6 / 8) - 1
    assert [run["result"] for run in record["runs"]] == [[last] * 3] * 2


@pytest.mark.parametrize("times", [1, 3])
def test_each_way_is_repeated_as_often_as_asked(times):
    calls = []

    class Comm:
        def bcast(self, numbers, root):
            calls.append("bcast")
            return numbers

        def Bcast(self, numbers, root):
            calls.append("Bcast")

        def allgather(self, number):
            return [number]

    for broadcast in (mpi_buffers.bcast, mpi_buffers.Bcast):
        assert broadcast(Comm(), [4, 5], times) == [5]
    assert calls == ["bcast"] * times + ["Bcast"] * times


def test_the_memory_is_there_beforehand():
    assert mpi_buffers.array(type("Comm", (), {"rank": 0}), 5).tolist() == [0, 1, 2, 3, 4]
    assert mpi_buffers.array(type("Comm", (), {"rank": 1}), 5).tolist() == [0] * 5
    assert mpi_buffers.array(mpi_buffers.MPI.COMM_SELF, 10).nbytes == 10 * np.dtype(int).itemsize


def test_without_numpy_one_line_says_so(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    words, text = [sys.executable, DEMOS / "mpi_buffers.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_buffers.py: numpy is missing: pip install numpy\n"
