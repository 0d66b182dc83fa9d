"""mpi_deadlock: two sends wait for each other from some size on, two other ways do not; doomed_ranks.py."""

import json
import os
import subprocess
import sys

import doomed_ranks
import mpi_deadlock
import pytest
import watchdog
from conftest import DEMOS, run_line, until
from harness import CannotRun
from mpi_deadlock import SIZES, WAYS, nonblocking, send_and_receive, send_then_receive

LONG = ["--deadline", "20"]
PROCESSES = []
STARTS = 8  # threads: of the demo, its guard, mpiexec, its proxy, and two a rank once MPI runs
SOURCE = (DEMOS / "mpi_deadlock.py").read_text().splitlines()


class Comm:
    """A rank of two; it notes what it is asked to do."""

    def __init__(self, rank=0):
        self.rank, self.calls = rank, []

    def __getattr__(self, name):
        def call(*args, **more):
            self.calls.append((name, *args, *more.items()))
            return Comm.Request(self, name)

        return call

    class Request:
        def __init__(self, comm, name):
            self.comm, self.name = comm, name

        def Wait(self):
            self.comm.calls.append((f"Wait for {self.name}",))


def test_both_send_before_they_receive():
    comm = Comm()
    send_then_receive(comm, 1, "message", "received")
    assert comm.calls == [("Send", "message", 1), ("Recv", "received", 1)]


def test_one_call_does_both():
    comm = Comm()
    send_and_receive(comm, 1, "message", "received")
    assert comm.calls == [("Sendrecv", "message", 1, ("recvbuf", "received"), ("source", 1))]


def test_both_are_under_way_before_any_is_waited_for():
    comm = Comm()
    nonblocking(comm, 1, "message", "received")
    assert sorted(comm.calls[:2]) == [("Irecv", "received", 1), ("Isend", "message", 1)]
    assert sorted(comm.calls[2:]) == [("Wait for Irecv",), ("Wait for Isend",)]


@pytest.mark.parametrize("way", [send_and_receive, nonblocking])
def test_a_rank_may_even_send_to_itself(way):
    from mpi4py import MPI

    message, received = os.urandom(2**22), bytearray(2**22)
    way(MPI.COMM_SELF, 0, message, received)
    assert received == message


