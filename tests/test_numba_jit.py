"""numba_jit: loops, NumPy and compiled loops agree; the first process compiles, the second loads."""

import json
import math
import time

import numba_jit
import numpy as np
import pytest
from numba import config, njit
from numba_jit import CALLS, arrays, calls, calls_of_compiled, loops

LONG = ["--size", "700"]  # loops in Python for half a second or more, then compiling, then the other process
PROCESSES = []


@pytest.mark.parametrize("function", [loops, arrays, njit(loops)])
def test_the_trace_of_tanh_is_added_everywhere(function):
    a = np.array([[0.5, -3.0, 8.0], [7.0, -1.0, 6.0], [5.0, 4.0, 2.0]])
    before = a.copy()
    trace = math.fsum([math.tanh(0.5), math.tanh(-1.0), math.tanh(2.0)])
    assert np.allclose(function(a), [[a[i][j] + trace for j in range(3)] for i in range(3)], rtol=1e-14)
    assert np.array_equal(a, before)


def test_the_first_call_is_apart_and_the_answer_is_that_of_the_matrix():
    sizes = []

    def function(a):
        sizes.append(a.shape)
        time.sleep(0.02 if len(sizes) == 1 else 0.001)
        return a + 1

    first, later, total = calls(function, 3)
    assert sizes == [(3, 3)] * (CALLS + 1)  # the last gives the answer
    assert len(later) == CALLS - 1
    assert first >= 20 > min(later) >= 1
    assert total == pytest.approx(math.fsum(i / 8 + 1 for i in range(9)))


def test_what_is_compiled_once_is_found_again(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr(config, "CACHE_DIR", "")
    monkeypatch.setattr(
        numba_jit, "njit", lambda **options: lambda f: made.append(njit(**options)(f)) or made[-1]
    )
    answers = [calls_of_compiled(7, str(tmp_path))[-1] for _ in range(2)]
    assert [sum(each.stats.cache_misses.values()) for each in made] == [1, 0]
    assert [sum(each.stats.cache_hits.values()) for each in made] == [0, 1]
    assert answers == [pytest.approx(loops(np.linspace(0, 1, 49).reshape(7, 7)).sum())] * 2


def test_its_rows_agree_and_say_when_compiling_is_paid_for(demo, tmp_path):
    done = demo(
        "numba_jit", "--size", 60, "--json", tmp_path / "r.json", env={"NUMBA_CACHE_DIR": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    python, _, first, _, later = record["runs"]
    assert [len(run["values"]) for run in record["runs"]] == [CALLS - 1, CALLS - 1, 1, 1, CALLS - 1]
    assert {(run["measure"], run["unit"]) for run in record["runs"]} == {("time", "ms")}
    trace = math.fsum(
        math.tanh(61 * i / 3599) for i in range(60)
    )  # 61 numbers from one of the diagonal to the next
    assert [run["result"] for run in record["runs"]] == [pytest.approx(1800 + 3600 * trace, rel=1e-12)] * 5
    a_call, instead_of = (sorted(run["values"])[CALLS // 2 - 1] for run in (later, python))
    saved = math.ceil((first["values"][0] - a_call) / (instead_of - a_call))
    assert done.stdout.splitlines()[-1].startswith(f"Compiling is paid for after {saved:,} calls ")
    assert list(tmp_path.iterdir()) == [tmp_path / "r.json"]  # its cache is its own


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_jit", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_jit.py: numba is missing: pip install numba\n"
