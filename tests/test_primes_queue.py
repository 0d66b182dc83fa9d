"""primes_queue: every way counts the same primes, and ends with its workers gone."""

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import primes_queue
import pytest
import watchdog
from conftest import DEMOS
from crews import ready
from harness import CannotRun
from primes_queue import SIZES, START, by_length, work

LONG = ["--numbers", "100000"]  # the first row of a queue takes ten seconds
PROCESSES = []
WAYS = ["sequential", "queue", "manager_queue", "pool_map", "pool_map_chunks"]


def sieve(start, end):
    """The primes from start to end, by Eratosthenes."""
    composite = set()
    for d in range(2, int(end**0.5) + 1):
        composite.update(range(max(d * d, -(-start // d) * d), end, d))
    return [n for n in range(start, end) if n not in composite]


def test_every_way_counts_the_primes_and_at_the_end_no_worker_is_left():
    with ready(work, 2) as crew:
        for size in (1, 7, 300, 1):  # nothing is left in a queue
            tasks = [range(n, min(n + size, 300)) for n in range(2, 300, size)]
            counts = [getattr(primes_queue, way)(tasks, crew) for way in WAYS]
            assert counts == [62] * 5  # primes below 300
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("tasks", "workers", "chunksize"), [(8, 2, 1), (9, 2, 2), (800, 2, 100), (800, 4, 50)]
)
def test_the_chunks_are_a_fourth_of_a_share(tasks, workers, chunksize):
    asked = []
    pool = SimpleNamespace(map=lambda function, tasks, **options: asked.append(options) or [1, 2])
    crew = SimpleNamespace(pool=pool, workers=workers)
    assert primes_queue.pool_map_chunks([range(9)] * tasks, crew) == 3
    assert primes_queue.pool_map([range(9)] * tasks, crew) == 3
    assert asked == [{"chunksize": chunksize}, {}]


def test_a_worker_answers_every_task_until_its_sentinel_comes():
    asked, answers = iter([range(10), range(2), range(100), None, range(5)]), []
    work(SimpleNamespace(get=lambda: next(asked)), SimpleNamespace(put=answers.append))
    assert answers == [4, 0, 25]
    assert next(asked) == range(5)


def die(tasks, results):
    tasks.get()
    os._exit(1)


@pytest.mark.parametrize("way", ["queue", "manager_queue"])
def test_a_worker_that_dies_is_one_line_and_no_hang(way):
    with pytest.raises(CannotRun, match="killed"), ready(die, 2) as crew:
        getattr(primes_queue, way)([range(3)] * 5, crew)
    for process in multiprocessing.active_children():  # what the end of a demo does
        process.kill()
        process.join()


def test_a_manager_that_dies_is_one_line():
    with pytest.raises(CannotRun, match="manager"), ready(work, 1) as crew:
        (manager,) = (each for each in multiprocessing.active_children() if "Manager" in each.name)
        manager.kill()
        primes_queue.manager_queue([range(3)], crew)
    for process in multiprocessing.active_children():
        process.kill()
        process.join()


def run(variant, values):
    return SimpleNamespace(variant=variant, values=values)


def passed_on(monkeypatch, times, numbers=240):
    """What by_length makes of runs with these times for each number a task; and the tasks it asked for."""
    monkeypatch.setattr(primes_queue, "ready", lambda *_: contextlib.nullcontext("a crew"))
    asked = []

    def compared(tasks, crew):
        assert crew == "a crew"
        asked.append(tasks)
        return [run(way, [seconds]) for way, seconds in times[len(asked) - 1].items()]

    return list(by_length(compared, numbers, 2)), asked


def test_the_tasks_of_each_length_hold_every_number_once(monkeypatch):
    _, asked = passed_on(monkeypatch, [{"sequential": 1.0}] * len(SIZES))
    for tasks, size in zip(asked, SIZES, strict=True):
        assert {len(task) for task in tasks} == {size}
        assert [n for task in tasks for n in task] == list(range(START, START + 240))


def test_a_row_is_a_rate_and_knows_the_length_of_its_tasks(monkeypatch):
    rows, _ = passed_on(monkeypatch, [{"sequential": 0.002, "queue": 0.001}] * len(SIZES), numbers=250)
    for i, size in enumerate(SIZES):
        number = -(-250 // size) * size  # the last task is as long as all
        for row, ms in zip(rows[2 * i : 2 * i + 2], (2, 1), strict=True):
            assert row.values == [pytest.approx(number / ms)]
            assert (row.measure, row.unit, row.cpu_seconds) == ("tested", "numbers/ms", None)
            assert row.parameters == {"µs a task": 8 * size, "numbers": size}  # 0.002 s / 250


def test_the_last_line_says_from_which_length_on_a_way_gains(monkeypatch, capsys):
    queue = [2.0, 0.5, 1.5, 0.9, 0.5]  # once faster, then slower again: that does not count
    pool = [0.5] * 5
    manager = [2.0, 2.0, 2.0, 2.0, 1.0]
    times = [
        {"sequential": 0.012, "queue": 0.012 * q, "manager_queue": 0.012 * m, "pool_map": 0.012 * p}
        for q, m, p in zip(queue, manager, pool, strict=True)
    ]
    passed_on(monkeypatch, times, numbers=12_000)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Faster than sequential: pool_map from 1 µs a task on, queue from 40 µs a task on"


def test_its_rows_are_the_five_ways_for_each_length(demo, tmp_path):
    done = demo("primes_queue", "--quick", "--numbers", "120", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["parameters"]["numbers"]) for run in runs] == [
        (way, size) for size in SIZES for way in WAYS
    ]
    assert {run["result"] for run in runs} == {len(sieve(START, START + 120))}
    assert done.stdout.splitlines()[-1].startswith("Faster than sequential: ")


@pytest.mark.parametrize("phase", ["queue", "manager_queue"])
def test_ctrl_c_ends_it_while_queues_are_full(phase):
    mark = watchdog.mark("PRIMES_QUEUE_TEST")
    command = [sys.executable, str(DEMOS / "primes_queue.py"), "--numbers", "2500"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=os.environ | mark, start_new_session=True, **pipes)
    try:
        before = WAYS[WAYS.index(phase) - 1]
        assert any(line.endswith(f" {before}\n") for line in child.stdout)
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        left = watchdog.marked(mark)
    finally:
        watchdog.end(mark)
    assert child.returncode == 130
    assert errors == "primes_queue.py: interrupted\n"
    assert not left
