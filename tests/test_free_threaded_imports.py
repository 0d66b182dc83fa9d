"""free_threaded_imports: a module with the slot leaves the GIL off, one without switches it on."""

import shutil

import free_threaded_imports
import imports
import interpreters
import pytest
from pythons import those_with
from test_imports import python

LONG = ["--times", "100"]
STARTS = 1

WARNING = "The global interpreter lock (GIL) has been enabled to load module 'without_slot'"


THERE, only_there = those_with("free-threaded")


@only_there
def test_what_such_a_python_says(monkeypatch):
    monkeypatch.setenv("PYTHON_GIL", "0")  # is not handed on, else the GIL would stay off
    monkeypatch.setattr(interpreters, "find", lambda: (THERE[:1], []))  # which takes seconds
    monkeypatch.setattr(imports, "DECK", {"numpy": "numpy", "no_such_package": "no-such-package"})
    *rows, said = free_threaded_imports.imported(THERE[0].executable, others=1, times=1)
    became = {row["variant"]: (row["parameters"]["GIL"], row["interpreter"]["gil"]) for row in rows}
    words = " ".join(said["alt"].split())
    assert became["no_such_package"][0] == "not installed"
    assert f"python{THERE[0].short} -m pip install" in words
    assert became["numpy"][0] in ("stays off", "not installed")  # NumPy 2.1 and later
    if "without_slot" not in became:
        assert "with_slot, without_slot: " in words
        pytest.skip(words)
    assert became["with_slot"] == ("stays off", False)
    assert became["without_slot"] == ("switched on", True)
    assert WARNING in words
    assert "/" not in words  # no path


def came(**changes):
    return {"error": "", "ms": 1.0, "extensions": 3, "gil": False, "warning": ""} | changes


@pytest.fixture
def told(monkeypatch):
    """The rows of what a Python tells that was made up, and how the compiler was called."""

    def call(answers, why_not="", times=1):
        compiled = {}

        def compile_one(source, name, flags, about, folder):
            assert source.exists()
            compiled[name] = flags
            return why_not

        def each(python, where, modules, times, folder):
            assert where == "main"
            yield from ((module, [answers.get(module, came())] * times) for module in modules)

        packages = {"packages": ["aaa", "mpi4py", "numpy", "yyy", "zzz"]}
        monkeypatch.setattr(imports, "each", each)
        monkeypatch.setattr(imports, "compiled", compile_one)
        monkeypatch.setattr(imports, "about", lambda python: packages)
        monkeypatch.setattr(imports, "python", lambda which, having: python_of(having))
        return list(free_threaded_imports.imported("free-threaded", 2, times)), compiled

    return call


def python_of(having):
    assert having == "free-threaded"
    return python("/opt/x")


def test_ours_then_the_deck_s_packages_then_others(told):
    (*rows, picture), compiled = told({}, times=2)
    names = [row["variant"] for row in rows]
    assert names == ["with_slot", "without_slot", *imports.DECK, "aaa", "yyy"]
    assert {tuple(row["values"]) for row in rows} == {(3, 3)}
    assert {row["parameters"]["GIL"] for row in rows} == {"stays off"}
    assert compiled == {"with_slot": ["-DSLOT"], "without_slot": []}
    assert picture["alt"] == "CPython 3.14.2, free-threaded:"


def test_what_is_said_of_each(told):
    missing = came(error="ModuleNotFoundError: No module named 'x'", extensions=0)
    answers = {
        "numpy": came(error="ImportError: broken", extensions=1),
        "numba": missing,
        "mpi4py.MPI": missing,
        "zmq": came(gil=True, warning="The GIL has been enabled to load zmq"),
    }
    (*rows, picture), _ = told(answers)
    gil = {row["variant"]: row["parameters"]["GIL"] for row in rows}
    assert [gil[name] for name in answers] == ["ImportError", "not installed", "not installed", "switched on"]
    on = {row["variant"]: row["interpreter"]["gil"] for row in rows}
    assert [name for name in on if on[name]] == ["zmq"]
    assert picture["alt"].splitlines()[1:] == [
        "numpy: ImportError: broken",
        "zmq: The GIL has been enabled to load zmq",
        "where wheels exist: python3.14t -m pip install numba mpi4py mpich",
    ]
    assert picture["svg"].count('class="loud"') == 1


def test_without_a_compiler_a_line_says_so(told):
    (*rows, picture), _ = told({}, why_not="no C compiler, gcc")
    assert not {*free_threaded_imports.OURS} & {row["variant"] for row in rows}
    assert picture["alt"].splitlines()[1] == "with_slot, without_slot: no C compiler, gcc"


def test_a_python_with_a_gil_is_told_of_in_one_line(capsys):
    if imports.ask(imports.sys.executable).build != "default":
        pytest.skip("this Python has free threads")
    assert free_threaded_imports.main(["--python", "here"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("free_threaded_imports.py: Python 3.")
    assert "has no free threads; to get one: make free-threaded" in said
    assert said.count("\n") == 1


def test_the_source_differs_by_the_slot_alone():
    source = free_threaded_imports.SOURCE.read_text()
    between = source.partition("#ifdef SLOT\n")[2].partition("#endif")[0]
    assert between.strip() == "{Py_mod_gil, Py_MOD_GIL_NOT_USED},"
    assert source.count("#if") == 1
    assert shutil.which("cc") is None or "PyMODINIT_FUNC INIT(void)" in source
