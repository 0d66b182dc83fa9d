"""free_threaded_lazy: who makes a table while another thread does; who waits; who has one of its own."""

import json
import threading
from time import sleep

import free_threaded_lazy
import pytest
from free_threaded_lazy import Table, made_twice, thread_local, with_lock, without_lock
from pythons import those_with

LONG = ["--rounds", "100000"]
FREE, only_with_one = those_with("free-threaded")


@pytest.fixture
def tables(monkeypatch):
    """Makes a table only once so many threads do, or after a while; keeps those that were made."""
    made = []

    def install(wait):
        def make():
            wait()
            made.append(Table())
            return made[-1]

        monkeypatch.setattr(free_threaded_lazy, "Table", make)
        return made

    return install


def test_without_a_lock_each_thread_makes_one_and_the_last_one_stays(tables):
    made = tables(threading.Barrier(3, timeout=10).wait)
    assert made_twice(without_lock, 3) == 2
    assert len(made) == 3


def test_with_a_lock_one_is_made_and_the_others_wait_for_it(tables):
    made = tables(lambda: sleep(0.05))
    assert made_twice(with_lock, 4) == 0
    assert len(made) == 1


def test_each_thread_has_its_own_and_keeps_it(tables):
    made = tables(threading.Barrier(3, timeout=10).wait)
    assert made_twice(thread_local, 3) == 0
    assert len(made) == 3


def test_each_round_begins_without_a_table(tables):
    made = tables(lambda: None)
    rows = list(free_threaded_lazy.all_rounds(workers=1, rounds=5))
    assert [row[0] for row in rows] == ["without_lock", "with_lock", "thread_local"]
    assert all(row[1:] == ([0], "made again", "tables") for row in rows)
    assert len(made) == 3 * 5


def test_the_rounds_are_added_up(monkeypatch):
    monkeypatch.setattr(free_threaded_lazy, "made_twice", lambda get, workers: workers)
    assert [values for _, values, *_ in free_threaded_lazy.all_rounds(workers=3, rounds=5)] == [[15]] * 3


def test_a_table_is_right():
    assert sum(Table().squares) == 499 * 500 * 999 // 6


@only_with_one
def test_without_a_gil_some_are_made_twice_and_none_with_a_mend(demo, tmp_path):
    """A race is luck, so it has several chances."""
    file, most = tmp_path / "record.json", 0
    options = ["--rounds", 30, "--python", "here", "--json", file]
    for _ in range(6):
        done = demo("free_threaded_lazy", *options, python=FREE[-1].executable)
        assert (done.returncode, done.stderr) == (0, "")
        first, *others = json.loads(file.read_text())["runs"]
        assert first["variant"] == "without_lock"
        assert [run["values"] for run in others] == [[0], [0]]
        (most,) = first["values"]
        if most:
            break
    assert most
