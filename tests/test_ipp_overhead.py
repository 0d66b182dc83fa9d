"""ipp_overhead: every way does every task once, as often as it is asked, in chunks of the size it says."""

import contextlib
import json
import os
from types import SimpleNamespace

import ipp_overhead
import pytest
from harness import Run
from ipp_overhead import EACH, STEPS, WAYS, add_squares, direct_calls, load_balanced, measure
from ipp_overhead import load_balanced_in_chunks as in_chunks
from ipp_overhead import multiprocessing_pool as pool_map

PROCESSES = []
LONG = []  # it starts engines and has some seconds of work


def closed_form(steps):
    return (steps - 1) * steps * (2 * steps - 1) // 6


class Engines:
    """Stands for two engines: who was asked for what."""

    def __init__(self):
        self.calls, self.maps = [], []

    def __len__(self):
        return 2

    def __getitem__(self, number):
        def apply_async(function, *args):
            self.calls.append(number)
            return SimpleNamespace(get=lambda: function(*args))

        return SimpleNamespace(apply_async=apply_async)

    def load_balanced_view(self):
        def map_async(function, items, chunksize):
            self.maps.append((len(items), chunksize))
            return SimpleNamespace(get=lambda: list(map(function, items)))

        return SimpleNamespace(map_async=map_async)


class Pool:
    def __init__(self):
        self.maps = []

    def map(self, function, items, chunksize):
        self.maps.append((len(items), chunksize))
        return list(map(function, items))


@pytest.mark.parametrize("steps", [1, 2, 1000])
def test_a_task_is_the_sum_of_squares(steps):
    assert add_squares(steps) == closed_form(steps)


@pytest.mark.parametrize("way", WAYS)
def test_every_task_is_done_once_with_as_many_steps_as_asked(way):
    assert way(Engines(), Pool(), 7, 30) == [closed_form(30)] * 7
    assert way(Engines(), Pool(), 4, 200) == [closed_form(200)] * 4


def test_what_is_sent_in_one_message():
    engines, pool = Engines(), Pool()
    direct_calls(engines, pool, 5, 10)
    assert engines.calls == [0] * 5
    load_balanced(engines, pool, 6, 10)
    in_chunks(engines, pool, 6, 10)
    pool_map(engines, pool, 6, 10)
    assert engines.maps == [(6, 1), (6, 3)]
    assert pool.maps == [(6, 1)]


def test_rows_are_the_cost_of_the_shortest_and_the_efficiency_of_all(monkeypatch):
    def in_turns(ways, engines, pool, tasks, steps, rounds):
        assert (ways, tasks, steps) == (WAYS, EACH * 2, [1, 9])
        assert rounds >= 3
        yield Run("sequential", [0.8, 0.8, 4.0], parameters={"steps": 1}, result=[1] * tasks)
        yield from (
            Run(way.__name__, [1.6, 3.2, 1.6], parameters={"steps": 1}, result=[1] * tasks)
            for way in WAYS[1:]
        )
        yield Run("sequential", [8.0, 8.0, 8.0], parameters={"steps": 9}, result=[2] * tasks)
        yield Run("direct_calls", [4.0, 8.0, 5.0], parameters={"steps": 9}, result=[2] * tasks)

    class Cluster:
        def __init__(self, workers, profile):
            asked.append((workers, profile))

        def __enter__(self):
            return Engines()

        def __exit__(self, *_):
            pass

    def pool(workers):
        asked.append(workers)
        return contextlib.nullcontext()

    asked = []
    monkeypatch.setattr(ipp_overhead, "cluster", Cluster)
    monkeypatch.setattr(ipp_overhead, "Pool", pool)
    rows = list(measure(in_turns, [1, 9], 3, "mine"))
    assert asked == [3, (3, "mine")]
    costs, shares = rows[:5], rows[5:]
    assert [(row.measure, row.unit, row.parameters, row.result) for row in costs] == [
        ("cost of a task", "ms", {}, EACH * 2)
    ] * 5
    assert costs[0].values == [100, 100, 500]
    assert costs[1].values == [200, 400, 200]
    assert {(row.measure, row.unit, row.result) for row in shares} == {("efficiency", "%", EACH * 2)}
    assert [(row.parameters, row.values) for row in shares] == [
        ({"ms of work": 100}, [50, 50, 10]),
        *[({"ms of work": 100}, [25, 12, 25])] * 4,
        ({"ms of work": 1000}, [50, 50, 50]),
        ({"ms of work": 1000}, [100, 50, 80]),
    ]


def test_its_record_has_a_curve_for_each_way(demo, tmp_path):
    """The harness compares the answers that came from engines and pool with ours."""
    options = ("--quick", "--workers", 3, "--json", tmp_path / "r.json")
    done = demo("ipp_overhead", *options, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    names = [way.__name__ for way in WAYS]
    assert [(run["measure"], run["variant"]) for run in runs] == [
        *(("cost of a task", name) for name in names),
        *(("efficiency", name) for _ in range(2) for name in names),
    ]
    lengths = [run["parameters"]["ms of work"] for run in runs[5:]]
    assert len(set(lengths[:5])) == len(set(lengths[5:])) == 1
    assert 0 < lengths[0] != lengths[5] > 0
    assert {run["result"] for run in runs} == {EACH * 3}


def test_the_lengths_of_tasks_are_for_a_logarithmic_axis():
    assert sorted(STEPS) == STEPS
    assert STEPS[-1] / STEPS[0] > 100


def test_a_profile_without_a_cluster_is_one_line(demo):
    done = demo("ipp_overhead", "--quick", "--profile", "no_such_profile")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "no_such_profile" in done.stderr


def test_without_ipyparallel_one_line_says_so(demo, tmp_path):
    (tmp_path / "ipyparallel.py").write_text("raise ModuleNotFoundError('not here', name='ipyparallel')")
    done = demo("ipp_overhead", "--quick", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "ipp_overhead.py: ipyparallel is missing: pip install ipyparallel\n"
