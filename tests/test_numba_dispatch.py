"""numba_dispatch: the same sum wherever it is called from, time shared out by the calls, a true refusal."""

import json

import numba_dispatch
import numpy as np
import pytest
from numba_dispatch import INSIDE, NUMBERS, REPEATS, WAYS, add, measure, often, refusal

LONG = ["--calls", "100000"]
PROCESSES = []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}, {way[1]}")
def test_every_way_adds(way):
    of, _, function, args, inside = way
    answer = function(*args)
    expected = 1.5 + 0.5 * inside
    assert answer == expected if of == "two numbers" else answer.tolist() == [expected] * 8


def test_the_loop_calls_what_it_is_given():
    assert often(add, 0.0, 1.0) == INSIDE


def test_each_way_is_called_as_often_as_asked(monkeypatch):
    seen = []
    ways = [("", "one", seen.append, (1,), 1), ("", "loop", seen.append, (2,), 5)]
    monkeypatch.setattr(numba_dispatch, "WAYS", ways)
    rows = list(measure(15))
    assert seen == [1] * (1 + 15 * REPEATS) + [2] * (1 + 3 * REPEATS)
    assert [len(values) for _, values, *_ in rows] == [REPEATS] * 2


def test_a_call_costs_its_share_of_the_time(monkeypatch):
    monkeypatch.setattr(numba_dispatch, "WAYS", [("numbers", "loop", max, NUMBERS, 10)])
    monkeypatch.setattr(numba_dispatch, "repeat", lambda *_, **__: [3e-6])
    assert list(measure(30)) == [("loop", [pytest.approx(100)], "numbers", "ns")]


def test_its_rows_and_why_numba_refuses(tmp_path, monkeypatch):
    folder = tmp_path / "at /some" / "where else"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)  # numba tells of files as seen from here
    assert numba_dispatch.main(["--quick", "--json", "r.json"]) == 0
    record = json.loads((folder / "r.json").read_text())
    assert [(run["measure"], run["variant"]) for run in record["runs"]] == [way[:2] for way in WAYS]
    (picture,) = record["attachments"]
    assert "Cannot determine Numba type of <class 'function'>" in picture["alt"]
    assert "nopython" in picture["alt"]
    assert 'File "numba_dispatch.py", line' in picture["alt"]
    assert "/" not in picture["alt"]
    assert max(map(len, picture["alt"].splitlines())) <= 76


def test_what_compiles_is_not_refused():
    assert refusal(numba_dispatch.loop, numba_dispatch.compiled, *NUMBERS) is None
    assert np.array_equal(numba_dispatch.ARRAYS[0], np.full(8, 1.5))


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_dispatch", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_dispatch.py: numba is missing: pip install numba\n"
