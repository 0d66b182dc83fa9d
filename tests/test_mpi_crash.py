"""mpi_crash: an exception on one rank hangs the other, unless -m mpi4py started them; a kill does not."""

import json

import doomed_ranks
import mpi_crash
import mpi_crash_child
import pytest
from conftest import DEMOS
from test_mpi_deadlock import Comm

LONG = ["--deadline", "20"]
PROCESSES = []
STARTS = 8  # threads: of the demo, its guard, mpiexec, its proxy, and two a rank once MPI runs


def test_rank_0_waits_for_the_word_of_rank_1():
    comm = Comm(0)
    mpi_crash_child.work(comm, None)
    assert comm.calls == [("recv", ("source", 1))]


def test_rank_1_fails_before_it_says_it():
    comm = Comm(1)
    with pytest.raises(ZeroDivisionError):
        mpi_crash_child.work(comm, mpi_crash_child.exception)
    assert comm.calls == []
    mpi_crash_child.work(comm, lambda: None)
    assert comm.calls == [("send", "done", ("dest", 0))]


def test_killed_means_by_the_system(monkeypatch):
    sent = []
    monkeypatch.setattr(mpi_crash_child.os, "getpid", lambda: 17)
    monkeypatch.setattr(mpi_crash_child.os, "kill", lambda *to: sent.append(to))
    mpi_crash_child.kill()
    assert sent == [(17, 9)]


def test_each_launch_says_itself_how_it_ends(demo, tmp_path):
    for _ in range(3):
        done = demo("mpi_crash", "--quick", "--json", tmp_path / "r.json")
        assert (done.returncode, done.stderr) == (0, "")
        record = json.loads((tmp_path / "r.json").read_text())
        if "Abort(1)" in record["attachments"][0]["alt"]:  # mpiexec may lose a rank's last words
            break
    assert {run["variant"]: run["parameters"]["outcome"] for run in record["runs"]} == {
        "python child.py": "hangs",
        "python -m mpi4py child.py": "aborts",
        "python child.py, kill -9": "aborts",
    }
    (picture,) = record["attachments"]
    _, hung, aborted, killed = picture["alt"].split("mpiexec -n 2 ")
    assert hung.splitlines()[1:-1] == ["    ZeroDivisionError: division by zero"]
    assert "hangs: ended by the deadline after " in hung
    words = " ".join(aborted.split())
    assert "ZeroDivisionError: division by zero Abort(1) on node 1 (rank 1 in comm 0): " in words
    assert "application called MPI_Abort(MPI_COMM_WORLD, 1) - process 1 aborts: over after " in words
    assert "Killed (signal 9)" in killed
    assert "Error" not in killed
    assert max(map(len, picture["alt"].splitlines())) <= 76


def test_the_first_two_launches_differ_in_nothing_but_how_they_start_python():
    plain, by_mpi4py, killed = mpi_crash.CASES.values()
    assert by_mpi4py == ["-m", "mpi4py", *plain]
    assert plain[0] == killed[0]
    assert (DEMOS / plain[0]).exists()


def test_rows_are_what_was_told(monkeypatch):
    line = (
        "Abort(1) on node 1 (rank 1 in comm 0): application called MPI_Abort(MPI_COMM_WORLD, 1) - process 1"
    )
    told = iter([
        doomed_ranks.Told(["begun", "KeyError: 'x'", "RUNNING AT home"], 1.5, True),
        doomed_ranks.Told(["begun", line], 0.25),
        doomed_ranks.Told(["EXIT STRING: Killed (signal 9)"], 0.125),
    ])  # fmt: skip
    asked = []
    monkeypatch.setattr(mpi_crash, "watch", lambda words, least: asked.append((words, least)) or next(told))
    rows = list(mpi_crash.attempts(3))
    assert asked == [(words, 3) for words in mpi_crash.CASES.values()]
    assert [row[0] for row in rows] == list(mpi_crash.CASES)
    assert [row[1:3] for row in rows] == [(1.5, "hangs"), (0.25, "aborts"), (0.125, "aborts")]
    assert rows[0][3][1:] == ["    KeyError: 'x'", "    hangs: ended by the deadline after 1.50 s"]


def test_without_mpi4py_one_line_says_so(demo, tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ModuleNotFoundError('not here', name='mpi4py')")
    done = demo("mpi_crash", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "mpi_crash.py: mpi4py is missing: pip install mpi4py\n"
