"""Every Python of the machine is found once, asked in time, and what is none is left out with a reason."""

import os
import subprocess
import sys
from pathlib import Path

import interpreters
import pytest
from conftest import DEMOS
from interpreters import Python, Skipped


def program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def answers(**changes):
    """A program that answers like a Python that has these properties."""
    answer = {
        "name": "CPython", "version": "3.14.2", "build": "default", "gil": True, "subinterpreters": True,
        "jit": False, "compiler": "GCC", "executable": "/opt/x/python",
    } | changes  # fmt: skip
    return "echo '" + repr(answer).replace("'", '"').replace("True", "true").replace("False", "false") + "'"


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """A machine without any other Python, to put some there."""
    for name in ("HOME", "PYENV_ROOT", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("PYTHONS", raising=False)
    monkeypatch.setattr(interpreters, "of_uv", lambda: iter(()))
    return tmp_path


def found():
    pythons, skipped = interpreters.find()
    return [python.executable for python in pythons if python.executable != sys.executable], skipped


def test_this_python_is_found_and_says_what_it_is(nowhere):
    (python,), skipped = interpreters.find()
    assert skipped == []
    assert python.release == sys.version_info[:2]
    assert python.executable == sys.executable
    assert python.short == f"3.{sys.version_info[1]}" + "t" * (not python.gil)


@pytest.mark.parametrize(
    "place", ["bin/python3.14t", "home/versions/3.14.2t/bin/python3", "env/bin/python", "anywhere/my-own"]
)
def test_it_is_found_on_path_of_pyenv_of_conda_and_by_name(nowhere, monkeypatch, place):
    there = program(nowhere / place, answers(executable="/opt/one", build="free-threaded", gil=False))
    (nowhere / "home/.conda").mkdir(parents=True)
    (nowhere / "home/.conda/environments.txt").write_text(f"{nowhere}/env\n\n")
    if place == "anywhere/my-own":
        monkeypatch.setenv("PYTHONS", there)
    pythons, _ = interpreters.find()
    (python,) = [one for one in pythons if one.executable == "/opt/one"]
    assert (python.short, python.gil) == ("3.14t", False)


def test_uv_is_asked(monkeypatch, tmp_path):
    there = program(tmp_path / "python3.15", answers(executable="/opt/of-uv"))
    uv = program(tmp_path / "uv", f"""echo '[{{"path": "{there}"}}]'""")
    monkeypatch.setattr(interpreters.shutil, "which", lambda name: uv)
    assert list(interpreters.of_uv()) == [there]
    program(tmp_path / "uv", "echo no JSON")
    assert list(interpreters.of_uv()) == []


def test_the_same_one_counts_once_and_the_oldest_comes_first(nowhere):
    for name in ("python", "python3", "python3.9"):
        program(nowhere / "bin" / name, answers(executable="/opt/one", version="3.9.1"))
    program(nowhere / "bin" / "python3.10", answers(executable="/opt/ten", version="3.10.1"))
    program(nowhere / "bin" / "python2.7", answers(executable="/opt/two", version="2.7.18"))
    pythons, _ = interpreters.find()
    others = [one.executable for one in pythons if one.executable != sys.executable]
    assert others == ["/opt/two", "/opt/one", "/opt/ten"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo Segmentation fault >&2; exit 139", r"answers nothing (status 139): Segmentation fault"),
        ("echo hello", r"answers nothing (status 0): no message"),
        (answers(name="PyPy", version="3.11.13"), "is PyPy 3.11.13"),
        ("exec sleep 60", "no answer within 0.5 s"),
    ],
)
def test_what_is_none_is_left_out_with_a_reason(nowhere, monkeypatch, text, reason):
    monkeypatch.setattr(interpreters, "DEADLINE", 0.5 if "sleep" in text else interpreters.DEADLINE)
    there = program(nowhere / "bin" / "python3", text)
    monkeypatch.setenv("PATH", os.pathsep.join([str(nowhere / "bin"), "/bin", "/usr/bin"]))
    assert interpreters.ask(there) == Skipped(there, reason)


def test_what_does_not_start_is_left_out(nowhere, monkeypatch):
    broken = nowhere / "bin" / "python3"
    program(broken, "")
    broken.write_bytes(b"\x7fELF no program")
    monkeypatch.setenv("PYTHONS", os.pathsep.join(["/no/such/python", ""]))
    assert sorted(each.executable for each in found()[1]) == sorted(["/no/such/python", str(broken)])
    assert all(each.reason.startswith("does not start: ") for each in found()[1])


@pytest.mark.parametrize("name", ["python-config", "python3.11-config", "pythonw", "python3.1x", "ipython"])
def test_what_is_called_otherwise_is_not_started(nowhere, name):
    ran = nowhere / "ran"
    program(nowhere / "bin" / name, f"touch {ran}")
    assert found() == ([], [])
    assert not ran.exists()


def test_one_command_prints_the_table():
    done = subprocess.run(
        [sys.executable, DEMOS / "interpreters.py"], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["version", "build", "GIL", "subinterpreters", "JIT", "where"]
    assert any(row.startswith(sys.version.split()[0]) for row in rows)


def test_a_free_threaded_one_is_called_so():
    python = Python("/x", "CPython", "3.15.2", "free-threaded", False, True, False, "GCC")
    assert python.short == "3.15t"
    assert list(interpreters.table([python]))[1].split() == [
        "3.15.2",
        "free-threaded",
        "off",
        "yes",
        "off",
        "/x",
    ]


@pytest.mark.skipif(not Path.home().joinpath(".pyenv/versions").exists(), reason="there is no pyenv here")
def test_those_of_pyenv_are_found():
    versions = {python.release for python in interpreters.find()[0]}
    assert {
        (3, int(folder.name.split(".")[1])) for folder in Path.home().glob(".pyenv/versions/3.*")
    } <= versions
