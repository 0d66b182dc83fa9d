"""numba_parallel: right answers in all variants, work rightly counted, and each row with its threads."""

import ast
import inspect
import json
import math
import re

import fusion
import numba_parallel
import numpy as np
import pytest
from numba_parallel import VARIANTS, copy, measure, roots, triad

LONG = ["--size", "0.01", "--repeats", "30000"]  # soon at what is parallel, and then for long
PROCESSES = []


def nested_roots(a, *_):
    y = 0.0
    for _ in range(8):
        y = math.sqrt(a + y)
    return y


ANSWERS = {triad: lambda a, b, c: a + b * c, copy: lambda a, *_: a, roots: nested_roots}


def kernel(function):
    return getattr(function, "py_func", function)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda row: f"{row[0]} {kernel(row[1]).__name__}")
def test_every_variant_has_the_known_answer(variant):
    numbers = [(2.0, 3.0, 4.0), (0.5, -1.0, 7.0), (1.0, 1e9, 0.1), (0.0, 0.0, 0.0), (1.9, -3.0, 5.0)] * 7
    arrays = [np.array(column) for column in zip(*numbers, strict=True)]
    out = np.full(len(numbers), np.nan)
    assert variant[1](*arrays, out) is None
    assert out == pytest.approx([ANSWERS[kernel(variant[1])](*row) for row in numbers], rel=1e-14)


@pytest.mark.parametrize(("function", "arrays"), [(triad, 4), (copy, 2)])
def test_the_bytes_are_those_of_each_array_that_is_named(function, arrays):
    tree = ast.parse(inspect.getsource(function))
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert len(named & {"a", "b", "c", "out"}) == arrays
    assert {job for _, each, job, *_ in VARIANTS if kernel(each) is function} == {8 * arrays}


def test_the_operations_are_roots_and_sums():
    class Counted(float):
        done = 0

        def __add__(self, other):
            Counted.done += 1
            return Counted(float(self) + float(other))

        def sqrt(self):
            Counted.done += 1
            return Counted(math.sqrt(self))

    out = np.empty(1, object)
    roots(np.array([Counted(2)], object), None, None, out)
    assert {job for _, each, job, *_ in VARIANTS if kernel(each) is roots} == {Counted.done}
    assert out[0] == pytest.approx(2 * math.cos(math.pi / 2**9))  # a right angle, halved eight times (Viète)


@pytest.mark.parametrize(("workers", "steps"), [(1, [1]), (2, [1, 2]), (5, [1, 2, 3, 5])])
def test_only_what_is_parallel_is_measured_with_more_threads(workers, steps, monkeypatch):
    threads, seen = [], []

    def function(*arrays):
        seen.append((threads[-1], [len(array) for array in arrays]))

    rows = [("NumPy", function, 6, "memory", "GB/s"), ("in parallel", function, 4, "computing", "GFLOP/s")]
    monkeypatch.setattr(numba_parallel, "VARIANTS", rows)
    monkeypatch.setattr(numba_parallel.config, "NUMBA_NUM_THREADS", 5)
    monkeypatch.setattr(numba_parallel, "set_num_threads", threads.append)
    found = list(measure(3, 2, workers))
    assert seen == [(step, [3] * 4) for step in [1, *steps] for _ in range(1 + 2)]  # one to warm up
    assert [(row[0], *row[2:]) for row in found] == [
        ("NumPy", "memory", "GB/s", {"threads": "1"}),
        *(("in parallel", "computing", "GFLOP/s", {"threads": str(step)}) for step in steps),
    ]


def test_rates_are_the_work_by_the_seconds_without_the_first(monkeypatch):
    monkeypatch.setattr(numba_parallel, "VARIANTS", [("NumPy", print, 32, "memory", "GB/s")])
    monkeypatch.setattr(numba_parallel, "repeat", lambda *_, **__: [9.0, 2.0, 4.0])
    ((_, rates, *_),) = measure(1_000, 2, 1)
    assert rates == pytest.approx([16e-6, 8e-6])  # 32 kB in 2 s and in 4 s


def test_more_workers_than_numba_may_start_are_told_of():
    most = numba_parallel.config.NUMBA_NUM_THREADS
    with pytest.raises(numba_parallel.CannotRun, match=f"may start {most} thread"):
        next(measure(1, 1, most + 1))


def test_its_record_has_both_measures_and_what_was_fused(tmp_path):
    assert numba_parallel.main(["--quick", "--json", str(tmp_path / "r.json")]) == 0
    record = json.loads((tmp_path / "r.json").read_text())
    rows = [(run["measure"], run["variant"]) for run in record["runs"] if run["parameters"]["threads"] == "1"]
    both, shared = ["NumPy", "@njit", "@njit(parallel=True)"], "copy, parallel"
    assert rows == [("memory", name) for name in [*both, shared]] + [("computing", name) for name in both]
    (picture,) = record["attachments"]
    before, after = picture["alt"].split("After Optimisation")
    assert len(re.findall(r"\b\d+", before)) == 3  # a product, a sum, an assignment
    assert after.count("(parallel, fused with loop(s): ") == 1
    assert max(map(len, picture["alt"].splitlines())) <= 76
    assert "/" not in picture["alt"]


def test_the_picture_has_the_lines_that_tell_of_loops():
    class Compiled:
        def parallel_diagnostics(self, level):
            print(f"{'=' * 80}\nFunction f, /a/path/x.py (1)\n\ndef f(a):   |\n  a + 1-----| #{level}")
            print(f"{'-' * 30} After Optimisation {'-' * 30}\n+--1 (parallel, fused with loop(s): 0)\n ")

    name, words, svg = fusion.picture(Compiled())
    *source, ruler, after = words.splitlines()
    assert name == "fusion"
    assert source == ["def f(a):   |", "  a + 1-----| #1"]
    assert ruler == f"{'-' * 30} After Optimisation {'-' * 26}"
    assert after == "+--1 (parallel, fused with loop(s): 0)"
    assert svg.count("tspan") == 4  # two that stand out


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_parallel", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_parallel.py: numba is missing: pip install numba\n"
