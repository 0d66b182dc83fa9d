"""cython_noexcept: all loops add up the same area; only a void call that may raise asks for the GIL."""

import json
import math
import shutil
import subprocess
import sys
import threading
import time

import cython_noexcept
import pytest
from conftest import DEMOS
from cython_noexcept import at_once, measure

pytest.importorskip("Cython", reason="Cython is missing")
from compiling import Missing, compiled

LONG = ["--repeats", "400"]
PROCESSES = []
LOOPS = ["void_noexcept", "int_except", "void"]


@pytest.fixture(scope="module")
def module():
    try:
        return compiled("cython_noexcept.pyx", openmp=False)
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("n", [1, 2, 7, 1_000])
def test_each_loop_adds_up_the_area(module, loop, n):
    strips = math.fsum(4 / (1 + ((i + 0.5) / n) ** 2) for i in range(n)) / n
    assert getattr(module, loop)(n) == pytest.approx(strips, rel=1e-13)
    assert strips == pytest.approx(math.pi, abs=0.0834 / n**2)


def test_only_the_void_function_that_may_raise_makes_cython_ask_with_the_gil(tmp_path):
    shutil.copy(DEMOS / "cython_noexcept.pyx", tmp_path)
    cython = [sys.executable, "-m", "cython", "-3", "cython_noexcept.pyx"]
    told = subprocess.run(cython, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    hints = [line for line in told.splitlines() if line.startswith("performance hint")]
    assert len(hints) == 2
    assert all("'plain' will always require the GIL" in hint for hint in hints)
    code = (tmp_path / "cython_noexcept.c").read_text()
    assert code.count("__Pyx_ErrOccurredWithGIL())") == 1


def test_every_thread_has_all_calls_and_its_time(monkeypatch):
    seen = []

    def loop(calls):
        seen.append((threading.get_ident(), calls))
        time.sleep(0.002)
        return "area"

    ns, answer = at_once(loop, 100, 3, 5)
    assert answer == "area"
    assert [calls for _, calls in seen] == [100] * 15
    assert len({who for who, _ in seen}) == 3
    assert len(ns) == 15
    assert all(each >= 2e6 / 100 for each in ns)


def test_the_threads_begin_together(monkeypatch):
    waits = []

    class Barrier(threading.Barrier):
        def wait(self, timeout=10):
            waits.append(self.parties)
            return super().wait(timeout)

    monkeypatch.setattr(cython_noexcept.threading, "Barrier", Barrier)
    at_once(lambda calls: None, 1, 3, 2)
    assert waits == [3] * 6


def test_its_rows_have_the_same_answer_for_one_thread_and_for_more(module, tmp_path):
    rows = list(measure(500, 2, 3))
    assert [(row[0], row[4]["threads"], len(row[1])) for row in rows] == [
        (loop, threads, 2 * int(threads)) for threads in "13" for loop in LOOPS
    ]
    assert {row[2:4] for row in rows} == {("a call", "ns")}
    assert {row[-1] for row in rows} == {module.void(500)}
    assert cython_noexcept.main(["--quick", "--json", str(tmp_path / "r.json")]) == 0
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["result"] for run in runs] == [module.void(1_000)] * 6
