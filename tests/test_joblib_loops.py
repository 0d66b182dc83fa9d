"""joblib_loops: every way does every task once, in as many workers, and leaves none of them."""

import json
import os
import signal
import subprocess
import sys
import time

import joblib
import joblib_loops
import loky_workers
import pytest
import watchdog
from conftest import DEMOS, until
from harness import Run

LONG = ["--limit", "800000"]  # some 3 s sequentially, then processes
PROCESSES = []
EVERY = dict.fromkeys([*joblib_loops.WAYS, *joblib_loops.WAYS_OF_TINY])  # one of them is in both


@pytest.fixture(scope="module", autouse=True)
def no_workers_left():
    yield
    loky_workers.end_workers()


@pytest.mark.parametrize("way", EVERY, ids=lambda way: way.__name__)
def test_every_way_does_every_task_once(way):
    assert way(abs, [-(2**i) for i in range(50)], 2) == 2**50 - 1  # a bit of the sum for each task


def test_each_way_has_as_many_workers_as_asked_and_its_backend(monkeypatch):
    asked = []

    class Parallel(joblib.Parallel):
        def __init__(self, **options):
            asked.append(
                (options["n_jobs"], options.get("backend", "loky"), options.get("batch_size", "auto"))
            )
            super().__init__(**options)

    real = joblib_loops.ProcessPoolExecutor
    monkeypatch.setattr(joblib_loops, "Parallel", Parallel)
    monkeypatch.setattr(joblib_loops, "ProcessPoolExecutor", lambda n: asked.append(n) or real(n))
    for way in (*joblib_loops.WAYS, joblib_loops.joblib_one_by_one):
        way(abs, range(9), 3)
    loky, one_by_one, threads = (3, "loky", "auto"), (3, "loky", 1), (3, "threading", "auto")
    assert asked == [3, loky, loky, threads, one_by_one]


def pid(_):
    return os.getpid()


def test_the_next_call_finds_the_workers_and_a_first_one_starts_others(monkeypatch):
    seen = []
    monkeypatch.setattr(joblib_loops, "sum", lambda pids: seen.append({*pids}), raising=False)
    for way in (
        joblib_loops.joblib_first_call,
        joblib_loops.joblib_processes,
        joblib_loops.joblib_first_call,
    ):
        way(pid, range(20), 2)
    first, again, anew = seen
    assert os.getpid() not in first | again | anew
    assert len(first | again) <= 2
    assert not (first | again) & anew


def test_its_rows_are_times_and_then_costs(demo, tmp_path):
    mark = watchdog.mark("JOBLIB_TEST")
    done = demo("joblib_loops", "--quick", "--json", tmp_path / "r.json", env=os.environ | mark)
    assert done.returncode == 0, done.stderr
    assert not watchdog.marked(
        mark
    )  # workers of joblib live on for five minutes, but not without their parent
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["measure"], run["unit"]) for run in runs] == [
        *((way.__name__, "time", "s") for way in joblib_loops.WAYS),
        *((way.__name__, "cost of a task", "µs") for way in joblib_loops.WAYS_OF_TINY),
    ]
    assert {run["result"] for run in runs} == {669, sum(range(100))}  # primes below 5,000
    assert {run["cpu_seconds"] for run in runs[: len(joblib_loops.WAYS)]} == {None}


def test_a_cost_is_micro_seconds_a_task_and_a_pool_that_lives_on_has_unknown_cpu_seconds(monkeypatch):
    run = Run("some", [1.0, 2.0], cpu_seconds=3.0)
    monkeypatch.setattr(joblib_loops, "compare", lambda *job: iter([run]))
    monkeypatch.setattr(joblib_loops, "record", lambda args, runs: list(runs))
    times, cost = joblib_loops.main(["--tiny", "100"])
    assert (times.values, times.cpu_seconds) == ([1.0, 2.0], None)
    assert (cost.values, cost.unit) == ([10_000.0, 20_000.0], "µs")


@pytest.mark.parametrize("before", ["pool_map", "joblib_first_call"])
def test_ctrl_c_ends_the_workers_of_joblib(before):
    mark = watchdog.mark("JOBLIB_TEST")
    command = [sys.executable, str(DEMOS / "joblib_loops.py"), "--limit", "400000"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=os.environ | mark, start_new_session=True, **pipes)
    try:
        assert any(line.endswith(f"{before}\n") for line in child.stdout)  # next come workers of joblib
        assert until(lambda: len(watchdog.marked(mark)) >= 3, 20)
        time.sleep(0.2)  # to be within the call, not between two
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        assert until(lambda: not watchdog.marked(mark), 2)
    finally:
        watchdog.end(mark)
    assert child.returncode == 130
    assert errors == "joblib_loops.py: interrupted\n"


def test_without_joblib_one_line_says_so(demo, tmp_path):
    (tmp_path / "joblib.py").write_text("raise ModuleNotFoundError('not here', name='joblib')")
    done = demo("joblib_loops", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "joblib_loops.py: joblib is missing: pip install joblib\n"
