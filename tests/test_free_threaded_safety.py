"""free_threaded_safety: appends are all there, updates are not; a lock hands each item out once."""

import json
import os
import threading
from collections import Counter
from time import sleep

import free_threaded_safety as demo_script
import gil_race
import pytest
from free_threaded_safety import Serialized, at_once
from pythons import none_with, those_with

LONG = ["--times", "1000000", "--attempts", "1000"]
FREE, only_with_one = those_with("free-threaded")


class OneAtATime:
    """An iterator that notices when a thread asks while another one is still being answered."""

    def __init__(self, items):
        self.items, self.inside, self.most = iter(items), 0, 0

    def __iter__(self):
        return self

    def __next__(self):
        self.inside += 1
        self.most = max(self.most, self.inside)
        sleep(0.001)
        self.inside -= 1
        return next(self.items)


@pytest.mark.parametrize(("share", "alone"), [(iter, False), (Serialized, True)])
def test_one_thread_at_a_time_is_served(share, alone):
    items, taken = OneAtATime(range(20)), []
    iterator = share(items)
    at_once(3, lambda: taken.extend(iterator))
    assert (items.most == 1) is alone
    assert sorted(taken) == list(range(20))


def test_each_thread_begins_when_all_are_there():
    before, seen = threading.active_count(), {}
    at_once(3, lambda: seen.setdefault(threading.get_ident(), threading.active_count()) and sleep(0.01))
    assert list(seen.values()) == [before + 3] * 3


def test_what_fails_in_a_thread_is_not_lost():
    with pytest.raises(ZeroDivisionError):
        at_once(2, lambda: 1 / 0)


def test_what_is_missing_is_counted(monkeypatch):
    monkeypatch.setattr(demo_script, "at_once", lambda workers, work: [work() for _ in range(workers - 1)])
    assert demo_script.append(4, 1000) == 25
    monkeypatch.setattr(gil_race, "lost", lambda count, workers, times: count is gil_race.plus_1 and times)
    assert demo_script.plus_1(5, 1000) == 20


def test_what_is_handed_out_again_is_counted():
    assert demo_script.shared_iterator(3, 1000, share=lambda items: iter([*items, *range(200)])) == 20
    assert demo_script.shared_iterator(1, 1000) == 0


def test_the_one_of_the_standard_library_is_taken_where_it_is(monkeypatch):
    used = []
    share = lambda iterator: used.append(iterator) or iterator  # noqa: E731
    monkeypatch.setattr(threading, "serialize_iterator", share, raising=False)
    assert demo_script.serialize_iterator(1, 1000) == 0
    assert len(used) == 1
    monkeypatch.delattr(threading, "serialize_iterator")
    monkeypatch.setattr(demo_script, "Serialized", share)
    assert demo_script.serialize_iterator(1, 1000) == 0
    assert len(used) == 2


def test_each_is_attempted_as_often_as_asked_for():
    rows = list(demo_script.attempted(workers=2, times=1000, attempts=3))
    assert [name for name, *_ in rows] == ["append", "plus_1", "shared_iterator", "serialize_iterator"]
    assert [len(values) for _, values, *_ in rows] == [3] * 4
    assert rows[0][1] == rows[3][1] == [0, 0, 0]


@only_with_one
def test_without_a_gil_updates_are_lost_and_items_come_twice_and_never_with_a_lock(demo, tmp_path):
    """A race is luck, so it has several chances."""
    file, worst = tmp_path / "record.json", Counter()
    options = ["--attempts", 4, "--times", 60_000, "--python", "here", "--json", file]
    for _ in range(6):
        done = demo("free_threaded_safety", *options, python=FREE[-1].executable)
        assert (done.returncode, done.stderr) == (0, "")
        record = json.loads(file.read_text())
        assert not record["interpreter"]["gil"]
        worst |= Counter({run["variant"]: max(run["values"]) for run in record["runs"]})
        if worst["plus_1"] and worst["shared_iterator"]:
            break
    assert set(worst) == {"plus_1", "shared_iterator"}  # those above 0


def test_without_such_a_python_one_line_says_how_to_get_one(demo, tmp_path):
    alone = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONS": "", "PYENV_ROOT": str(tmp_path)}
    done = demo("free_threaded_safety", env={**os.environ, **alone})
    if done.returncode == 0:
        pytest.skip("there is one in the project, or the tests run on one")
    assert (done.returncode, done.stderr) == (2, f"free_threaded_safety.py: {none_with('free-threaded')}\n")
