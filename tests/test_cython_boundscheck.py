"""cython_boundscheck: one text, four builds that add alike; the check brings a fence into the loop."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import cython_boundscheck
import numpy as np
import psutil
import pytest
from conftest import DEMOS
from cython_boundscheck import ways

LONG = ["--rounds", "1000"]
PROCESSES = []
NAMES = ["sequential", "sequential with check", "prange", "prange with check"]


def test_four_builds_add_every_number_once():
    found = ways(3)
    assert list(found) == NAMES
    assert {threads for _, threads in found.values()} == {3}
    assert [add(2.0 ** np.arange(53), 3) for add, _ in found.values()] == [2**53 - 1] * 4  # a bit each


def test_the_builds_differ_by_flag_and_check(monkeypatch):
    def compiled(file, openmp, boundscheck):
        return SimpleNamespace(add=(file, openmp, boundscheck))

    monkeypatch.setattr(cython_boundscheck, "compiled", compiled)
    assert {name: add for name, (add, _) in ways(1).items()} == {
        "sequential": ("cython_sum.pyx", False, False),
        "sequential with check": ("cython_sum.pyx", False, True),
        "prange": ("cython_sum.pyx", True, False),
        "prange with check": ("cython_sum.pyx", True, True),
    }


@pytest.mark.parametrize("name", NAMES)
def test_only_prange_has_threads(name):
    add, _ = ways(1)[name]
    before = psutil.Process().num_threads()
    add(np.ones(1000), before + 9)
    after = psutil.Process().num_threads()
    assert after >= before + 9 if "prange" in name else after == before


@pytest.mark.parametrize("check", [False, True])
def test_the_check_brings_a_fence_into_each_iteration(check, tmp_path):
    file, directive = tmp_path / "sum.c", f"boundscheck={check}"
    command = [sys.executable, "-m", "cython", "-3", "-X", directive, str(DEMOS / "cython_sum.pyx")]
    subprocess.run([*command, "-o", str(file)], check=True, capture_output=True)
    _, loop = re.split(r"#pragma omp for ", file.read_text())
    before, after = loop.split("total + (*((double *)")[:2]
    assert ("RaiseBufferIndexError" in before) == check
    assert ("omp flush(__pyx_parallel_why)" in after.split("Clean up")[0]) == check


def test_its_record_has_the_four_builds(tmp_path):
    assert cython_boundscheck.main(["--quick", "--json", str(tmp_path / "r.json")]) == 0
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["variant"] for run in runs] == NAMES
    assert all(len(run["values"]) == 2 for run in runs)


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("cython_boundscheck", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_boundscheck.py: numpy is missing: pip install numpy\n"
