"""subinterpreter_imports: what an interpreter of its own can import, and the words of what it cannot."""

import imports
import interpreters
import pytest
import subinterpreter_imports
from pythons import those_with
from test_imports import python

LONG = ["--times", "100"]
STARTS = 1

NUMPY = "ImportError: Original error was: module numpy._core._multiarray_umath does not support loading in"


THERE, only_there = those_with("subinterpreters")


@only_there
def test_what_such_a_python_says(monkeypatch):
    monkeypatch.setattr(interpreters, "find", lambda: (THERE[:1], []))  # which takes seconds
    monkeypatch.setattr(imports, "DECK", {"numpy": "numpy", "no_such_package": "no-such-package"})
    *rows, errors = subinterpreter_imports.imported(THERE[0].executable, times=2)
    came = {row["variant"]: row["parameters"]["new interpreter"] for row in rows}
    assert all(came[name] == "yes" for name in ["json", "decimal", "sqlite3", "ctypes"])
    assert (came["faulthandler"], came["no_such_package"]) == ("ImportError", "not installed")
    assert {row["interpreter"]["version"] for row in rows} == {THERE[0].version}
    for row in rows:
        assert [ms > 0 for ms in row["values"]] == [row["parameters"]["new interpreter"] == "yes"] * 2
    words = " ".join(errors["alt"].split())
    assert "ImportError: module faulthandler does not support loading in subinterpreters" in words
    if came["numpy"] != "not installed":
        assert came["numpy"] == "ImportError"
        assert NUMPY in words
    assert "/" not in words  # no path


@pytest.fixture
def told(monkeypatch):
    """The rows of what a Python tells that was made up."""

    def call(answers, times=1):
        def each(python, where, modules, times):
            assert (python.version, where) == ("3.14.2", "new")
            for module in modules:
                ms = iter(range(7, 100))
                yield (
                    module,
                    [{"error": answers.get(module, ""), "ms": next(ms), "gil": True} for _ in range(times)],
                )

        monkeypatch.setattr(imports, "each", each)
        monkeypatch.setattr(imports, "python", lambda which, having: python("/x", build="default", gil=True))
        return list(subinterpreter_imports.imported("subinterpreters", times))

    return call


def test_a_row_for_each_module_and_each_error_once(told):
    answers = {
        "numpy": "ImportError: no",
        "numba": "ImportError: no",
        "zmq": "OSError: lost",
        "psutil": "ModuleNotFoundError: No module named 'psutil'",
    }
    *rows, picture = told(answers, times=2)
    came = {row["variant"]: (row["parameters"]["new interpreter"], row["values"]) for row in rows}
    assert list(came) == [*subinterpreter_imports.STANDARD, *imports.DECK]
    assert came["json"] == ("yes", [7, 8])
    assert came["numpy"] == came["numba"] == ("ImportError", [0, 0])
    assert came["zmq"] == ("OSError", [0, 0])
    assert came["psutil"] == ("not installed", [0, 0])
    assert {row["measure"] for row in rows} == {"import"}
    assert rows[0]["interpreter"] == {"name": "CPython", "version": "3.14.2", "build": "default", "gil": True}
    assert picture["alt"].splitlines()[1:] == ["numpy, numba: ImportError: no", "zmq: OSError: lost"]


def test_a_python_without_them_is_told_of_in_one_line(capsys):
    if imports.ask(imports.sys.executable).subinterpreters:
        pytest.skip("this Python has subinterpreters")
    assert subinterpreter_imports.main(["--python", "here"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("subinterpreter_imports.py: Python 3.")
    assert said.endswith("has no subinterpreters; to get one: uv python install 3.14\n")
