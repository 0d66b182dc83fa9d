"""cython_refusal: what touches Python objects is refused for that reason, C is not, and no file is left."""

import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("Cython", reason="Cython is missing")
import cython_refusal
from cython_refusal import LOOP, STATEMENTS, attempts, picture, translate

LONG = ["--times", "3000"]
STARTS = 0  # it has one thread
PROCESSES = []
REFUSED = {"print(i)", "a_list.append(i)", "python_function(i)"}
WARNED = {"may_raise(i)"}


def text(statement):
    return LOOP.format(before=STATEMENTS[statement], statement=statement)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_what_touches_python_objects_is_refused_for_that_and_c_is_not(statement):
    said = translate(text(statement))
    assert (" not allowed without gil" in said) == (statement in REFUSED)
    assert ("performance hint" in said) == (statement in WARNED)
    assert bool(said) == (statement in REFUSED | WARNED)


@pytest.mark.parametrize("statement", sorted(REFUSED))
def test_the_gil_mends_it_and_taking_with_nogil_away_does_too(statement):
    assert translate(text(statement).replace(statement, f"with gil: {statement}")) == ""
    assert translate(text(statement).replace("with nogil", "if True")) == ""


def test_another_mistake_is_not_taken_for_a_refusal():
    said = translate("def loop(:\n")
    assert "loop.pyx:1:9" in said
    assert "gil" not in said


def test_its_text_is_translated_as_often_as_asked_and_its_errors_are_counted(monkeypatch):
    seen = []
    said = "a line\nloop.pyx:1:2: no\n  loop.pyx\nloop.pyx:3:4: no\n"
    monkeypatch.setattr(cython_refusal, "translate", lambda text: seen.append(text) or said)
    rows = [row for rows, _ in attempts(3) for row in rows]
    assert [seen.count(each) for each in dict.fromkeys(seen)] == [3] * len(STATEMENTS)
    assert seen[::3] == [text(statement) for statement in STATEMENTS]
    assert rows == [(each, [2], "said", "errors", {"Cython": "refuses"}) for each in STATEMENTS]


def test_what_is_said_again_is_left_out_and_long_lines_are_wrapped():
    _, words, svg = picture("x", "\nif\n\n\tf()\nnoexcept & if\n\tf()\n" + 40 * "ab " + "\n")
    assert words.splitlines()[:3] == ["if", "    f()", "noexcept & if"]
    assert max(map(len, words.splitlines())) <= 76
    assert words.replace("\n", "").count("ab") == 40
    assert "noexcept" in svg.split('class="loud"')[1]


def test_its_rows_its_pictures_and_nothing_left(tmp_path, monkeypatch):
    (tmp_path / "a folder: here").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "a folder: here"))
    monkeypatch.chdir(tmp_path)  # Cython tells of files as seen from here
    assert cython_refusal.main(["--quick", "--json", "r.json"]) == 0
    record = json.loads(Path("r.json").read_text())
    assert {run["variant"]: run["parameters"]["Cython"] for run in record["runs"]} == {
        each: "refuses" if each in REFUSED else "warns" if each in WARNED else "accepts"
        for each in STATEMENTS
    }
    assert all((run["values"][0] > 0) == (run["variant"] in REFUSED) for run in record["runs"])
    refusal, hint = (at["alt"] for at in record["attachments"])
    lines = refusal.splitlines()
    assert "            print(i)" in lines
    assert lines[-1] == "loop.pyx:6:18: Converting to Python object not allowed without gil"
    assert "loop.pyx:6:17: Calling gil-requiring function not allowed without gil" in lines
    assert hint.startswith("performance hint: loop.pyx:1:0: Exception check on 'may_raise' will always")
    assert "Declare 'may_raise' as 'noexcept'" in hint
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a folder: here", "r.json"]


def test_without_cython_one_line_says_so(demo, tmp_path):
    (tmp_path / "Cython.py").write_text("raise ModuleNotFoundError('not here', name='Cython')")
    done = demo("cython_refusal", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_refusal.py: Cython is missing: pip install Cython\n"


def test_it_needs_no_c_compiler(demo, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CC", "no-such-compiler")
    assert shutil.which("gcc") is None
    assert demo("cython_refusal", "--quick").returncode == 0
