"""notebook_pool: in a real kernel a cell's function is lost on the way to a new Python; nothing is left."""

import contextlib
import json
import multiprocessing
import subprocess
import sys
import time

import notebook_pool
import psutil
import pytest

cells = pytest.importorskip("cells", reason="jupyter_client or ipykernel is missing")
LONG = ["--deadline", "15"]
PROCESSES = []
WORKS = {"fork", "spawn, a module's function", "joblib (loky)", "threads"}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    file = tmp_path_factory.mktemp("record") / "r.json"
    assert notebook_pool.main(["--quick", "--json", str(file)]) == 0
    return json.loads(file.read_text())


def test_what_is_sent_by_name_arrives_only_where_the_name_is_known(record):
    outcomes = {run["variant"]: run["parameters"]["outcome"] for run in record["runs"]}
    assert outcomes.pop("spawn, Pool") == "never ends"
    works = {way for way, outcome in outcomes.items() if outcome == "works"}
    breaks = {way for way, outcome in outcomes.items() if outcome == "breaks"}
    methods = set(multiprocessing.get_all_start_methods())
    assert breaks == methods - {"fork"}
    assert works == set(outcomes) - breaks
    assert works - methods == WORKS - {"fork"}


def test_a_pool_that_never_ends_takes_until_its_deadline(record):
    (run,) = [run for run in record["runs"] if run["variant"] == "spawn, Pool"]
    assert 0.5 <= run["values"][0] < 15


def test_the_picture_has_the_cells_and_the_real_messages(record):
    (shown,) = record["attachments"]
    words = shown["alt"]
    assert max(map(len, words.splitlines())) <= 76
    lookup = "import pickle; pickle.loads(b'c__main__\\nsquare\\n.')"  # in a Python that has no square
    done = subprocess.run([sys.executable, "-c", lookup], capture_output=True, text=True)
    start, _, _ = done.stderr.splitlines()[-1].partition(" (")  # then comes where the module is from
    assert start.startswith("AttributeError: ")
    assert f"In each worker: {start}" in " ".join(words.split())
    assert "BrokenProcessPool: A process in the process pool was terminated abruptly" in words
    assert words.startswith(f"{notebook_pool.FUNCTION}\n\n{notebook_pool.ways(0.5)['spawn']}\n")
    assert f"\n{notebook_pool.ways(0.5)['spawn, Pool']}\nNever ends. " in words


class Book:
    """Answers cells as it is told."""

    def __init__(self, answers):
        self.answers, self.cells = answers, []

    def run(self, cell):
        self.cells.append(cell)
        return self.answers.get(cell, (1.0, "", ""))

    def complaints(self):
        return (
            "Process SpawnPoolWorker-7:\n  raise\nAttributeError: no square\n"
            "Process SpawnPoolWorker-8:\nAttributeError: no square\nProcess SpawnProcess-9:\n"
        )


@pytest.fixture
def book(monkeypatch):
    made = Book({})
    monkeypatch.setattr(notebook_pool, "notebook", lambda *_: contextlib.nullcontext(made))
    return made


def test_each_row_says_how_its_cell_ended(book):
    cells = {"spawn": "a", "spawn, Pool": "b", "c": "c", "d": "d"}
    book.answers.update(
        a=(1.0, "", "BrokenProcessPool: gone"),
        b=(2.0, "", "TimeoutError: "),
        c=(3.0, "[0, 1, 4, 9]", ""),
        d=(4.0, "[0, 1, 4]", ""),
    )
    *found, (none, [(name, words, svg)]) = notebook_pool.attempts(cells)
    assert [row for rows, _ in found for row in rows] == [
        ("spawn", [1.0], "took", "s", {"outcome": "breaks"}),
        ("spawn, Pool", [2.0], "took", "s", {"outcome": "never ends"}),
        ("c", [3.0], "took", "s", {"outcome": "works"}),
        ("d", [4.0], "took", "s", {"outcome": "breaks"}),
    ]
    assert book.cells == ["a", "b", "c", "d"]
    assert (none, name) == ([], "errors")
    assert words.splitlines()[3:] == [
        "a",
        "BrokenProcessPool: gone",
        "In each worker: AttributeError: no square",
        "",
        "b",
        "Never ends. Workers that have died of it until it was given up: 2",
    ]
    assert svg.count('class="loud"') == 3


@pytest.mark.parametrize("package", ["ipykernel", "jupyter_client", "joblib"])
def test_without_a_package_one_line_says_so(package, demo, tmp_path):
    fake = f"raise ModuleNotFoundError('not here', name={package!r})"
    (tmp_path / f"{package}.py").write_text(fake)
    done = demo("notebook_pool", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == f"notebook_pool.py: {package} is missing: pip install {package}\n"


def test_all_below_a_process_end_with_it_and_in_order():
    words = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    parent = subprocess.Popen([sys.executable, "-c", words])
    me = psutil.Process(parent.pid)
    while not (children := me.children()):
        time.sleep(0.01)
    cells.end(parent.pid)
    assert not psutil.pid_exists(children[0].pid) or children[0].status() == psutil.STATUS_ZOMBIE
    assert parent.wait(timeout=5) is not None


def test_one_that_does_not_leave_when_asked_is_ended(monkeypatch):
    monkeypatch.setattr(cells, "END", 0.2)
    words = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('', flush=True); "
    words += "time.sleep(60)"
    stubborn = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE)
    stubborn.stdout.readline()
    cells.end(stubborn.pid)
    assert stubborn.wait(timeout=5) is not None
    stubborn.stdout.close()
