"""start_methods: children have what the documentation says of each method, and each start is timed apart."""

import json
import multiprocessing
import time

import newborn
import pytest
import start_methods

LONG = ["--pythons", "100"]
PROCESSES = []
INHERITED = {  # by fork, forkserver, spawn: yes or no
    "a global, changed after import": "ynn",
    "an open file, by its number": "ynn",
    "a lock, held by a thread": "ynn",
    "the thread that holds it": "nnn",
    "os.environ, changed meanwhile": "yny",  # a fork server has the environment of its start
    "sys.argv, changed meanwhile": "yyy",
}


@pytest.mark.parametrize(("place", "method"), [*enumerate(["fork", "forkserver", "spawn"])])
def test_a_child_has_what_its_method_hands_on(place, method):
    found = start_methods.fresh(method)
    assert found.pop("answers") == {what: all_[place] == "y" for what, all_ in INHERITED.items()}
    assert list(found) == ["first", "next"]
    assert all(ms > 0 for ms in found.values())


def slow(parent):
    time.sleep(0.2)
    parent.send("here")


def test_the_time_ends_with_the_answer():
    answer, ms = newborn.ask(multiprocessing.get_context("fork"), slow)
    assert answer == "here"
    assert 200 < ms < 20_000


def silent(parent):
    """Says nothing."""


def test_a_child_that_dies_is_waited_for_no_longer():
    with pytest.raises(EOFError):
        newborn.ask(multiprocessing.get_context("fork"), silent)


def test_each_row_has_the_times_of_its_own_pythons(monkeypatch):
    asked = []

    def fresh(method):
        asked.append(method)
        number = float(len(asked))
        return {"first": number, "next": -number, "answers": {"this": method == "spawn"}}

    monkeypatch.setattr(start_methods, "METHODS", ["spawn", "fork"])
    monkeypatch.setattr(start_methods, "fresh", fresh)
    *found, (none, [(name, words, svg)]) = start_methods.ask_all(2)
    assert [row for rows, _ in found for row in rows] == [
        ("spawn", [1, 2], "result in", "ms", {"child": "first"}),
        ("spawn", [-1, -2], "result in", "ms", {"child": "next"}),
        ("fork", [3, 4], "result in", "ms", {"child": "first"}),
        ("fork", [-3, -4], "result in", "ms", {"child": "next"}),
    ]
    assert asked == ["spawn", "spawn", "fork", "fork"]
    assert (none, name) == ([], "inherits")
    assert [line.split() for line in words.splitlines()[2:]] == [["spawn", "fork"], ["this", "yes", "no"]]
    assert "here: spawn)" in words
    assert svg.count('class="loud"') == 1


def test_the_picture_is_no_wider_than_it_may_be(demo, tmp_path):
    done = demo("start_methods", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    (table,) = record["attachments"]
    lines = table["alt"].splitlines()
    assert max(map(len, lines)) <= 76
    assert [line[:34].strip() for line in lines[3:]] == list(INHERITED)
    methods = multiprocessing.get_all_start_methods()
    assert f"default of Python {record['interpreter']['version']} here: {methods[0]})" in lines[0]
    assert {run["variant"] for run in record["runs"]} == set(methods)


def test_where_no_child_answers_one_line_says_so(monkeypatch, tmp_path, capsys):
    (tmp_path / "newborn.py").write_text("raise OSError('no more processes')")
    monkeypatch.setattr(start_methods, "NEWBORN", tmp_path / "newborn.py")
    assert start_methods.main(["--quick"]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("start_methods.py: no process could start by ")
    assert len(errors.splitlines()) == 1
