"""oversubscription: as many processes and BLAS threads as a row says, and only right products count."""

import itertools
import json
import os
import subprocess
import sys
import time
from concurrent.futures import Future
from types import SimpleNamespace

import oversubscription
import pytest
from conftest import DEMOS
from oversubscription import in_pool, multiply, rate, threads_of_blas

LONG = ["--seconds", "2"]  # 4 rows of 4 times that
PROCESSES = []


class Matrix:
    """Of one entry; its n-th product is as told."""

    def __init__(self, products):
        self.products = products

    def __len__(self):
        return 1

    def __matmul__(self, other):
        return next(self.products)


@pytest.mark.parametrize(("products", "share"), [([6], 1), ([6, 5], 0.5), ([5], 0)])
def test_a_rate_counts_right_products_until_the_time_is_over(products, share, monkeypatch):
    ticks = itertools.count()  # of a clock that ticks once a product
    monkeypatch.setattr(oversubscription, "time", SimpleNamespace(perf_counter=ticks.__next__))
    assert rate(Matrix(itertools.cycle(products)), None, 10) == share
    assert next(ticks) == 11


@pytest.mark.parametrize("limit", [1, 3])
def test_blas_has_as_many_threads_as_the_limit_says_and_none_afterwards(limit):
    before = threads_of_blas()
    threads, busy, rates = multiply(128, 0.1, limit)  # threads that idle spin for 0.03 s
    assert threads == limit
    assert 0 < busy < limit + 0.5  # no more than that can compute
    assert len(rates) == 3
    assert threads_of_blas() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists the threads of a process")
@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"])
def test_the_default_is_what_the_system_sees_and_the_environment_sets(variable):
    script = "import os, oversubscription as o; n, *_ = o.multiply(256, .01, None); "
    script += "print(n, len(os.listdir('/proc/self/task')))"
    for number in (None, 1):
        env = {**os.environ, **({variable: str(number)} if number else {})}
        said = subprocess.check_output([sys.executable, "-c", script], cwd=DEMOS, env=env, text=True)
        threads, seen = map(int, said.split())
        assert threads == seen == (number or min(len(os.sched_getaffinity(0)), 64))


def test_a_pool_adds_up_what_its_processes_did(monkeypatch):
    answers = iter([(1, 0.5, [1.0, 2.0, 3.0]), (2, 1.1, [10.0, 20.0, 30.0])])
    asked = []

    class Pool:
        def __init__(self, number, initializer):
            asked.append(number)
            assert initializer.__self__.parties == number  # a barrier's wait

        def submit(self, *call):
            asked.append(call)
            future = Future()
            future.set_result(next(answers))
            return future

        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

    monkeypatch.setattr(oversubscription, "ProcessPoolExecutor", Pool)
    assert in_pool(2, 384, 0.1, None) == ("2 × 2", "1.6", [11.0, 22.0, 33.0])
    assert asked == [2, (multiply, 384, 0.1, None), (multiply, 384, 0.1, None)]


def pid(*job):
    time.sleep(0.3)  # so long, that nobody takes a second job
    return os.getpid(), 0.0, []


def test_each_process_does_the_job_once(monkeypatch):
    monkeypatch.setattr(oversubscription, "multiply", pid)
    seen = []
    monkeypatch.setattr(oversubscription, "max", lambda pids: seen.append(pids), raising=False)
    in_pool(3)
    (pids,) = seen
    assert len({*pids, os.getpid()}) == 4


def test_its_rows_are_processes_times_threads(demo, tmp_path):
    default = threads_of_blas()
    done = demo("oversubscription", "--quick", "--workers", 3, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["parameters"]["threads"]) for run in runs] == [
        ("sequential", "1 × 1"),
        ("blas_threads", f"1 × {default}"),
        ("processes", f"3 × {default}"),
        ("processes_limited", "3 × 1"),
    ]
    assert {(run["measure"], run["unit"], len(run["values"])) for run in runs} == {("products", "/s", 3)}


def test_a_blas_that_cannot_be_limited_is_told_of(monkeypatch):
    monkeypatch.setattr(oversubscription, "threadpool_info", list)
    with pytest.raises(oversubscription.CannotRun, match="conda-forge"):
        next(oversubscription.measured(8, 0.01, 2))


@pytest.mark.parametrize("package", ["numpy", "threadpoolctl"])
def test_without_a_package_one_line_says_so(package, demo, tmp_path):
    missing = f"raise ModuleNotFoundError('not here', name={package!r})"
    (tmp_path / f"{package}.py").write_text(missing)
    done = demo("oversubscription", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == f"oversubscription.py: {package} is missing: pip install {package}\n"
