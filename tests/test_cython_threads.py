"""cython_threads: every iteration is done, by as many threads as asked for; lanes and table agree."""

import itertools
import json

import cython_threads
import numpy as np
import pytest
from cython_threads import ITERATIONS, lanes, notes, table

LONG = ["--loops", "1000"]
PROCESSES = []


@pytest.fixture(params=[1, 2, 5])
def noted(request):
    """The number of threads; and the notes of both schedules."""
    return request.param, dict(notes(13, 1000, 1, request.param))


def test_every_iteration_is_done_and_longer_than_the_one_before(noted):
    _, found = noted
    assert list(found) == ["static", "dynamic"]
    for rows in found.values():
        assert [*rows[:, 4]] == [sum(range(1000 * i)) for i in range(1, 14)]


def test_there_are_as_many_threads_as_asked_for(noted):
    threads, found = noted
    for rows in found.values():
        assert set(rows[:, 1]) == {threads}
        assert set(rows[:, 0]) <= set(range(threads))


def test_static_gives_each_thread_a_block(noted):
    threads, found = noted
    blocks = [(thread, len(list(rows))) for thread, rows in itertools.groupby(found["static"][:, 0])]
    assert [thread for thread, _ in blocks] == list(range(threads))
    sizes = [size for _, size in blocks]
    assert max(sizes) - min(sizes) <= 1


def test_a_thread_has_one_iteration_after_the_other(noted):
    threads, found = noted
    for rows in found.values():
        for thread in range(threads):
            times = rows[rows[:, 0] == thread][:, 2:4].ravel()
            assert [*times] == sorted(times)


def test_dynamic_gives_a_thread_the_next_when_it_is_free():
    """So the threads have them by turns, which blocks cut beforehand never are."""
    for additions in [100_000] * 10 + [3_000_000] * 10:  # on a busy machine a thread may come late
        ((_, static), (_, dynamic)) = notes(12, additions, 1, 2)
        assert [*static[:, 0]] == [0] * 6 + [1] * 6
        if len(list(itertools.groupby(dynamic[:, 0]))) > 2:
            return
    pytest.fail("the threads had one block each in twenty loops")


ROWS = np.array([[1, 2, 10.5, 11, 0], [0, 2, 10, 12, 0], [1, 2, 11, 14, 0]])
TABLE = "iteration   0  1  2\nstatic      1  0  1\ndynamic     0  1  1"


def test_lanes_are_the_notes_in_ms_since_the_first_began():
    seen = {}
    ((variant, kind, window, workers, about),) = lanes([("static", ROWS)], 3, seen)
    assert (variant, kind, window) == ("static", "assigned", 4000)
    assert workers == {
        "thread 0": [(0, 2000, "iteration 1")],
        "thread 1": [(500, 1000, "iteration 0"), (1000, 4000, "iteration 2")],
    }
    assert about == {"schedule": "static", "threads asked for": 3, "got": 2}
    assert [*seen["static"]] == [1, 0, 1]


def test_the_table_has_the_thread_below_the_iteration():
    ((name, words, svg),) = table({"static": [1.0, 0.0, 1.0], "dynamic": [0.0, 1.0, 1.0]})
    assert (name, words) == ("threads", TABLE)
    assert svg.count("tspan") == 2 * 3
    ((_, words, _),) = table({"static": [0.0] * ITERATIONS.most})
    assert max(map(len, words.splitlines())) <= 76


def test_its_record_has_lanes_and_a_table_that_agree(tmp_path):
    file = tmp_path / "r.json"
    assert cython_threads.main(["--quick", "--workers", "3", "--iterations", "7", "--json", str(file)]) == 0
    record = json.loads(file.read_text())
    assert [each["variant"] for each in record["lanes"]] == ["static", "dynamic"]
    words = record["attachments"][0]["alt"].splitlines()
    for each in record["lanes"]:
        assert each["parameters"] == {"schedule": each["variant"], "threads asked for": 3, "got": 3}
        (line,) = [line for line in words if line.startswith(each["variant"])]
        threads = line.split()[1:]
        assert len(threads) == 7
        assert {(worker, state) for worker, spans in each["workers"].items() for _, _, state in spans} == {
            (f"thread {thread}", f"iteration {i}") for i, thread in enumerate(threads)
        }


def test_the_last_loop_is_shown_and_each_is_run(monkeypatch):
    calls = []

    class Module:
        @staticmethod
        def static(rows, additions, threads):
            assert not rows.any()
            calls.append((len(rows), additions, threads))
            rows[:] = len(calls)

        dynamic = static

    monkeypatch.setattr(cython_threads, "compiled", lambda file: Module)
    assert [rows.min() for _, rows in notes(4, 5, 3, 6)] == [3, 6]
    assert calls == [(4, 5, 6)] * 6


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("cython_threads", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_threads.py: numpy is missing: pip install numpy\n"
