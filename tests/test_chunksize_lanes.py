"""chunksize_lanes: every task is done once, a chunk by one worker, and the lanes say by whom and when."""

import json
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from time import perf_counter_ns
from types import SimpleNamespace

import chunksize_lanes
import pytest
from chunksize_lanes import EACH, START, cut, lanes, ordered, shuffled, stamped
from test_primes_queue import sieve

LONG = ["--numbers", "5000000"]  # a round of it takes a minute
PROCESSES = []
TASKS = cut(1000, 20)


@pytest.fixture(scope="module")
def pool():
    with ProcessPoolExecutor(2) as pool:
        yield pool


@pytest.mark.parametrize(("numbers", "parts"), [(1000, 32), (40_000, 32), (40_001, 96), (1000, 1)])
def test_the_tasks_hold_every_number_once_and_grow_as_1_2_3(numbers, parts):
    tasks = cut(numbers, parts)
    assert len(tasks) == parts
    assert [n for task in tasks for n in task] == list(range(START, START + numbers))
    first = 2 * numbers / (parts * (parts + 1))
    assert all(abs(len(task) - i * first) <= 1 for i, task in enumerate(tasks, 1))


def test_a_stamp_is_the_count_the_worker_the_times_and_the_task():
    before = perf_counter_ns()
    count, pid, start, end, name = stamped(range(90, 110))
    assert before <= start < end <= perf_counter_ns()
    assert (count, pid, name) == (5, os.getpid(), "20 numbers")  # 97, 101, 103, 107, 109


@pytest.mark.parametrize("order", [ordered, shuffled])
@pytest.mark.parametrize("chunksize", [1, 6, 20])
def test_every_task_is_done_once_in_chunks_that_one_worker_has(order, chunksize, pool):
    stamps = {}
    primes = len(sieve(START, START + 1000))
    before = perf_counter_ns()
    assert order(pool, TASKS, stamps, chunksize) == primes
    ((key, done),) = stamps.items()
    assert key == (order.__name__, chunksize)
    counts, pids, starts, ends, names = zip(*done, strict=True)
    assert sum(counts) == primes
    assert sorted(names) == sorted(f"{len(task)} numbers" for task in TASKS)
    for i in range(0, 20, chunksize):
        assert len(set(pids[i : i + chunksize])) == 1
        assert list(starts[i : i + chunksize]) == sorted(starts[i : i + chunksize])
    assert before < min(starts)  # a clock that processes share
    assert max(ends) < perf_counter_ns()


@pytest.mark.parametrize("order", [ordered, shuffled])
@pytest.mark.parametrize("chunksize", [1, 6, 20])
def test_the_chunksize_is_handed_on(order, chunksize):
    class Pool:
        def map(self, function, tasks, chunksize):
            asked.append(chunksize)
            return map(function, tasks)

    asked = []
    order(Pool(), TASKS, {}, chunksize)
    assert asked == [chunksize]


def test_the_shuffle_is_one_and_the_same_every_time(pool):
    found, before = [], list(TASKS)
    for _ in range(2):
        stamps = {}
        shuffled(pool, TASKS, stamps, 20)
        found.append([name for *_, name in stamps["shuffled", 20]])
    assert found[0] == found[1] != [f"{len(task)} numbers" for task in TASKS]
    assert before == TASKS


def test_the_lanes_are_in_ms_from_the_first_start_to_the_last_end(monkeypatch):
    monkeypatch.setattr(
        chunksize_lanes, "active_children", lambda: [SimpleNamespace(pid=pid) for pid in (60, 80, 70, 50)]
    )
    ms = 10**6
    stamps = {
        ("ordered", 1): [
            (1, 70, 5 * ms, 6 * ms, "1 numbers"),
            (1, 50, 4 * ms, 8 * ms, "2 numbers"),
            (1, 70, 7 * ms, 9 * ms, "3 numbers"),
        ],
        ("ordered", EACH): [(1, 50, 20 * ms, 22 * ms, "1 numbers")],
        ("shuffled", EACH): [(1, 60, 31 * ms, 33 * ms, "9 numbers"), (1, 50, 30 * ms, 31 * ms, "8 numbers")],
        ("ordered", 99): [(1, 80, 0, 50 * ms, "a run that is not shown")],
    }
    assert list(lanes(stamps)) == [
        (
            "ordered",
            "assigned",
            5.0,
            {
                "worker 0": [(0.0, 4.0, "2 numbers")],
                "worker 1": [],
                "worker 2": [(1.0, 2.0, "1 numbers"), (3.0, 5.0, "3 numbers")],
                "worker 3": [],
            },
            {"tasks": "ordered", "chunksize": 1},
        ),
        (
            "ordered",
            "assigned",
            2.0,
            {"worker 0": [(0.0, 2.0, "1 numbers")], "worker 1": [], "worker 2": [], "worker 3": []},
            {"tasks": "ordered", "chunksize": EACH},
        ),
        (
            "shuffled",
            "assigned",
            3.0,
            {
                "worker 0": [(0.0, 1.0, "8 numbers")],
                "worker 1": [(1.0, 3.0, "9 numbers")],
                "worker 2": [],
                "worker 3": [],
            },
            {"tasks": "shuffled", "chunksize": EACH},
        ),
    ]


@pytest.mark.parametrize("workers", [1, 3])
def test_its_record_has_a_curve_for_each_order_and_three_times_all_lanes(workers, demo, tmp_path):
    options = ("--quick", "--workers", workers, "--numbers", 2000, "--json", tmp_path / "r.json")
    done = demo("chunksize_lanes", *options)
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    sizes = sorted({1, 2, 4, 8, EACH, EACH * workers})
    rows = [(run["variant"], run["parameters"], run["result"]) for run in record["runs"]]
    primes = len(sieve(START, START + 2000))
    assert rows == [(way, {"chunksize": size}, primes) for size in sizes for way in ("ordered", "shuffled")]
    assert len(record["lanes"]) == 3
    for picture in record["lanes"]:
        assert picture["kind"] == "assigned"
        assert list(picture["workers"]) == [f"worker {i}" for i in range(workers)]
        spans = [span for lane in picture["workers"].values() for span in lane]
        assert len(spans) == EACH * workers
        assert sum(int(name.split()[0]) for *_, name in spans) == 2000
        assert 0 <= min(start for start, _, _ in spans) < max(end for _, end, _ in spans) <= picture["window"]
        for lane in picture["workers"].values():  # one task at a time
            assert all(end <= start for (_, end, _), (start, _, _) in pairwise(lane))
