"""gustafson_fit: strong scaling shares the same work, weak scaling gives every worker as much."""

import json
from contextlib import nullcontext

import gustafson_fit
import pytest
from harness import Run
from test_amdahl_fit import PRIMES, Pool

LONG = ["--units", "8000"]
PROCESSES = []


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_strong_is_the_same_work_and_weak_is_more(workers):
    pool = Pool()
    assert gustafson_fit.strong(pool, 20, 0.1, workers) == 20 * PRIMES
    assert sum(pool.parts) == 18
    assert gustafson_fit.weak(pool, 20, 0.1, workers) == (2 + 18 * workers) * PRIMES
    assert pool.parts == [18] * workers


def test_the_laws_are_the_published_ones():
    assert gustafson_fit.gustafson(0.004, 1024) == pytest.approx(1020, abs=0.2)  # from his paper of 1988
    assert gustafson_fit.amdahl(0.05, 10**9) == pytest.approx(20)
    for law in (gustafson_fit.amdahl, gustafson_fit.gustafson):
        assert law(0.3, 1) == 1
        assert law(0, 8) == 8
        assert law(1, 8) == 1


def test_times_become_work_a_millisecond_and_the_gain_stands_beside_the_law(capsys):
    runs = [
        Run("weak", [seconds, seconds], parameters={"workers": p}, result=result)
        for p, seconds, result in [(1, 1.0, 1000), (2, 1.0, 1900), (4, 2.0, 3700)]
    ]
    told = list(gustafson_fit.explain(nullcontext(), [runs], 0.1, cores=2))
    assert [run.values for run in told] == [[1.0, 1.0], [1.9, 1.9], [1.85, 1.85]]
    assert {(run.measure, run.unit) for run in told} == {("primes", "/ms")}
    assert [run.parameters["cores"] for run in told] == ["enough", "enough", "too few"]
    words = capsys.readouterr().out
    assert "1.90 with 2 (1.90)" in words
    assert "with 4" not in words


def test_its_rows_are_both_scalings_at_every_step(demo, tmp_path):
    done = demo("gustafson_fit", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["parameters"]["workers"], run["result"]) for run in runs] == [
        *[("strong", p, 12 * PRIMES) for p in (1, 2, 4)],
        *[("weak", p, (1 + 11 * p) * PRIMES) for p in (1, 2, 4)],
    ]
