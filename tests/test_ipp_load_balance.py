"""ipp_load_balance: each task is done once, in a block cut beforehand or by an engine that is free."""

import json
import os
from itertools import groupby, pairwise
from time import perf_counter_ns

import pytest
from cluster import cluster
from engine_lanes import engine_names
from ipp_load_balance import (
    EACH,
    START,
    VARIANTS,
    count_primes,
    cut,
    direct_view,
    load_balanced_view,
    same_counts,
    sequential,
)
from test_primes_queue import sieve

LONG = ["--numbers", "10000000"]  # half a minute without engines
PRIMES = sieve(START, START + 2000)


@pytest.fixture(scope="module")
def engines():
    """Two engines, to which a function goes as from a script."""
    module, count_primes.__module__ = count_primes.__module__, "__main__"
    with cluster(2) as engines:
        yield engines
    count_primes.__module__ = module


def expected(tasks):
    return [sum(n in task for n in PRIMES) for task in tasks]


@pytest.mark.parametrize(("numbers", "parts"), [(1000, 8), (100_000, 8), (100_001, 12), (1000, 1)])
def test_the_tasks_hold_every_number_once_and_grow_as_1_2_3(numbers, parts):
    tasks = cut(numbers, parts)
    assert len(tasks) == parts
    assert [n for task in tasks for n in task] == list(range(START, START + numbers))
    first = 2 * numbers / (parts * (parts + 1))
    assert all(abs(len(task) - i * first) <= 1 for i, task in enumerate(tasks, 1))


def test_an_answer_is_the_count_and_who_had_the_task_when():
    before = perf_counter_ns()
    count, (name, pid, start, end) = count_primes(range(90, 110))
    assert before <= start < end <= perf_counter_ns()
    assert (count, name, pid) == (5, "20 numbers", os.getpid())  # 97, 101, 103, 107, 109


def test_only_the_counts_must_be_the_same():
    assert same_counts([(1, "a"), (2, "b")], [(1, "c"), (2, "d")])
    assert not same_counts([(1, "a"), (2, "b")], [(2, "b"), (1, "a")])
    assert not same_counts([(1, "a"), (2, "b")], [(1, "a")])


@pytest.mark.parametrize("view", VARIANTS)
def test_every_task_is_done_once_and_answers_are_in_order(view, engines):
    tasks = cut(2000, 9)
    before = perf_counter_ns()
    counts, stamps = zip(*view(engines, tasks), strict=True)
    after = perf_counter_ns()
    assert list(counts) == expected(tasks)
    names, pids, starts, ends = zip(*stamps, strict=True)
    assert list(names) == [f"{len(task)} numbers" for task in tasks]
    assert before <= min(starts) < max(ends) <= after  # one clock
    here = view is sequential
    assert set(pids) <= ({os.getpid()} if here else set(engine_names(engines)))
    for pid in set(pids):  # one at a time
        mine = sorted((start, end) for _, who, start, end in stamps if who == pid)
        assert all(end <= start for (_, end), (start, _) in pairwise(mine))


def test_a_direct_view_cuts_one_block_for_each_engine(engines):
    pids = [pid for _, (_, pid, _, _) in direct_view(engines, cut(1000, 9))]
    blocks = [(pid, len(list(group))) for pid, group in groupby(pids)]
    assert [pid for pid, _ in blocks] == list(engine_names(engines))
    assert sorted(size for _, size in blocks) == [4, 5]


def test_a_load_balanced_view_gives_the_next_task_to_the_engine_that_is_free(engines):
    tasks = [range(START, START + 200_000), *cut(100, 4)]  # a long one, and short ones
    _, stamps = zip(*load_balanced_view(engines, tasks), strict=True)
    (_, busy, _, end), *others = stamps
    done_meanwhile = [pid for _, pid, start, _ in others if start < end]
    assert len(done_meanwhile) == 4
    assert busy not in done_meanwhile


def test_its_record_has_a_row_each_and_lanes_of_both_views(demo, tmp_path):
    workers = 3
    options = ("--quick", "--workers", workers, "--numbers", 2000, "--json", tmp_path / "r.json")
    done = demo("ipp_load_balance", *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    rows = [(run["variant"], run["measure"], run["result"], run["cpu_seconds"]) for run in record["runs"]]
    primes = sum(n < START + 2000 for n in PRIMES)
    assert rows == [(way.__name__, "time", primes, None) for way in VARIANTS]
    assert [lanes["parameters"] for lanes in record["lanes"]] == [
        {"view": "direct_view"},
        {"view": "load_balanced_view"},
    ]
    for lanes in record["lanes"]:
        assert lanes["kind"] == "assigned"
        assert lanes["variant"] == lanes["parameters"]["view"]
        assert list(lanes["workers"]) == [f"engine {i}" for i in range(workers)]
        names = [name for spans in lanes["workers"].values() for *_, name in spans]
        assert sorted(names) == sorted(f"{len(task)} numbers" for task in cut(2000, EACH * workers))
    assert record["lanes"][0]["workers"] != record["lanes"][1]["workers"]
    first = record["lanes"][0]["workers"]["engine 0"]
    assert [name for *_, name in first] == [f"{len(task)} numbers" for task in cut(2000, EACH * workers)[:4]]


def test_a_profile_without_a_cluster_is_one_line(demo):
    done = demo("ipp_load_balance", "--quick", "--profile", "no_such_profile")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "no_such_profile" in done.stderr
    assert "ipcluster start" in done.stderr


def test_without_ipyparallel_one_line_says_so(demo, tmp_path):
    (tmp_path / "ipyparallel.py").write_text("raise ModuleNotFoundError('not here', name='ipyparallel')")
    done = demo("ipp_load_balance", "--quick", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "ipp_load_balance.py: ipyparallel is missing: pip install ipyparallel\n"
