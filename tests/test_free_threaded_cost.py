"""free_threaded_cost: Pythons that are asked in turns, the same work on each, bytes as they are known."""

import io
import sys
from types import SimpleNamespace

import free_threaded_cost as demo_script
import free_threaded_cost_kernel as kernel
import interpreters
import pytest
from harness import CannotRun
from interpreters import Python
from pythons import none_with, those_with
from test_interpreters import program

FREE, only_with_one = those_with("free-threaded")
LONG = ["--rounds", "10000"]
NAMES = ["3.14", "3.14t, GIL off", "3.14t, GIL on"]


def python(version, build="default", executable=sys.executable):
    gil = build == "default"
    return Python(executable, "CPython", version, build, gil, True, False, "GCC")


FT = "free-threaded"
FOUND = [python("3.12.1"), python("3.14.1"), python("3.14.2", FT), python("3.15.0", FT)]


def test_the_newest_that_has_both_builds_else_the_newest_without_a_gil(monkeypatch):
    monkeypatch.setattr(demo_script, "find", lambda: (FOUND, []))
    assert demo_script.builds() == [FOUND[1], FOUND[2]]
    monkeypatch.setattr(demo_script, "find", lambda: ([FOUND[0], FOUND[3]], []))
    monkeypatch.setattr(interpreters, "find", lambda: ([FOUND[0], FOUND[3]], []))
    assert demo_script.builds() == [FOUND[3]]
    monkeypatch.setattr(interpreters, "find", lambda: ([FOUND[0]], []))
    monkeypatch.setattr(demo_script, "find", interpreters.find)
    with pytest.raises(CannotRun, match=none_with("free-threaded")):
        demo_script.builds()


def test_the_work_is_done():
    assert kernel.calls() == 6765  # the twentieth Fibonacci number
    assert kernel.attributes() == 30_000
    assert kernel.dicts() == dict.fromkeys(range(100), 200)
    assert kernel.lists() == [300] * 100


def test_the_fastest_repeat_counts(monkeypatch):
    clock = iter([0, 3, 10, 12, 20, 24])
    monkeypatch.setattr(kernel, "perf_counter", lambda: next(clock))
    assert kernel.time("calls") == 2000


@pytest.mark.parametrize(
    ("kind", "one"),
    [("int", 2_000_036), ("str", "1000003 1000033"), ("tuple", (1, 2))],
)
def test_bytes_are_those_of_one_object(kind, one):
    known = sys.getsizeof(one)
    assert known <= kernel.memory(kind) <= known + 8  # of an int: rounded up


def test_an_instance_is_more_than_a_tuple_and_a_dict_more_than_that():
    assert kernel.memory("tuple") < kernel.memory("instance") < kernel.memory("dict")


@pytest.fixture
def asked(monkeypatch):
    questions = []

    def ask(children, name, question, what):
        questions.append((name, question, what))
        return len(questions)

    monkeypatch.setattr(demo_script, "ask", ask)
    return questions


def test_pythons_take_turns_and_each_time_is_kept(asked):
    rows = list(demo_script.in_turns(dict.fromkeys(NAMES), rounds=3))
    times, memory = rows[:12], rows[12:]
    assert asked[:9] == [(name, "time", "calls") for name in NAMES] * 3
    assert times[1] == (NAMES[1], [2, 5, 8], "time", "ms", {"work": "calls"})
    assert [row[4]["work"] for row in times] == [work for work in kernel.WORK for _ in NAMES]
    assert [(row[0], row[4]["object"]) for row in memory] == [
        (name, kind) for kind in kernel.OBJECT for name in NAMES[:2]
    ]
    assert [(name, what) for name, question, what in asked if question == "memory"] == [
        (name, kind) for kind in kernel.OBJECT for name in NAMES[:2]
    ]


def test_an_answer_with_another_gil_than_claimed_is_none():
    def child(answer):
        process = SimpleNamespace(stdin=io.StringIO(), stdout=io.StringIO(answer))
        return {"3.14t, GIL off": (process, {"gil": False})}

    assert demo_script.ask(child("1.5 False\n"), "3.14t, GIL off", "time", "list") == 1.5
    for answer in ("1.5 True\n", ""):
        with pytest.raises(ValueError, match=r"3\.14t, GIL off: answered"):
            demo_script.ask(child(answer), "3.14t, GIL off", "time", "list")


@pytest.mark.parametrize("text", ["exit 3", "read line; echo 1 Perhaps"])
def test_a_python_that_fails_is_told_of(tmp_path, monkeypatch, text):
    broken = python("3.14.2", executable=program(tmp_path / "broken", text))
    monkeypatch.setattr(demo_script, "builds", lambda: [python("3.14.1"), broken])
    with pytest.raises(CannotRun, match="a Python failed: "):
        list(demo_script.costs(rounds=2))


@only_with_one
def test_each_python_answers_and_an_int_without_a_gil_is_16_bytes_bigger(monkeypatch):
    here = python(".".join(map(str, sys.version_info[:3])))
    monkeypatch.setattr(demo_script, "builds", lambda: [here, FREE[-1]])
    rows = list(demo_script.costs(rounds=1))
    names = [name for each in (here, FREE[-1]) for name, *_ in each.modes()]
    assert list(dict.fromkeys(name for _, name, *_ in rows)) == names
    assert {(told["version"], told["gil"]) for told, *_ in rows} == {
        (each.version, gil) for each in (here, FREE[-1]) for _, gil, _ in each.modes()
    }
    taken = {(name, at["object"]): bytes_ for _, name, (bytes_,), what, _, at in rows if what == "memory"}
    assert [taken[name, "int"] for name in names[:2]] == [32, 48]  # the header: 16 and 32
