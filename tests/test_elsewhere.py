"""--python: the same script on other Pythons, each row with its own, and the GIL as it was claimed."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from argparse import Namespace

import elsewhere
import interpreters
import pytest
import watchdog
from conftest import all_gone, run_line, until
from harness import CannotRun
from interpreters import Python
from test_contract import SCHEMA
from test_interpreters import answers, program


def python(version, build="default", executable=None):
    gil = build == "default"
    return Python(executable or f"/opt/{version}-{build}", "CPython", version, build, gil, True, False, "GCC")


HERE = [
    python("2.7.18"),
    python("3.9.18"),
    python("3.11.2", executable="/usr/bin/python3"),
    python("3.11.7", executable=sys.executable),
    python("3.11.9", executable="/opt/newer"),
    python("3.14.1"),
    python("3.14.2"),
    python("3.14.2", "free-threaded"),
]


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(interpreters, "find", lambda: (HERE, []))


def names(which):
    return [(each.version, name, gil) for each in elsewhere.chosen(which) for name, gil, _ in each.modes()]


def test_all_are_one_of_each_release_and_the_free_threaded_twice(here):
    assert names("all") == [
        ("3.9.18", "3.9", True),
        ("3.11.7", "3.11", True),  # this one
        ("3.14.2", "3.14", True),  # the newest
        ("3.14.2", "3.14t, GIL off", False),
        ("3.14.2", "3.14t, GIL on", True),
    ]


def test_a_version_names_one_build(here):
    assert names("3.14") == [("3.14.2", "3.14", True)]
    assert names("3.14t") == [("3.14.2", "3.14t, GIL off", False), ("3.14.2", "3.14t, GIL on", True)]


def test_the_newest_that_has_something(here, monkeypatch):
    assert names("free-threaded") == names("3.14t")
    assert names("subinterpreters") == names("3.14")  # it has a GIL, so they show more
    monkeypatch.setattr(interpreters, "find", lambda: ([HERE[-1]], []))
    assert names("subinterpreters") == names("free-threaded")
    monkeypatch.setattr(interpreters, "find", lambda: ([], []))
    with pytest.raises(
        CannotRun, match="there is no Python with free threads here; to get one: make free-thr"
    ):
        elsewhere.chosen("free-threaded")


def test_a_path_names_itself(tmp_path):
    there = program(tmp_path / "mine", answers(version="3.12.1", executable="/opt/mine"))
    assert names(there) == [("3.12.1", "3.12", True)]


@pytest.mark.parametrize(
    ("which", "why"),
    [
        ("3.99t", r"no Python 3\.99t here .*; to get it: uv python install 3\.99t"),
        ("2.7", r"the demos need Python 3\.9 or later"),
        ("/no/such/python", r"--python /no/such/python: does not start: No such file or directory"),
        ("newest", r"--python newest: does not start: No such file or directory"),
    ],
)
def test_what_cannot_be_is_said(here, which, why):
    with pytest.raises(CannotRun, match=why):
        elsewhere.chosen(which)


def test_rows_name_their_python_and_the_record_is_valid(demo, tmp_path):
    file = tmp_path / "record.json"
    done = demo("gil_cpu_bound", "--quick", "--python", sys.executable, "--json", file)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(file.read_text())
    SCHEMA.validate(record)
    short = f"3.{sys.version_info[1]}"
    assert [run["variant"] for run in record["runs"]] == ["sequential", "threads", "processes"]
    for run in record["runs"]:
        assert run["parameters"]["python"].startswith(short)
        assert run["interpreter"]["version"] == sys.version.split()[0]
    assert (
        record["command"] == f"python demos/gil_cpu_bound.py --quick --python {shlex.quote(sys.executable)}"
    )
    assert f"{short} ..." in done.stdout.splitlines()


def test_options_reach_the_other_python(demo, tmp_path):
    file = tmp_path / "record.json"
    options = ["--quick", "--mechanism", "processes", "--python", sys.executable, f"--json={file}"]
    assert demo("gil_lanes", *options).returncode == 0
    assert [lanes["variant"] for lanes in json.loads(file.read_text())["lanes"]] == ["processes"]


def test_a_gil_that_is_not_as_claimed_is_an_error(demo, tmp_path):
    """A program that says that it has no GIL, and is this Python all the same."""
    claim = answers(build="free-threaded", gil=False, executable=str(tmp_path / "python"))
    text = f'case "$*" in *get_config_var*) {claim};; *) shift 2; exec "{sys.executable}" "$@";; esac'
    done = demo("gil_lanes", "--quick", "--python", program(tmp_path / "python", text))
    assert done.returncode == 2
    assert done.stderr == "gil_lanes.py: 3.14t, GIL off: at the end it was otherwise\n"


def test_what_fails_there_is_told(demo, tmp_path):
    claim = answers(executable=str(tmp_path / "python"))
    text = f'case "$*" in *get_config_var*) {claim};; *) echo "no memory" >&2; exit 1;; esac'
    done = demo("gil_lanes", "--quick", "--python", program(tmp_path / "python", text))
    assert done.returncode == 2
    assert done.stderr == "gil_lanes.py: 3.14: no memory\n"


def test_one_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(elsewhere, "DEADLINE", 0.5)
    mark = watchdog.mark("ELSEWHERE_TEST")
    monkeypatch.setattr(elsewhere.os, "environ", os.environ | mark)
    there = [program(tmp_path / "python", "exec sleep 60")]
    with pytest.raises(CannotRun, match=r"3\.14: no end within 0\.5 s"):
        elsewhere.child("3.14", there, Namespace(demo="gil_lanes", given=[]))
    assert all_gone(mark)


def test_ctrl_c_ends_it_and_the_other_python():
    mark = watchdog.mark("ELSEWHERE_TEST")
    options = ["--python", sys.executable, "--limit", "40000000"]
    child = subprocess.Popen(
        [*run_line("gil_cpu_bound"), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | mark,
        start_new_session=True,
    )
    try:
        assert until(lambda: len(watchdog.marked(mark)) >= 2)
        assert any(re.fullmatch(r"3\.\d+ \.\.\.\n", line) for line in child.stdout)
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        assert (child.returncode, errors) == (130, "gil_cpu_bound.py: interrupted\n")
        assert all_gone(mark)
    finally:
        watchdog.end(mark)
