"""primes_pool: the known primes by every way, each task once, in its place but where that is not promised."""

import json
import multiprocessing.pool

import primes_pool
import pytest
from primes_pool import VARIANTS, counts, cut, same

LONG = ["--tasks", "150"]  # some seconds a row, and 150 MB
PROCESSES = []
FOUND = [86_817, 86_824, 86_762]  # primes in the first blocks, by NumPy and a sieve of another kind
ORDERED = [variant for variant in VARIANTS if "unordered" not in variant.__name__]


@pytest.mark.parametrize("variant", ORDERED)
def test_every_task_is_done_once_and_stands_in_its_place(variant):
    assert variant(cut(primes_pool.START, 3), workers=3) == FOUND


def test_unordered_they_are_the_same_but_as_they_come():
    assert sorted(primes_pool.pool_imap_unordered(cut(primes_pool.START, 3), 3)) == sorted(FOUND)


def slowly(task):
    """The first task's result comes last."""
    if task == 0:
        multiprocessing.Event().wait(0.5)
    return bytes([1]) * task


def test_only_one_variant_may_change_the_order(monkeypatch):
    monkeypatch.setattr(primes_pool, "sieve", slowly)
    for variant in ORDERED:
        assert variant([0, 1, 2], 2) == [0, 1, 2]
    assert primes_pool.pool_imap_unordered([0, 1, 2], 2)[2] == 0


@pytest.mark.parametrize(
    ("variant", "calls"),
    [("pool_map", ["map"]), ("pool_imap", ["imap"]), ("pool_imap_unordered", ["imap_unordered"])],
)
def test_the_pool_does_what_the_name_says_with_as_many_workers_as_asked(variant, calls, monkeypatch):
    seen = []

    class Pool:
        def __init__(self, workers):
            seen.append(workers)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            seen.append("ended")

        def __getattr__(self, name):
            seen.append(name)
            return lambda function, tasks, chunksize=1: map(function, tasks) if chunksize == 1 else []

    monkeypatch.setattr(primes_pool, "Pool", Pool)
    assert getattr(primes_pool, variant)([range(3, 10, 2)], 5) == [3]
    assert seen == [5, *calls, "ended"]


def test_the_executor_has_as_many_workers_as_asked(monkeypatch):
    seen, real = [], primes_pool.ProcessPoolExecutor
    monkeypatch.setattr(primes_pool, "ProcessPoolExecutor", lambda n: seen.append(n) or real(n))
    primes_pool.executor_map([range(3, 10, 2)], 3)
    assert seen == [3]


def test_no_worker_is_left():
    for variant in VARIANTS:
        variant([range(3, 10, 2)], 2)
        assert not multiprocessing.active_children()


def test_the_same_is_each_as_often():
    assert same([1, 2, 2], [2, 1, 2])
    assert not same([1, 2, 2], [1, 1, 2])
    assert counts([b"\0\1", b"\0", b"\1\1\1"]) == [1, 0, 3]


class Row:
    def __init__(self, variant, result):
        self.variant, self.result = variant, result


def test_results_in_another_place_are_counted(capsys):
    rows = [Row("a", [1, 2, 3]), Row("b", [1, 3, 2]), Row("c", [1, 2, 3])]
    assert list(primes_pool.with_order(rows)) == rows
    assert capsys.readouterr().out == "b: 2 of 3 results in another place than their task\n"


def test_its_rows_are_the_variants_with_the_known_primes(demo, tmp_path):
    done = demo("primes_pool", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["variant"] for run in runs] == [variant.__name__ for variant in VARIANTS]
    assert [sorted(run["result"]) for run in runs] == [sorted(FOUND)] * len(runs)
