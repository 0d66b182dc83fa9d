"""ipp_views: each engine holds what it must after each call; a cluster of the user's own can be joined."""

import json
import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
import watchdog
from conftest import until

ipp_views = pytest.importorskip("ipp_views", reason="ipyparallel is missing")
import cluster  # noqa: E402

LONG = ["--workers", "12"]
HOLDS = """\
call      engine 0            engine 1             answer
push      factor: 3           factor: 3            –
scatter   part: 0 1 2         part: 3 4            –
execute   part: 0 3 6         part: 9 12           –
pull      part: 0 3 6         part: 9 12           [0 3 6] [9 12]
gather    part: 0 3 6         part: 9 12           0 … 12
map_sync  part: 0 3 6         part: 9 12           0 … 12"""


SHORT = """\
call      engine 0            engine 2             answer
push      factor: 3           factor: 3            –
scatter   part: 0             part:                –
execute   part: 0             part:                –
pull      part: 0             part:                [0] … []
gather    part: 0             part:                0 3
map_sync  part: 0             part:                0 3"""
CALLS = ["push", "scatter", "execute", "pull", "gather", "map_sync"]


@pytest.fixture(scope="module")
def engines():
    """Three; a view of the first two is another matter than one of all."""
    with ipp_views.cluster(3) as started:
        yield started


@pytest.fixture
def record(engines, monkeypatch, tmp_path):
    """Its record on as many of these engines: record(2, "--numbers", 5); and what cluster() was given."""

    def call(number, *options):
        class Some:
            def direct_view(self, **more):
                return engines.direct_view(engines.ids[:number], **more)

            def __len__(self):
                return number

        given, file = [], tmp_path / "r.json"

        def stand_in(*words, **more):
            given.append([*words, more])
            return nullcontext(Some())

        monkeypatch.setattr(ipp_views, "cluster", stand_in)
        words = ["--workers", number, *options, "--json", file]
        assert ipp_views.main(list(map(str, words))) == 0
        return json.loads(file.read_text()), given[0]

    return call


@pytest.mark.parametrize(("number", "numbers", "picture"), [(2, 5, HOLDS), (3, 2, SHORT)])
def test_all_engines_hold_what_they_must_after_each_call(number, numbers, picture, record):
    taken, _ = record(number, "--numbers", numbers)
    assert [run["variant"] for run in taken["runs"]] == CALLS
    assert [run["values"] for run in taken["runs"]] == [[number]] * len(CALLS)
    assert [line.rstrip() for line in taken["attachments"][0]["alt"].splitlines()] == picture.splitlines()
    answers = [line[51:].strip() for line in picture.splitlines()[1:]]
    assert [run["parameters"]["answer"] for run in taken["runs"]] == answers


@pytest.mark.parametrize("number", [1, 2, 3])
def test_many_numbers_fit_into_the_picture(number, record):
    taken, _ = record(number, "--numbers", 32)
    lines = taken["attachments"][0]["alt"].splitlines()
    assert max(map(len, lines)) <= 76
    if number == 2:
        assert lines[4] == "pull      part: 0 … 45        part: 48 … 93        [0 … 45] [48 … 93]"


def test_one_engine_has_all(record):
    taken, _ = record(1, "--numbers", 3)
    assert [run["values"] for run in taken["runs"]] == [[1]] * len(CALLS)
    assert "engine 0" in taken["attachments"][0]["alt"]
    assert "engine 1" not in taken["attachments"][0]["alt"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("by_hand", lambda numbers, engines: [(None, [3] * engines)] * 3 + [([], [[]] * engines)] * 3),
        ("triple", abs),
    ],
)
def test_what_is_wrong_is_not_counted_as_right(name, fault, record, monkeypatch):
    monkeypatch.setattr(ipp_views, name, fault)
    taken, _ = record(2, "--numbers", 4)
    wrong = {run["variant"] for run in taken["runs"] if run["values"] != [2]}
    assert wrong == ({"map_sync"} if name == "triple" else set(CALLS) - {"push"})


def test_its_options_are_those_of_its_cluster(record):
    _, given = record(3, "--messages", "encrypted", "--profile", "mine")
    assert given == [3, {"profile": "mine", "encrypted": True}]
    _, given = record(2)
    assert given == [2, {"profile": "", "encrypted": False}]


def test_it_joins_a_cluster_that_the_user_started(demo, tmp_path, monkeypatch, capfd):
    """A real one, by ipcluster, which lives on; after its end a line says that it does not run."""
    mark = watchdog.mark("IPP_VIEWS_TEST")
    environment = os.environ | mark | {"IPYTHONDIR": str(tmp_path)}
    start = [sys.executable, "-m", "ipyparallel.cluster", "start", "--profile=mine", "-n", "2"]
    (tmp_path / "profile_mine").mkdir()
    beat = "c = get_config()\nc.HeartMonitor.period = 200"  # ms; by default engines take 6 s to be counted
    (tmp_path / "profile_mine" / "ipcontroller_config.py").write_text(beat)
    options = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    user = subprocess.Popen(start, **options)
    try:
        file = tmp_path / "profile_mine" / "security" / "ipcontroller-client.json"
        assert until(file.exists)
        assert until(lambda: engines_of(file) == 2)
        done = demo("ipp_views", "--profile", "mine", "--numbers", 5, cwd=tmp_path, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Starting" not in done.stdout
        assert "scatter   part: 0 1 2         part: 3 4" in done.stdout
        assert engines_of(file) == 2  # they live on
    finally:
        watchdog.end(mark)
        user.wait()
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setattr(cluster, "ANSWER", 0.3)  # nobody is there
    for profile in ("mine", "yours"):  # its connection file is still there; there never was one
        assert ipp_views.main(["--profile", profile]) == 2
        line = f"no cluster runs under the profile {profile!r}: ipcluster start --profile {profile} -n 2"
        assert capfd.readouterr().err == f"ipp_views.py: {line}\n"


def engines_of(file):
    import ipyparallel

    with ipyparallel.Client(str(file)) as client:
        return len(client.ids)


def test_without_ipyparallel_one_line_says_so(demo, tmp_path):
    (tmp_path / "ipyparallel.py").write_text("raise ModuleNotFoundError('not here', name='ipyparallel')")
    done = demo("ipp_views", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "ipp_views.py: ipyparallel is missing: pip install ipyparallel\n"
