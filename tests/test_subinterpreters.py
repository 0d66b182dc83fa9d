"""subinterpreters: two interpreters in one process, each with its own GIL, run side by side."""

import json
import os

import pytest
from pythons import none_with, those_with

LONG = ["--window", "10000"]
HAVING, only_with_one = those_with("subinterpreters")


@pytest.fixture
def lanes(demo, tmp_path):
    def call(*options, **more):
        file = tmp_path / "record.json"
        done = demo("subinterpreters", "--json", file, *options, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(file.read_text())["lanes"]

    return call


@only_with_one
@pytest.mark.parametrize("python", HAVING, ids=lambda python: python.version + python.build[0])
def test_no_interpreter_waits_for_the_gil_of_another(lanes, python):
    for picture in lanes("--python", python.executable):
        spans = [span for lane in picture["workers"].values() for span in lane]
        assert len(picture["workers"]) == 2
        waited = sum(end - start for start, end, state in spans if state == "waiting")
        assert waited < 0.1 * picture["window"]
        for lane in picture["workers"].values():
            assert sum(end - start for start, end, _ in lane) == pytest.approx(picture["window"], abs=1)


@only_with_one
def test_as_many_as_asked_for_so_long(lanes):
    (first, *_) = lanes("--workers", 3, "--window", 20)
    assert list(first["workers"]) == ["interpreter 0", "interpreter 1", "interpreter 2"]
    assert first["window"] == 20


def test_without_such_a_python_one_line_says_how_to_get_one(demo, tmp_path):
    alone = {"PATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONS": "", "PYENV_ROOT": str(tmp_path)}
    done = demo("subinterpreters", env={**os.environ, **alone})
    if HAVING and done.returncode == 0:
        pytest.skip("the Python that runs the tests has subinterpreters itself")
    assert (done.returncode, done.stderr) == (2, f"subinterpreters.py: {none_with('subinterpreters')}\n")
