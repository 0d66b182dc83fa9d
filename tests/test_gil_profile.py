"""gil_profile: a profiler's count by thread, and one line where none can look."""

import json
import os
import shutil
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import gil_profile
import pytest
from test_gil_lanes import ATTEMPTS, free_cores, verdict

LONG = ["--seconds", "10"]
JOBS = {"python_loop", "sort", "sha256"}
STACKS = """\
MainThread;<module> (script.py:1);work (gil_profile.py:50) 7
Thread.run (threading.py:982);repeat (gil_profile.py:45);python_loop (gil_profile.py:30) 20
Thread.run (threading.py:982);repeat (gil_profile.py:45);python_loop (gil_profile.py:31) 5
Thread.run (threading.py:982);repeat (gil_profile.py:45);sort (gil_profile.py:35) 74
Thread.run (threading.py:982);repeat (gil_profile.py:45);sha256 (gil_profile.py:39) 1
"""  # as py-spy writes them
COLLAPSED = "".join(  # as profiling.sampling of 3.15 does
    f"tid:4711;threading.py:run:1024;gil_profile.py:repeat:45;gil_profile.py:{job}:30 {count}\n"
    for job, count in [("python_loop", 25), ("sort", 74), ("sha256", 1)]
)


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """A stand-in for py-spy that does what the given lines of shell do; $1 is the file for the stacks."""

    def make(lines):
        place = tmp_path / "bin" / "py-spy"
        place.parent.mkdir()
        place.write_text('#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done; shift\n' + lines)
        place.chmod(place.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{place.parent}:{os.environ['PATH']}")

    monkeypatch.setattr(gil_profile, "sys", SimpleNamespace(version_info=(3, 14), executable=sys.executable))
    return make


@pytest.mark.parametrize("stacks", [STACKS, COLLAPSED])
def test_the_samples_are_counted_by_thread(stacks, tool, tmp_path):
    (tmp_path / "stacks").write_text(stacks)
    says = r"python_loop on a core: 9%%\nsort on a core: 80%%\nsha256 on a core: 97%%"
    tool(f'cp {tmp_path}/stacks "$1"; echo noise; printf "{says}\\n"; echo more noise\n')
    found = {job: (held, core["on a core"]) for job, held, core in gil_profile.look(1)}
    assert found == {"python_loop": (25, "9%"), "sort": (74, "80%"), "sha256": (1, "97%")}


def test_the_profiler_runs_the_threads_for_as_long_as_asked(tool, tmp_path):
    (tmp_path / "stacks").write_text(STACKS)
    tool(f'cp {tmp_path}/stacks "$1"; shift; [ "$1" = -- ] || exit 1; shift; exec "$@"\n')
    assert {job for job, _, _ in gil_profile.look(0.1)} == JOBS


@pytest.mark.parametrize("lines", ["exit 1\n", "touch $1\n", "echo Permission Denied >&2; exit 1\n"])
def test_a_profiler_that_may_not_look_is_one_line_with_the_mend(lines, tool, demo):
    tool(lines)
    done = demo("gil_profile", "--quick")
    if sys.version_info >= (3, 15):
        pytest.skip("it takes Python's own profiler")
    assert done.returncode == 2
    assert done.stderr.startswith("gil_profile.py: nobody had a GIL")
    assert len(done.stderr.splitlines()) == 1


def test_no_profiler_is_one_line_with_the_mend(monkeypatch):
    monkeypatch.setattr(gil_profile, "sys", SimpleNamespace(version_info=(3, 14), executable=sys.executable))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(gil_profile.CannotRun, match="pip install py-spy"):
        gil_profile.profiler("stacks")


def test_python_315_brings_its_own(monkeypatch):
    monkeypatch.setattr(gil_profile, "sys", SimpleNamespace(version_info=(3, 15), executable="python3.15"))
    command = gil_profile.profiler("stacks")
    assert command[:3] == ["python3.15", "-m", "profiling.sampling"]
    assert command[-1] == "stacks"


def test_who_lets_go_is_hardly_ever_seen_with_the_gil(demo, tmp_path):
    if not (shutil.which("py-spy") or Path(sys.executable).with_name("py-spy").exists()):
        pytest.skip("no py-spy here")
    seen = []
    for _ in range(ATTEMPTS):
        free = free_cores()
        done = demo("gil_profile", "--json", tmp_path / "r.json")
        assert done.returncode == 0, done.stderr
        runs = json.loads((tmp_path / "r.json").read_text())["runs"]
        held = {run["variant"]: run["values"][0] for run in runs}
        assert set(held) == JOBS
        assert sum(held.values()) == pytest.approx(100)
        seen.append((round(free, 2), held))
        if held["sha256"] < 10 and held["sort"] > held["python_loop"] > 2:
            return
    verdict(f"(share of a core, % of the samples with the GIL) {seen}", seen)
