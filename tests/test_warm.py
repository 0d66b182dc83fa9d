"""warm: what cells compile is compiled beforehand; %%cython needs no %load_ext, and no second wait."""

import json
import os
import re
import subprocess
import sys

import compiling
import pytest
import running
import sources
import warm
from conftest import SLIDES

CELL = "%%cython\ndef answer():\n    return 42"


@pytest.fixture
def notebook(tmp_path):
    """A notebook with one %%cython cell and one run of a demo."""
    path = tmp_path / "50-sample.ipynb"

    def write(*texts):
        cells = [{"cell_type": "code", "source": text} for text in texts]
        path.write_text(json.dumps({"cells": cells}))
        return path

    return write


def test_what_cells_compile_is_found(notebook, monkeypatch):
    monkeypatch.setattr(sources, "is_compiled", lambda demo: demo == "compiled")
    path = notebook(CELL, "from deck import run\nrun('compiled')\nrun('compiled', n=3)", "run('plain')")
    assert warm.cells(path) == [CELL]
    assert warm.demos([path]) == ["compiled"]
    assert warm.needed([path])
    assert warm.needed([notebook("run('compiled')")])
    assert not warm.needed([notebook("run('plain')")])


def test_a_demo_is_compiled_if_it_has_a_pyx():
    for demo in sources.demos():
        text = (sources.HERE / f"{demo}.py").read_text()
        assert sources.is_compiled(demo) == ("from compiling import" in text), demo


def test_demos_are_compiled_beforehand_but_for_a_replay(notebook, monkeypatch):
    asked = []
    monkeypatch.setattr(sources, "is_compiled", lambda demo: demo == "compiled")
    monkeypatch.setattr(running, "compile_first", asked.append)
    monkeypatch.setattr(os, "nice", lambda increment: 0, raising=False)
    path = str(notebook("run('compiled')", "run('plain')"))
    warm.main([path])
    assert asked == ["compiled"]
    monkeypatch.setenv("REPLAY", "1")
    warm.main([path])
    assert asked == ["compiled"]


def said(folder, *texts, **variables):
    """What these cells print in a fresh IPython with the extension that a talk's kernels have."""
    script = (
        "import warm\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\nwarm.load_ipython_extension(shell)\n"
        f"for text in {texts!r}:\n    shell.run_cell(text)\n"
    )
    own = {"IPYTHONDIR": str(folder), "XDG_CACHE_HOME": str(folder), **variables}
    command = [sys.executable, "-c", script]
    return subprocess.check_output(command, cwd=SLIDES, env=os.environ | own, text=True, timeout=100)


def modules(folder):
    return [file for file in folder.rglob("_cython_magic*") if file.suffix in (".so", ".pyd")]


def test_a_cell_is_compiled_once_and_its_kernel_needs_no_load_ext(notebook, tmp_path):
    own = {"IPYTHONDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run(warm.command([notebook(CELL)]), env=os.environ | own, check=True, capture_output=True)
    made = modules(tmp_path)
    assert len(made) == 1
    ready, answer = said(tmp_path, CELL, "print(answer())").splitlines()
    assert re.fullmatch(r"Ready after 0\.\d\d s: answer", ready)
    assert answer == "42"
    assert modules(tmp_path) == made


def test_without_a_compiler_a_line_says_so(tmp_path):
    words = said(tmp_path, CELL, CC="no-such-compiler")
    assert words == f"no C compiler, no-such-compiler: {compiling.C_COMPILER}\n"


def test_a_fault_is_told_of_and_what_was_defined_before_is_gone(tmp_path):
    words = said(tmp_path, CELL, CELL.replace("42", "forty_two"), "answer()")
    assert words.count("Ready") == 1
    assert "name 'answer' is not defined" in words


def test_every_kernel_of_a_talk_and_of_an_export_loads_the_extension(tmp_path):
    warm.configure(tmp_path)
    (file,) = tmp_path.rglob("*.py")
    assert file.name == "ipython_kernel_config.py"
    assert "extensions = ['warm']" in file.read_text()
