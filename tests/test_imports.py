"""imports and imported: what came of an import, one process each, whatever that process does."""

import _ctypes
import json
import sys
import sysconfig
import time
from pathlib import Path

import elsewhere
import imported
import imports
import interpreters
import pytest
import watchdog
from conftest import until
from harness import CannotRun
from interpreters import Python
from test_interpreters import nowhere, program

__all__ = ["nowhere"]  # a fixture
HERE = interpreters.ask(sys.executable)
WITHOUT_OPTION = sys.version_info < (3, 11)  # -P is newer


def python(executable, **changes):
    facts = {"build": "free-threaded", "gil": False, "subinterpreters": True, "jit": False}
    return Python(str(executable), "CPython", "3.14.2", **{**facts, "compiler": "GCC", **changes})


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Make a module in a folder that is searched."""

    def make(name, text):
        (tmp_path / f"{name}.py").write_text(text)
        return str(tmp_path)

    monkeypatch.syspath_prepend(tmp_path)
    return make


# --- imported: in the other Python


def test_an_import_that_works(module):
    module("imported_well", "done = True")
    came = imported.in_main("imported_well")
    assert came["error"] == came["warning"] == ""
    assert came["extensions"] == 0
    assert 0 < came["ms"] < 10_000
    assert came["gil"] == getattr(sys, "_is_gil_enabled", lambda: True)()


def test_an_error_in_one_line_its_last(module):
    module("imported_badly", r"raise OSError('\nPLEASE READ THIS\n\nOriginal error was: no such thing\n\n')")
    assert imported.in_main("imported_badly")["error"] == "OSError: Original error was: no such thing"
    assert imported.in_main("imported_nowhere")["error"].startswith("ModuleNotFoundError: No module named")


def test_of_the_warnings_the_one_of_the_gil(module):
    text = "import warnings\nwarnings.warn('old')\nwarnings.warn('The GIL has been enabled', RuntimeWarning)"
    module("imported_loudly", text)
    assert imported.in_main("imported_loudly")["warning"] == "The GIL has been enabled"


def test_extension_modules_are_counted_but_for_the_standard_library_s(monkeypatch):
    linalg = pytest.importorskip("numpy.linalg", reason="NumPy is missing")
    modules = {"_ctypes": _ctypes, "json": json, "linalg": linalg, "none": None, "it": linalg._umath_linalg}
    with monkeypatch.context() as changed:
        changed.setattr(sys, "modules", modules)
        found = imported.extensions()
    assert found == 1


def test_packages_are_those_with_extension_modules():
    about = imported.about()
    assert "numpy" in about["packages"]
    assert not {"joblib", "ipyparallel", "", ".."} & {*about["packages"]}
    assert (Path(about["headers"]) / "Python.h").exists() or not Path(about["headers"]).exists()
    assert about["suffix"] == sysconfig.get_config_var("EXT_SUFFIX")


# --- imports: in the demo's


@pytest.mark.skipif(WITHOUT_OPTION, reason="this Python is older than 3.11")
def test_each_module_so_many_times_in_its_place(module):
    folder = module("imported_well", "print('something, first')")
    found = dict(imports.each(HERE, "main", ["imported_well", "imported_nowhere", "json"], 2, folder))
    assert [len(answers) for answers in found.values()] == [2, 2, 2]
    errors = {name: {answer["error"] for answer in answers} for name, answers in found.items()}
    assert errors["imported_well"] == errors["json"] == {""}
    assert errors["imported_nowhere"] == {"ModuleNotFoundError: No module named 'imported_nowhere'"}
    assert [imports.came_of_it(found[name][0]) for name in found] == ["", "not installed", ""]


def test_what_forces_the_gil_or_adds_modules_is_not_handed_on(tmp_path, monkeypatch):
    for name in ("PYTHON_GIL", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    text = """echo "{\\"error\\": \\"$PYTHON_GIL|$PYTHONPATH|$MPI4PY_RC_INITIALIZE|$*\\"}" """
    told = python(program(tmp_path / "python", text))
    ((name, [answer]),) = imports.each(told, "new", ["numpy"], 1, "/a/folder")
    assert (name, answer["error"]) == ("numpy", f"|/a/folder|0|-P {imports.IMPORTED} new numpy")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("echo Fatal >&2; kill -SEGV $$", "it died: status -11, Fatal"),
        ("exit 3", "it died: status 3, no message"),
        ("exec sleep 60", "no end within 0.3 s"),
    ],
)
def test_a_process_that_dies_or_hangs_is_told_of(text, error, tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "DEADLINE", 0.3 if "sleep" in text else 20)
    mark = watchdog.mark("IMPORTS_TEST")
    monkeypatch.setenv(*next(iter(mark.items())))
    told = python(program(tmp_path / "python", text))
    ((_, [answer]),) = imports.each(told, "main", ["numpy"], 1)
    assert watchdog.marked(mark) == []
    assert answer == imports.NOTHING | {"error": error}
    with pytest.raises(CannotRun, match=r"3\.14t: "):
        imports.about(told)


def test_some_run_side_by_side_but_no_more_and_none_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(imports, "usable_cores", lambda: 3)
    mark = watchdog.mark("IMPORTS_TEST")
    monkeypatch.setenv(*next(iter(mark.items())))
    text = '[ "$4" = a ] && exit 1 || exec sleep 60'
    asked = imports.each(python(program(tmp_path / "python", text)), "main", ["a", "b", "c", "d"], 1)
    assert next(asked)[0] == "a"
    assert until(lambda: len(watchdog.marked(mark)) == 2)  # b and c; d has to wait
    start = time.monotonic()
    asked.close()
    assert watchdog.marked(mark) == []
    assert time.monotonic() - start < 30  # they were ended


def test_which_python(nowhere, monkeypatch):
    having = "free-threaded" if HERE.build != "default" else "subinterpreters"
    other = {"free-threaded": "subinterpreters", "subinterpreters": "free-threaded"}[having]
    _, what, _ = elsewhere.NEWEST[other]
    if having == "free-threaded" or HERE.subinterpreters:
        assert imports.python("here", having) == HERE
    if HERE.build == "default":
        with pytest.raises(CannotRun, match=rf"Python {HERE.short} has no {what}; to get one: .*uv python"):
            imports.python("here", other)
    monkeypatch.setattr(sys, "executable", str(nowhere / "gone"))
    with pytest.raises(CannotRun, match="there is no Python with free threads here"):
        imports.python("free-threaded", "free-threaded")


def test_no_compiler_and_a_broken_one(tmp_path, nowhere):
    about = {"suffix": ".so", "headers": str(nowhere), "linker": "no-such-compiler -shared"}
    source = Path(imports.__file__).with_name("gil_slot.c")
    assert imports.compiled(source, "x", [], about, str(tmp_path)) == "no C compiler, no-such-compiler"
    about["linker"] = ""
    assert imports.compiled(source, "x", [], about, str(tmp_path)) == "no C compiler, cc"
    program(nowhere / "bin" / "cc", "echo 'gil_slot.c:2:10: fatal error: Python.h: No such file' >&2; exit 1")
    why = imports.compiled(source, "x", [], about, str(tmp_path))
    assert why == "gil_slot.c:2:10: fatal error: Python.h: No such file"


def test_the_compiler_is_called_as_this_python_was_linked(tmp_path, nowhere):
    program(nowhere / "bin" / "its-cc", f'/bin/echo "$*" >"{tmp_path}/called"')
    about = {"suffix": ".suffix.so", "headers": "/its/include", "linker": "its-cc -shared -x"}
    source = Path(imports.__file__).with_name("gil_slot.c")
    assert imports.compiled(source, "name", ["-DSLOT"], about, "/folder") == ""
    words = (tmp_path / "called").read_text().split()
    assert words[:2] == ["-shared", "-x"]
    assert {"-I/its/include", "-DINIT=PyInit_name", "-DSLOT", "gil_slot.c"} <= {*words}
    assert words[-2:] == ["-o", "/folder/name.suffix.so"]


def test_the_picture_says_the_same_thing_once_and_fits():
    said = {"ImportError: " + "it will not " * 9: ["numpy", "numba"], "no": ["zmq"]}
    picture = imports.picture("errors", "CPython", said, "will not")
    lines = picture["alt"].splitlines()
    assert lines[0] == "CPython:"
    assert lines[1].startswith("numpy, numba: ImportError: it will not")
    assert lines[-1] == "zmq: no"
    assert max(map(len, lines)) <= 76
    assert picture["svg"].count('class="loud"') >= 8