@pytest.mark.parametrize("rank", [0, 1])
def test_messages_grow_and_rank_0_says_how_far(rank, monkeypatch, capsys):
    comm, sent = Comm(rank), []
    monkeypatch.setattr(mpi_deadlock, "begin", lambda: comm)
    monkeypatch.setattr(mpi_deadlock, "tell_when_asked", lambda rank: None)

    def exchange(comm, other, message, received):
        assert set(message) == {rank}
        assert len(message) == len(received)
        sent.append(len(message))
        received[:] = bytes([other]) * len(received)

    mpi_deadlock.grow(exchange)
    assert sent == [1024 << doubled for doubled in range(11)]
    assert comm.calls == [("Barrier",)] * 11
    assert capsys.readouterr().out.split() == [str(bytes // 1024) for bytes in sent] * (rank == 0)


def test_a_message_that_does_not_arrive_is_noticed(monkeypatch):
    monkeypatch.setattr(mpi_deadlock, "begin", lambda: Comm(0))
    monkeypatch.setattr(mpi_deadlock, "tell_when_asked", lambda rank: None)
    with pytest.raises(AssertionError):
        mpi_deadlock.grow(lambda *_: None)


def test_one_way_hangs_from_some_size_on_and_the_others_pass_it(demo, tmp_path):
    done = demo("mpi_deadlock", "--quick", "--json", tmp_path / "r.json")
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    found = {run["variant"]: (run["parameters"]["outcome"], *run["values"]) for run in record["runs"]}
    outcome, most = found.pop("send_then_receive")
    assert outcome == "hangs"
    assert 0 <= most < SIZES[-1]
    assert found == {"send_and_receive": ("passes", 1024), "nonblocking": ("passes", 1024)}
    (picture,) = record["attachments"]
    head, first, *stacks, second, third = picture["alt"].splitlines()
    assert head.split() == ["KiB", *map(str, SIZES)]
    number = len([size for size in SIZES if size <= most])
    assert first.split() == ["send_then_receive", *["ok"] * number, "hangs"]
    assert head.index(f" {SIZES[number]} ") - first.index("hangs") in range(5)  # in its column
    assert second.split() == ["send_and_receive", *["ok"] * 11]
    assert third.split() == ["nonblocking", *["ok"] * 11]
    line = 1 + SOURCE.index("    comm.Send(message, other)")
    assert stacks == [f"  rank {rank} waits in line {line}: comm.Send(message, other)" for rank in (0, 1)]


def test_what_fails_is_no_hang(monkeypatch):
    told = doomed_ranks.Told([doomed_ranks.BEGUN, "1", "2", "", "AssertionError"])
    monkeypatch.setattr(mpi_deadlock, "watch", lambda words, least: told)
    with pytest.raises(CannotRun, match=r"^send_then_receive: AssertionError$"):
        list(mpi_deadlock.attempts(1))


def test_a_hang_at_the_first_size_and_no_stacks(monkeypatch):
    told = doomed_ranks.Told([doomed_ranks.BEGUN], hangs=True)
    asked = []
    monkeypatch.setattr(mpi_deadlock, "watch", lambda words, least: asked.append((words[-1], least)) or told)
    names = [way.__name__ for way in WAYS]
    assert [row[:3] for row in mpi_deadlock.attempts(7)] == [(name, 0, "hangs") for name in names]
    assert asked == [(f"from mpi_deadlock import *; grow({name})", 7) for name in names]


def test_without_mpi4py_one_line_says_so(demo, tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ModuleNotFoundError('not here', name='mpi4py')")
    done = demo("mpi_deadlock", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "mpi_deadlock.py: mpi4py is missing: pip install mpi4py\n"


# --- doomed_ranks.py, with a launcher that starts one process and no MPI ---------------------------------


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """Watch a process of these words of Python."""
    launcher = tmp_path / "launcher"
    launcher.write_text('#!/bin/sh\n[ "$1 $2" = "-n 2" ] && shift 2 && exec "$@"\n')
    launcher.chmod(0o755)
    monkeypatch.setenv("MPIEXEC", str(launcher))
    begun = f"import os, signal, sys, time; print({doomed_ranks.BEGUN!r}); "
    return lambda words, least=5.0: doomed_ranks.watch(["-c", begun + words], least)


def test_all_lines_are_heard_until_the_end(alone):
    told = alone("print('one'); print('two', file=sys.stderr); print(3, end='')")
    assert told.lines == [doomed_ranks.BEGUN, "one", "two", "3"]
    assert not told.hangs
    assert not told.stacks


def test_silence_is_a_hang_and_nothing_stays(alone, monkeypatch):
    ((name, value),) = (mark := watchdog.mark("SILENCE_TEST")).items()
    monkeypatch.setenv(name, value)
    told = alone("print('one'); time.sleep(60)", least=0.3)
    assert told.hangs
    assert told.lines == [doomed_ranks.BEGUN, "one"]
    assert 0.3 <= told.seconds < 20
    assert not watchdog.marked(mark)


def test_a_slow_start_lengthens_the_deadline(alone, tmp_path):
    launcher = tmp_path / "launcher"
    launcher.write_text('#!/bin/sh\nsleep 0.3; shift 2 && exec "$@"\n')
    told = alone("time.sleep(0.4); print('later')", least=0.1)
    assert told.lines[-1] == "later"
    assert not told.hangs


def test_where_it_stands_it_says_when_asked(alone):
    words = (
        f"import sys, time; sys.path.insert(0, {str(DEMOS)!r}); from doomed_ranks import *; "
        "tell_when_asked(7); print(BEGUN); time.sleep(60)"
    )
    told = doomed_ranks.watch(["-c", words], 0.1)
    if doomed_ranks.ASK:
        (stack,) = told.stacks
        assert "in <module>" in stack


def test_no_word_or_another_one_is_an_error(monkeypatch, alone):
    with pytest.raises(CannotRun, match=r"^mpiexec: ImportError: cannot load MPI library$"):
        doomed_ranks.watch(["-c", "raise ImportError('cannot load MPI library')"], 5)
    monkeypatch.setattr(doomed_ranks, "START", 0.2)
    with pytest.raises(CannotRun, match=r"^mpiexec: no word from the ranks within 0\.2 s$"):
        doomed_ranks.watch(["-c", "import time; time.sleep(60)"], 5)


def test_without_mpiexec_one_line_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.delenv("MPIEXEC", raising=False)
    with pytest.raises(CannotRun, match=r"^mpiexec is missing: pip install mpich$"):
        doomed_ranks.watch(["-c", ""], 1)
    monkeypatch.setenv("MPIEXEC", "srun")
    with pytest.raises(CannotRun, match=r"^srun is missing"):
        doomed_ranks.launcher.mpiexec()


def test_nothing_stays_of_a_demo_that_is_killed():
    mark = watchdog.mark("KILL_TEST")
    child = subprocess.Popen(
        [*run_line("mpi_deadlock"), *LONG], env=os.environ | mark, stdout=subprocess.DEVNULL
    )
    try:  # the demo, its guard, mpiexec and its proxy, two ranks
        assert until(lambda: len(watchdog.marked(mark)) >= 6), "the ranks did not start"
        child.kill()
        child.wait()
        assert until(lambda: not watchdog.marked(mark), 10)
    finally:
        watchdog.end(mark)
