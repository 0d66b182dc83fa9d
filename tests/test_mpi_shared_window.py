"""mpi_shared_window: the same sums with and without messages, one array for all, and nothing left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import DEMOS
from harness import CannotRun

mpi_shared_window = pytest.importorskip("mpi_shared_window", reason="mpi4py or its MPI is missing")
np, MPI = mpi_shared_window.np, mpi_shared_window.MPI
LONG = ["--steps", "1000000"]
SHARED = Path("/dev/shm")
linux = pytest.mark.skipif(not SHARED.exists(), reason="no /dev/shm")


@pytest.mark.parametrize(("ranks", "shares"), [(2, 1000), (3, 2 * 666)])
def test_the_sums_are_right_with_messages_and_with_fences(demo, tmp_path, ranks, shares):
    done = demo("mpi_shared_window", "--n", 2000, "--steps", 7, "--json", tmp_path / "r.json", ranks=ranks)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"\n{ranks} of {ranks} ranks are on one node: " in done.stdout
    found = {}
    for run in json.loads((tmp_path / "r.json").read_text())["runs"]:
        found.setdefault(run["measure"], {})[run["variant"]] = run["values"]
    assert list(found) == ["time", "moved", "wrong"]
    assert [len(values) for values in found["time"].values()] == [6] * 2
    assert found["moved"] == {"messages": [8 * shares / 1e6], "shared_window": [0]}
    unfenced = found["wrong"].pop("without_Fence")
    assert found["wrong"] == {"messages": [0], "shared_window": [0]}
    assert 0 <= unfenced[0] <= 7


class Comm:
    """Rank 1 of two; all that is done goes into one list."""

    rank, size = 1, 2

    def __init__(self, late=0):
        self.done, self.late, self.whole = [], late, np.zeros(10)

    def Barrier(self):
        self.done.append("Barrier")

    def Fence(self):  # this is the window, too
        self.done.append("Fence")
        self.whole += 1  # so much has rank 0 written by now

    def Scatter(self, whole, own):
        self.whole += 1
        own[:] = self.whole[5:]

    def allreduce(self, value, op=None):
        self.done.append("allreduce")
        return 2 * value


def test_who_reads_waits_until_it_is_written_and_who_writes_until_it_is_read():
    comm = Comm()
    total = mpi_shared_window.shared_window(comm, comm, comm.whole, comm.whole[5:], None)
    assert comm.done == ["Fence", "allreduce", "Fence"]
    assert total == 10


def test_each_way_takes_all_steps_and_wrong_sums_are_counted():
    comm = Comm()
    seconds, moved, wrong = mpi_shared_window.taken(mpi_shared_window.messages, comm, comm, comm.whole, 9)
    assert (len(seconds), moved, wrong) == (8, 2 * 5 * 8 / 1e6, 0)
    assert comm.done.count("Barrier") == 9
    comm = Comm()
    seconds, moved, wrong = mpi_shared_window.taken(
        mpi_shared_window.without_Fence, comm, comm, comm.whole, 9
    )
    assert (len(seconds), moved, wrong) == (8, 0, 9)  # rank 0 never wrote


def test_a_rank_has_its_share_of_the_array_and_an_array_of_its_own():
    def probe(comm, window, whole, share, own):
        given.append((share, own))
        return 0

    given, comm = [], Comm()
    mpi_shared_window.taken(probe, comm, comm, comm.whole, 2)
    for share, own in given:
        share[0] = 7
        assert comm.whole.tolist() == [0] * 5 + [7] + [0] * 4
        assert own.tolist() == [0] * 5


@pytest.mark.parametrize(("rank", "size"), [(0, 56), (1, 0), (2, 0)])
def test_the_window_is_rank_0s_alone(monkeypatch, rank, size):
    class Win:
        def Allocate_shared(self, size, comm):
            asked.append(size)
            return self

        def Shared_query(self, rank):
            asked.append(rank)
            return bytes(56), 1

    asked, comm = [], Comm()
    comm.rank = rank
    monkeypatch.setattr(mpi_shared_window.MPI, "Win", Win())
    assert len(mpi_shared_window.shared_array(comm, 7)[1]) == 7
    assert asked == [size, 0]


def test_an_array_lies_in_the_window():
    window, whole = mpi_shared_window.shared_array(MPI.COMM_SELF, 7)
    whole[:] = range(7)
    memory, _ = window.Shared_query(0)
    assert np.frombuffer(memory).tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert np.shares_memory(np.frombuffer(memory), whole)
    window.Free()


@linux
def test_too_little_shared_memory_is_said_before_it_is_used(monkeypatch, capsys):
    usage = shutil.disk_usage(SHARED)._replace(free=8 * 1000 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage)
    with pytest.raises(CannotRun, match="too little shared memory: use a smaller --n "):
        next(mpi_shared_window.rows(MPI.COMM_SELF, 1000, 2))
    assert capsys.readouterr().out.startswith("1 of 1 ranks are on one node")


def of_our_ranks(mark):
    """The processes that carry a mark in their environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes() and (folder / "cmdline").read_bytes():
                yield int(folder.name)
        except OSError:
            pass


@linux
@pytest.mark.parametrize("victim", ["a rank", "mpiexec"])
def test_nothing_is_left_when_one_is_killed(victim, tmp_path):
    """A rank, or mpiexec; a Ctrl-C is the contract's."""
    mark = f"SHARED_WINDOW_{os.getpid()}_{victim[-4:]}"
    run_line = [
        "mpiexec",
        "-n",
        "2",
        sys.executable,
        "-u",
        "-m",
        "mpi4py",
        DEMOS / "mpi_shared_window.py",
        *LONG,
    ]
    environment = {**os.environ, "MARK": mark}
    text = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "env": environment, "text": True}
    with subprocess.Popen(run_line, **text) as mpiexec:
        assert "cores" in mpiexec.stdout.readline()
        assert "2 of 2 ranks" in mpiexec.stdout.readline()
        deadline = time.monotonic() + 10
        while not (used := segments(mark)) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert used  # the window is there
        found = [p for p in of_our_ranks(mark.encode()) if command(p).startswith(sys.executable)]
        os.kill(mpiexec.pid if victim == "mpiexec" else found[-1], signal.SIGKILL)
        mpiexec.stdout.read()
    deadline = time.monotonic() + 10
    while (alive := list(of_our_ranks(mark.encode()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive == []
    assert [name for name in used if Path(name).exists()] == []


def command(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def segments(mark):
    """The files of shared memory that our ranks have mapped, once the window is made.

    Its two have no names then; until all ranks have them mapped, no MPI can save them from a SIGKILL.
    """
    maps = [
        Path(f"/proc/{p}/maps") for p in of_our_ranks(mark.encode()) if command(p).startswith(sys.executable)
    ]
    lines = [line for each in maps for line in each.read_text().splitlines() if "/dev/shm/" in line]
    names = {line[line.index("/dev/shm/") :].split()[0] for line in lines}
    window = [name for name in names if "mpich_shar" in name]
    return names if len(window) == 2 and not any(Path(name).exists() for name in window) else set()


def test_one_rank_is_too_few(demo):
    done = demo("mpi_shared_window", "--quick", ranks=1)
    assert done.returncode == 2
    assert done.stderr.startswith("mpi_shared_window.py: needs at least 2 ranks, not 1; type: mpiexec -n 2 ")


def test_without_numpy_one_line_says_so(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    words, text = [sys.executable, DEMOS / "mpi_shared_window.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_shared_window.py: numpy is missing: pip install numpy\n"
