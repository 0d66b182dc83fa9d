"""numba_prange: both ways reduce every number once, and the errors are those against exact arithmetic."""

import functools
import json
import math
from fractions import Fraction

import pytest

pytest.importorskip("numba", reason="numba is missing")
import numba
import numba_prange
import numpy as np
from numba_prange import COLUMNS, VARIANTS, add, jobs, measure, multiply

LONG = ["--repeats", "600"]
PROCESSES = []
COMPILERS = {variant: functools.cache(compiler) for variant, compiler in VARIANTS.items()}


@pytest.fixture(autouse=True)
def compiled_once(monkeypatch):
    for variant, compiler in COMPILERS.items():
        monkeypatch.setitem(VARIANTS, variant, compiler)
    yield
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_number_is_reduced_once(variant):
    assert VARIANTS[variant](add)(np.arange(1001.0)) == 1000 * 1001 // 2
    table = np.ones((14, COLUMNS))
    table[::2, ::125] = 2  # 7 × 8 times: no rounding
    assert VARIANTS[variant](multiply)(table) == 2.0**56


def test_the_oracle_is_exact():
    (_, _, numbers, total), (_, _, table, product) = jobs(3 * COLUMNS)
    assert numbers.shape == (3 * COLUMNS,)
    assert table.shape == (3, COLUMNS)
    assert Fraction(total) == pytest.approx(sum(map(Fraction, numbers.tolist())), rel=2**-53)
    whole = math.prod(int(Fraction(x) * 2**53) for x in table.flat)
    right = Fraction(whole, 2 ** (53 * table.size))
    assert abs(product - right) <= 2 * math.ulp(product)
    assert 0 < table.std() < 2e-4
    assert len({*numbers.tolist()}) > 2900


@pytest.mark.parametrize("workers", [1, numba.config.NUMBA_NUM_THREADS])
def test_times_come_first_then_errors_with_the_digits(workers):
    rows = list(measure(50 * COLUMNS, 3, workers))
    assert numba.get_num_threads() == workers
    found = [(variant, measured, where["reduction"]) for variant, _, measured, _, where in rows]
    assert found == [(way, "time", job) for job in ("sum", "product") for way in ("range", "prange")] + [
        (way, "error", job) for job in ("sum", "product") for way in ("math.fsum", "range", "prange")
    ]
    assert [len(values) for _, values, *_ in rows] == [3] * 4 + [1] * 6
    for (*_, total), errors in zip(jobs(50 * COLUMNS), (rows[4:7], rows[7:]), strict=True):
        assert float(errors[0][-1]["answer"]) == total
        for _, (error,), _, unit, where in errors:
            assert error == abs(float(where["answer"]) - total) / math.ulp(total)
            assert unit == "ulp"
        exact, ordered, shared = (where["answer"] for *_, where in errors)
        assert exact != ordered
        assert (shared == ordered) == (workers == 1)  # then it is the order of range


def test_the_size_and_repeats_are_heeded(tmp_path):
    file = tmp_path / "r.json"
    options = ["--size", "0.002", "--repeats", "4", "--workers", "1", "--json", str(file)]
    assert numba_prange.main(options) == 0
    runs = json.loads(file.read_text())["runs"]
    assert [len(run["values"]) for run in runs] == [4] * 4 + [1] * 6
    assert float(runs[4]["parameters"]["answer"]) == math.fsum(np.random.default_rng(2018).random(2000))


def test_more_workers_than_numba_has_threads_are_one_line(demo):
    done = demo("numba_prange", "--workers", 3, env={"NUMBA_NUM_THREADS": "2"})
    assert done.returncode == 2
    assert done.stderr.startswith("numba_prange.py: numba may start 2 thread(s): use fewer --workers")
    assert len(done.stderr.splitlines()) == 1


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_prange", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_prange.py: numba is missing: pip install numba\n"
