"""primes_workers: the known number of primes with every number of workers, and pools that are as large."""

import json
import multiprocessing

import primes_workers
import pytest
from primes_workers import START, cut, processes

LONG = ["--tasks", "3000", "--workers", "1"]  # a call takes half a minute
PROCESSES = []
FOUND = [108_524, 108_510, 108_278]  # primes in the first blocks, by NumPy and a sieve of another kind


@pytest.mark.parametrize("workers", [1, 3])
def test_every_task_is_done_once(workers):
    assert processes(cut(START, 3), workers) == sum(FOUND)
    assert not multiprocessing.active_children()


def test_the_pool_is_as_large_as_asked_and_gets_one_task_at_a_time(monkeypatch):
    seen, real = [], primes_workers.Pool

    def pool(workers):
        seen.append(workers)
        made = real(workers)
        monkeypatch.setattr(made, "map", lambda *args, chunksize: seen.append(chunksize) or [1])
        return made

    monkeypatch.setattr(primes_workers, "Pool", pool)
    assert processes([], 3) == 1
    assert seen == [3, 1]


@pytest.mark.parametrize(("workers", "steps"), [(1, [1, 2, 4]), (3, [1, 3, 6, 12]), (4, [1, 2, 4, 8, 16])])
def test_its_rows_go_up_to_four_times_the_workers(workers, steps, demo, tmp_path):
    options = ["--tasks", 1, "--rounds", 2, "--workers", workers, "--json", tmp_path / "r.json"]
    done = demo("primes_workers", *options)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["parameters"] for run in runs] == [{"workers": p} for p in steps]
    assert {(run["variant"], run["result"], len(run["values"])) for run in runs} == {
        ("processes", FOUND[0], 2)
    }
