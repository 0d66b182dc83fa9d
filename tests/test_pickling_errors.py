"""pickling_errors: what cannot be pickled says so, with Python's own words; what is mended arrives."""

import io
import json
import pickle
import threading
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pickling_errors
import pytest

LONG = ["--times", "1000000"]
PROCESSES = []
MENDED = {
    "a module's function": "42",
    "its name": str(len(Path(pickling_errors.__file__).read_text().splitlines())),
    "a list": str(9 * 10 * 19 // 6),
    "a manager's lock": "taken",
}


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    file = tmp_path_factory.mktemp("record") / "r.json"
    assert pickling_errors.main(["--json", str(file)]) == 0
    return json.loads(file.read_text())


def test_each_mend_arrives_and_what_comes_to_mind_does_not(record):
    answers = {run["variant"]: run["parameters"]["answer"] for run in record["runs"]}
    mends = dict(list(answers.items())[1::2])
    assert mends == MENDED
    assert {answers[name] for name in answers.keys() - mends.keys()} == {"error"}
    assert {run["values"][0] > 0 for run in record["runs"][1::2]} == {True}
    assert {run["values"][0] for run in record["runs"][::2]} == {0}


def words_of(thing):
    with pytest.raises(Exception) as raised:
        pickle.dumps(thing)
    return f"{raised.type.__name__}: {raised.value}"


def test_the_messages_are_those_of_this_python(record):
    (shown,) = record["attachments"]
    lines = shown["alt"].splitlines()
    assert max(map(len, lines)) <= 76
    said = " ".join(lines)
    things = {
        "an open file": io.TextIOWrapper(io.BytesIO()),
        "a generator": (n for n in ()),
        "a thread's lock": threading.Lock(),
    }
    for name, thing in things.items():
        assert f"{name}: {words_of(thing)}" in said
    assert said.startswith("a lambda: ")
    assert "tasks.<locals>.<lambda>" in said
    marks = [mark.text for mark in ElementTree.fromstring(shown["svg"]).findall(".//{*}tspan")]
    assert len(marks) == 4
    assert all(mark.endswith("Error") for mark in marks)


def test_of_a_function_only_its_name_is_sent(record):
    sent = {run["variant"]: run["values"][0] for run in record["runs"]}
    assert sent["a module's function"] < 100
    before = len(pickle.dumps((pickling_errors.double, 21)))
    assert abs(sent["a module's function"] - before) <= len("pickling_errors")  # here it is not __main__'s


@pytest.mark.parametrize("times", [1, 3])
def test_each_task_is_sent_as_often_as_asked(times, monkeypatch):
    calls = []

    class Pool(pickling_errors.ProcessPoolExecutor):
        def submit(self, *task):
            calls.append(task)
            return super().submit(*task)

    monkeypatch.setattr(pickling_errors, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(pickling_errors, "tasks", lambda manager: {"one": (sum, [4, 5])})
    [([row], []), (_, [(_, words, _)])] = pickling_errors.attempts(times)
    assert row == ("one", [len(pickle.dumps((sum, [4, 5])))], "pickled", "bytes", {"answer": "9"})
    assert calls[1:] == [(sum, [4, 5])] * times
    assert words == ""


def test_an_error_comes_with_the_result():
    with pickling_errors.ProcessPoolExecutor(1) as pool:
        future = pool.submit(sum, (n for n in range(3)))
        with pytest.raises(TypeError, match="generator"):
            future.result(timeout=20)
