"""numba_threading_layer: what each layer survives, in its own words, and nothing is left of what died."""

import json
import os
import sys
import threading
import time

import doomed
import numba_threading_layer
import pytest
import watchdog
from conftest import DEMOS
from doomed import outcomes, said, shown
from harness import Attachment, CannotRun, Run

LONG = ["--calls", "1000000000"]
PROCESSES = []
HERE = {"here": {}}


# --- processes that may die ------------------------------------------------------------------------------


def test_what_is_said_is_all_that_is_said_with_each_setting(monkeypatch):
    monkeypatch.setenv("ONE", "0")
    words = "import os, sys; print(os.environ['ONE']); sys.exit('two: ' + os.getcwd())"
    found = list(said(words, {"a": {"ONE": "1"}, "b": {"ONE": "2"}}, 20))
    assert found == [("a", f"1\ntwo: {DEMOS}\n"), ("b", f"2\ntwo: {DEMOS}\n")]


def test_they_run_side_by_side(tmp_path):
    """Each waits for the other."""
    words = "import os, time; mine, other = os.environ['FILES'].split(); open(mine, 'w').close()\n"
    words += "while not os.path.exists(other): time.sleep(0.01)"
    files = f"{tmp_path}/a {tmp_path}/b", f"{tmp_path}/b {tmp_path}/a"
    found = list(said(words, {name: {"FILES": name} for name in files}, 20))
    assert found == [(name, "") for name in files]


@pytest.mark.skipif(not doomed.resource, reason="this system writes no core dumps")
def test_none_writes_a_core_dump():
    words = "import os; print(resource.getrlimit(resource.RLIMIT_CORE)); os.abort()"
    before = set(DEMOS.iterdir())
    ((_, text),) = said(words, HERE, 20)
    assert text.startswith("(0, 0)\n")
    assert set(DEMOS.iterdir()) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_at_the_deadline_it_ends_with_all_that_it_forked():
    mark = watchdog.mark("DOOMED_TEST")
    start = time.monotonic()
    words = r"import os, time; os.fork(); os.write(1, b'x\n'); time.sleep(60)"  # at once, unlike print()
    ((_, text),) = said(words, {"here": mark}, 2)
    assert time.monotonic() - start < 20
    assert text == f"x\nx\n\n{doomed.HANGS}\n"
    assert not watchdog.marked(mark)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_who_wants_no_more_leaves_nothing_running():
    mark = watchdog.mark("DOOMED_TEST")
    words = "import os, time; time.sleep(float(os.environ['WAIT']))"
    running = said(words, {"a": {**mark, "WAIT": "0"}, "b": {**mark, "WAIT": "60"}}, 20)
    assert next(running) == ("a", "")
    running.close()
    assert not watchdog.marked(mark)


def judged(text, monkeypatch, asked=3):
    monkeypatch.setattr(doomed, "said", lambda words, settings, seconds: [("layer", text)])
    return list(outcomes("script.py", "call()", HERE, asked, 1))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("case: a\nright\nright\nright\n", [("a", 100, "survives", "")]),
        ("noise\ncase: a\nright\n\n oops \nmore\n", [("a", 100 / 3, "dies", "oops")]),
        ("case: a\ncase: b\nright\nright\nright\n", [("a", 0, "dies", ""), ("b", 100, "survives", "")]),
        (f"case: a\nright\n\n{doomed.HANGS}\n", [("a", 100 / 3, "hangs", doomed.HANGS)]),
        ("Traceback\n  File\nOddError: it\nis: so\n", [("", 0, "not there", "it is: so")]),
    ],
)
def test_the_verdict(text, expected, monkeypatch):
    found = judged(text, monkeypatch)
    assert found == [("layer", case, pytest.approx(share), *rest) for case, share, *rest in expected]


def test_where_nothing_began_in_time_nobody_is_judged(monkeypatch):
    with pytest.raises(CannotRun, match="too busy"):
        judged(f"\n{doomed.HANGS}\n", monkeypatch)


def test_rows_of_what_began_and_a_picture_of_all(capsys):
    found = [
        ("one", "a", 100.0, "survives", ""),
        ("one", "b", 50.0, "dies", "so < long " * 12),
        ("two", "", 0.0, "not there", "pip"),
    ]
    *rows, picture = shown(lambda: "the title", found)
    assert capsys.readouterr().out == "the title\n"
    assert rows == [
        Run("one, a", [100.0], "answered", "%", {"outcome": "survives"}),
        Run("one, b", [50.0], "answered", "%", {"outcome": "dies"}),
    ]
    assert isinstance(picture, Attachment)
    lines = picture.alt.splitlines()
    assert lines[:3] == ["the title", "", "one        a        survives"]
    assert lines[3].startswith("           b        dies: so < long so")
    assert lines[-1] == "two                 not there: pip"
    assert max(map(len, lines)) <= 76
    assert picture.alt.count("long") == 12
    assert picture.svg.count('class="loud"') == 2


def test_a_layer_that_is_asked_for_in_vain_is_one_line(monkeypatch):
    def title():
        raise ValueError("No layer.\nHINT:\ntry this")

    with pytest.raises(CannotRun, match=r"^No layer\. HINT: try this$"):
        next(shown(title, []))


# --- the cases -------------------------------------------------------------------------------------------


def test_only_a_right_total_is_an_answer(monkeypatch):
    assert numba_threading_layer.total.py_func(10) == 45
    answers, written = [499_500, 499_499, 499_500], []
    monkeypatch.setattr(numba_threading_layer, "total", lambda numbers: answers.pop())
    monkeypatch.setattr(os, "write", lambda file, text: written.append((file, text)))
    numba_threading_layer.call(3)
    assert written == [(1, b"right\n")] * 2


def test_all_threads_are_there_before_any_calls(monkeypatch):
    before, there, asked = threading.active_count(), [], []

    def call(calls):
        there.append(threading.active_count() - before)
        asked.append(calls)

    monkeypatch.setattr(numba_threading_layer, "call", call)
    numba_threading_layer.threads(7)
    assert there == [numba_threading_layer.CALLERS] * 3
    assert asked == [7] * 3


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_every_forked_process_calls():
    words = "import numba_threading_layer as it, os; "
    words += r"it.call = lambda calls: os.write(1, b'%d\n' % calls); it.fork(9)"
    assert list(said(words, HERE, 30)) == [("here", "9\n9\n9\n")]


def test_each_layer_says_itself_what_it_does_not_survive(demo, tmp_path):
    done = demo("numba_threading_layer", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    found = {run["variant"]: (run["parameters"]["outcome"], run["values"]) for run in record["runs"]}
    (picture,) = record["attachments"]
    words = " ".join(picture["alt"].split())
    survives = ("survives", [100.0])
    assert found["workqueue, threads"][0] == "dies"
    assert found["workqueue, threads"][1] < [100.0]
    assert "Concurrent access has been detected" in words
    if hasattr(os, "fork"):
        assert found["workqueue, fork"] == survives
    if "omp, threads" in found:
        assert found["omp, threads"] == survives
    if "omp, fork" in found and sys.platform == "linux":
        assert found["omp, fork"] == ("dies", [0.0])
        assert "fork() called from a process already using GNU OpenMP" in words
    if "tbb, threads" in found:
        assert found["tbb, threads"] == found["tbb, fork"] == survives
    else:
        assert "not there: No threading layer could be loaded." in words
        assert "pip install tbb" in words
    there = [layer for layer in numba_threading_layer.LAYERS if f"{layer}, threads" in found]
    assert words.startswith(f"In use here: {there[0]} ")


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_threading_layer", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_threading_layer.py: numba is missing: pip install numba\n"
