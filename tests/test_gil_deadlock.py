"""gil_deadlock: the opposite order is stuck at the second lock of each thread; one order never is."""

import json
import os
import subprocess
import sys

import gil_deadlock
import pytest
import stacks
import watchdog
from conftest import DEMOS, all_gone, until

LONG = ["--deadline", "10"]
PROCESSES = []
SOURCE = (DEMOS / "gil_deadlock.py").read_text().splitlines()
DUMP = """Timeout (0:00:00.500000)!
Thread 0x00007f1 [worker] (most recent call first):
  File "/a b/gil_deadlock.py", line 34 in save
  File "/a b/gil_deadlock.py", line 50 in work
  File "/usr/lib/threading.py", line 975 in run

Thread 0x00007f2 [worker] (most recent call first):
  File "/a b/gil_deadlock.py", line 27 in spend
  File "/usr/lib/threading.py", line 975 in run

Thread 0x00007f3 [MainThread] (most recent call first):
  File "/usr/lib/threading.py", line 1053 in join
  File "/a b/gil_deadlock.py", line 61 in bank
  File "/a b/gil_deadlock.py", line 80 in <module>
"""


class Lock:
    """Tells when it is taken and given back."""

    def __init__(self, name, told):
        self.name, self.told = name, told

    def __enter__(self):
        self.told.append(f"+{self.name}")

    def __exit__(self, *_):
        self.told.append(f"-{self.name}")


class Moves:
    value = 0


@pytest.mark.parametrize(
    ("job", "first", "second"),
    [
        (gil_deadlock.spend, "savings", "checking"),
        (gil_deadlock.save, "checking", "savings"),
        (gil_deadlock.save_in_order, "savings", "checking"),
    ],
)
def test_the_order_of_the_locks(job, first, second, monkeypatch):
    told, moves = [], Moves()
    for name in ("savings", "checking"):
        monkeypatch.setattr(gil_deadlock, name, Lock(name, told))
    job(moves)
    assert told == [f"+{first}", f"+{second}", f"-{second}", f"-{first}"]
    assert moves.value == 1


def test_the_jobs_differ_only_by_the_order():
    assert {
        "opposite_order": (gil_deadlock.spend, gil_deadlock.save),
        "one_order": (gil_deadlock.spend, gil_deadlock.save_in_order),
    } == gil_deadlock.ORDERS


def test_one_is_stuck_at_the_second_lock_and_the_other_moves_everything(demo, tmp_path):
    done = demo("gil_deadlock", "--json", tmp_path / "record.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "record.json").read_text())
    moves = {run["variant"]: run["values"] for run in record["runs"]}
    assert moves["opposite_order"][0] < 2 * gil_deadlock.MOVES
    assert moves["one_order"] == [2 * gil_deadlock.MOVES]
    (where,) = record["attachments"]
    at = {line for line in where["alt"].splitlines() if line.endswith("<- waits")}
    second = {job: line_of(job, "        with ") for job in ("spend", "save")}
    assert at == {f"  line {n} in {job}: {SOURCE[n - 1].strip()}  <- waits" for job, n in second.items()}
    assert [line for line in where["alt"].splitlines() if line.startswith("thread")] == [
        "thread 1",
        "thread 2",
    ]
    assert "/" not in where["alt"]
    assert where["svg"].count("<text") == len(where["alt"].splitlines())


def line_of(job, beginning):
    """The number of the first line of a function that begins so."""
    start = SOURCE.index(f"def {job}(moves):")
    return next(n for n, line in enumerate(SOURCE[start:], start + 1) if line.startswith(beginning))


def test_the_stacks_are_cut_to_the_script_without_the_thread_that_waits_for_both():
    found = stacks.stacks(DUMP, "elsewhere/gil_deadlock.py", but="bank")
    assert found == [[(27, "spend")], [(34, "save"), (50, "work")]]


def test_a_bank_that_is_killed_is_one_line_and_no_hang():
    mark = watchdog.mark("GIL_DEADLOCK_TEST")
    command = [sys.executable, str(DEMOS / "gil_deadlock.py"), *LONG]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = subprocess.Popen(command, env=os.environ | mark, **pipes)
    assert until(lambda: any(process.num_threads() >= 3 for process in watchdog.marked(mark)), 20)
    max(watchdog.marked(mark), key=lambda process: process.num_threads()).kill()
    _, errors = running.communicate(timeout=20)
    assert running.returncode == 2
    assert errors == "gil_deadlock.py: a process could not start, or was killed: run it again\n"
    assert all_gone(mark)
