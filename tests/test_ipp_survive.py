"""ipp_survive: the engine of the fatal task dies; the others are done once, that one where it is retried."""

import json
import os
from types import SimpleNamespace

import engine_deaths
import ipp_survive
import pytest
from engine_deaths import begin, end, shown
from harness import CannotRun
from ipp_survive import FATAL, TASKS, add_squares, direct, load_balanced, with_retries

LONG = ["--steps", "100000000"]  # half a minute
STEPS = 1000
TOTAL = (STEPS - 1) * STEPS * (2 * STEPS - 1) // 6
MS = 10**6


@pytest.fixture
def record(demo, tmp_path):
    """Run the demo: its record and its output."""

    def call(*options):
        done = demo("ipp_survive", *options, "--json", tmp_path / "r.json", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads((tmp_path / "r.json").read_text()), done.stdout.splitlines()

    return call


def test_three_engines_die_and_only_retries_complete_the_work(record):
    taken, lines = record("--steps", STEPS)
    rows = {run["variant"]: (*run["parameters"].values(), run["values"][0]) for run in taken["runs"]}
    assert list(rows) == ["load_balanced", "with_retries", "direct"]
    assert rows["load_balanced"][:2] == (f"{TASKS - 1} of {TASKS}", "EngineError")
    assert rows["with_retries"][:2] == (f"{TASKS} of {TASKS}", "none")
    assert rows["direct"][:2] == (f"{TASKS // 2} of {TASKS}", "EngineError")
    assert {(run["measure"], run["unit"]) for run in taken["runs"]} == {("over after", "s")}
    assert all(run["result"] == [TOTAL] * int(run["parameters"]["tasks done"][0]) for run in taken["runs"])
    assert rows["load_balanced"][2] > 4.9  # what its scheduler waits
    assert rows["with_retries"][2] > 4.9
    assert 0 < rows["direct"][2] < 10  # as promised, on a busy machine too
    errors = [line for line in lines if "died while running task" in line]
    assert [line.split(":")[0] for line in errors] == ["load_balanced", "direct"]
    check_lanes({lanes["variant"]: lanes for lanes in taken["lanes"]})


def check_lanes(pictures):
    killed = f"task {FATAL}, killed"
    everything = [f"task {i}" for i in range(TASKS)]
    lost = {
        "load_balanced": [everything[FATAL]],
        "with_retries": [],
        "direct": everything[TASKS // 2 :],  # one message has them all
    }
    assert list(pictures) == list(lost)
    for view, lanes in pictures.items():
        spans = [(*span, engine) for engine, spans in lanes["workers"].items() for span in spans]
        names = [name for _, _, name, _ in spans]
        assert sorted(names) == sorted([killed, *(task for task in everything if task not in lost[view])])
        (dead,) = [engine for *_, name, engine in spans if name == killed]
        assert lanes["workers"][dead][-1][2] == killed  # the last it did
    assert set(pictures["load_balanced"]["workers"]) == {"engine 0", "engine 1"}
    assert set(pictures["with_retries"]["workers"]) == {"engine 2", "engine 3"}
    dead = {
        engine
        for lanes in pictures.values()
        for engine, spans in lanes["workers"].items()
        if spans[-1][2] == killed
    }
    assert len(dead) == 3


@pytest.fixture
def signals(monkeypatch):
    sent = []
    monkeypatch.setattr(os, "kill", lambda *call: sent.append(call))
    return sent


def test_a_task_kills_its_engine_once_and_leaves_last_words(tmp_path, signals):
    file = tmp_path / "words"
    total, stamp = add_squares(3, str(file), STEPS, 5)
    assert total == TOTAL
    assert stamp[:2] == ("task 3", os.getpid())
    assert stamp[2] < stamp[3]
    assert not file.exists()
    assert not signals
    _, stamp = add_squares(5, str(file), STEPS, 5)
    assert signals == [(os.getpid(), 9)]
    assert json.loads(file.read_text()) == list(stamp)
    assert add_squares(5, str(file), STEPS, 5)[0] == TOTAL
    assert len(signals) == 1


def test_each_view_is_what_its_name_says():
    class Engines:
        def load_balanced_view(self, ids):
            return SimpleNamespace(kind="balanced", ids=ids, retries=0)

        def direct_view(self, ids):
            return SimpleNamespace(kind="direct", ids=ids)

    assert vars(load_balanced(Engines(), [1, 2])) == {"kind": "balanced", "ids": [1, 2], "retries": 0}
    assert vars(with_retries(Engines(), [3])) == {"kind": "balanced", "ids": [3], "retries": 1}
    assert vars(direct(Engines(), [4])) == {"kind": "direct", "ids": [4]}


class Answers:
    """Stands for an AsyncMapResult."""

    def __init__(self, answers):
        self.answers = answers

    def add_done_callback(self, function):
        function(self)

    def wait(self, seconds):
        assert seconds == engine_deaths.DEADLINE
        return self.answers is not None

    def get(self, seconds):
        return self.answers


def test_no_answer_in_time_is_an_error_and_no_hang(tmp_path):
    view = SimpleNamespace(map_async=lambda *_, **__: Answers(None))
    with pytest.raises(CannotRun, match="some view: not all answers within 60 s"):
        end(begin("some view", view, len, 2, str(tmp_path)))


def test_what_was_done_and_lost_and_how_long_after_the_death_it_was_over(tmp_path, monkeypatch, capsys):
    error = engine_deaths.RemoteError("EngineError", f"Engine b'{'a1' * 4}-{'b2' * 9}' died", "", {})
    answers = [(10, ("task 0", 70, 1 * MS, 2 * MS)), error, (30, ("task 2", 80, 4 * MS, 9 * MS))]
    words = tmp_path / "view"
    words.write_text(json.dumps(["task 1", 70, 2 * MS, 5 * MS]))
    asked = []

    def map_async(function, tasks, files, return_exceptions):
        asked.append((function, list(tasks), files, return_exceptions))
        return Answers(answers)

    monkeypatch.setattr(engine_deaths, "perf_counter_ns", lambda: 2005 * MS)
    ended = end(begin("view", SimpleNamespace(map_async=map_async), len, 3, str(tmp_path)))
    assert asked == [(len, [0, 1, 2], [str(words)] * 3, True)]
    assert capsys.readouterr().out == "view: EngineError: Engine b'…' died\n"
    row, picture = shown([ended], {70: "engine 0", 80: "engine 1", 90: "engine 2"})
    assert (row.variant, row.values, row.measure, row.unit) == ("view", [2.0], "over after", "s")
    assert row.parameters == {"tasks done": "2 of 3", "error raised": "EngineError"}
    assert row.result == [10, 30]
    assert (picture.variant, picture.kind, picture.window) == ("view", "assigned", 8.0)
    assert picture.workers == {
        "engine 0": [(0.0, 1.0, "task 0"), (1.0, 4.0, "task 1, killed")],
        "engine 1": [(3.0, 8.0, "task 2")],
    }


def test_with_too_few_engines_one_line_says_how_many(monkeypatch, capsys):
    class Cluster:
        def __init__(self, workers, profile):
            assert (workers, profile) == (4, "mine")

        def __enter__(self):
            return [1, 2, 3]

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(ipp_survive, "cluster", Cluster)
    assert ipp_survive.main(["--quick", "--profile", "mine"]) == 2
    error = capsys.readouterr().err
    assert error == "ipp_survive.py: needs 4 engines: ipcluster start --profile mine -n 4\n"


def test_without_ipyparallel_one_line_says_so(demo, tmp_path):
    (tmp_path / "ipyparallel.py").write_text("raise ModuleNotFoundError('not here', name='ipyparallel')")
    done = demo("ipp_survive", "--quick", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "ipp_survive.py: ipyparallel is missing: pip install ipyparallel\n"
