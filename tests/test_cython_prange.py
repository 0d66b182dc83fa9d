"""cython_prange: every number is added once, by as many threads as asked for; without the flag by one."""

import json
import math
import random

import cython_prange
import numpy as np
import psutil
import pytest
from compiling import CannotRun, compiled
from cython_prange import measure, ways

LONG = ["--rounds", "1000"]
PROCESSES = []


@pytest.mark.parametrize("threads", [1, 2, 3, 100])
@pytest.mark.parametrize("way", ways(1))
def test_every_number_is_added_once(way, threads):
    add = ways(1)[way][0]
    assert add(np.arange(30.0), threads) == 435  # as in the workshop of 2018
    assert add(2.0 ** np.arange(53), threads) == 2**53 - 1  # a bit each
    assert add(np.array([-1.5]), threads) == -1.5
    numbers = [random.Random(2018).uniform(-1, 2) for _ in range(10_007)]
    assert add(np.array(numbers), threads) == pytest.approx(math.fsum(numbers), rel=1e-12)


def test_all_but_the_first_are_asked_for_the_workers():
    assert {name: threads for name, (_, threads) in ways(5).items()} == {
        "one thread": 1,
        "prange": 5,
        "C with OpenMP": 5,
        "no OpenMP flag": 5,
    }


@pytest.mark.parametrize("way", ways(1))
def test_only_the_flag_brings_threads(way):
    add, threads = ways(9)[way]
    before = psutil.Process().num_threads()
    add(np.ones(1000), before + 9 if threads > 1 else 1)
    after = psutil.Process().num_threads()
    assert after == before if way in ("one thread", "no OpenMP flag") else after >= before + 9


def test_ways_take_turns_and_their_seconds_are_told_apart(monkeypatch):
    calls, clock, cpu = [], iter(range(100)), iter(10 * i for i in range(100))
    monkeypatch.setattr(cython_prange, "NUMBERS", 30)
    monkeypatch.setattr(cython_prange, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(cython_prange, "process_time", lambda: next(cpu))

    def adding(name):
        def add(numbers, threads):
            calls.append((name, threads))
            return sum(numbers)

        return add

    rows = measure(lambda workers: {"a": (adding("a"), 1), "b": (adding("b"), workers)}, 4, 2, 3)
    assert list(rows) == [
        ("a", [1, 1, 1], "time", "s", {}, 1, 30),
        ("b", [1, 1, 1], "time", "s", {}, 1, 30),
    ]
    assert calls == [("a", 1), ("a", 1), ("b", 4), ("b", 4)] * (1 + 3)


def test_a_single_wrong_sum_is_told_of(monkeypatch):
    monkeypatch.setattr(cython_prange, "NUMBERS", 30)
    answers = iter([435.0, 435.0, 434.0])
    with pytest.raises(CannotRun, match=r"^wrong adds up to .*434"):
        list(measure(lambda _: {"wrong": (lambda *_: next(answers), 1)}, 1, 3, 1))


def test_its_record_has_the_four_ways_and_their_cpu_seconds(tmp_path):
    assert cython_prange.main(["--quick", "--json", str(tmp_path / "r.json")]) == 0
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["variant"] for run in runs] == list(ways(1))
    assert all(len(run["values"]) == 2 for run in runs)
    assert all(run["cpu_seconds"] > 0 for run in runs)


def test_without_a_compiler_one_line_says_so(tmp_path, monkeypatch, capsys):
    compiled.cache_clear()
    monkeypatch.setenv("CC", "no-such-compiler")
    assert cython_prange.main(["--quick"]) == 2
    compiled.cache_clear()
    errors = capsys.readouterr().err
    assert "no C compiler, no-such-compiler: " in errors
    assert len(errors.splitlines()) == 1


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("cython_prange", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_prange.py: numpy is missing: pip install numpy\n"
