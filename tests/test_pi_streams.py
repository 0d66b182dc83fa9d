"""pi_streams: who draws the same numbers as whom, under every start method; and π by all of them."""

import json
import math
import multiprocessing
import random
from math import sqrt

import pi_streams
import pytest

LONG = ["--samples", "100000000"]
PROCESSES = []
ESTIMATES = [
    pi_streams.seeded_once,
    pi_streams.unseeded_once,
    pi_streams.module_random,
    pi_streams.one_a_task,
]


def record_of(demo, tmp_path, *options):
    done = demo("pi_streams", "--json", tmp_path / "r.json", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((tmp_path / "r.json").read_text())


@pytest.mark.parametrize("start", multiprocessing.get_all_start_methods())
def test_distinct_and_again_under_every_start_method(start, demo, tmp_path):
    said, record = record_of(demo, tmp_path, "--quick", "--start", start, "--tasks", 2)
    found = {run["variant"]: (*run["values"], run["parameters"]["again"]) for run in record["runs"]}
    assert {(run["measure"], run["unit"]) for run in record["runs"]} == {("distinct", "of 2")}
    assert found["seeded_once"] == (1, "same")
    assert found["module_random"] == (2, "other")
    assert found["one_a_task"] == (2, "same")
    if start != "forkserver":  # newer ones import the module before they fork, then all are copies
        assert found["unseeded_once"] == ((1, "same") if start == "fork" else (2, "other"))
    assert ("No fork: " in said) == (start != "fork")


def test_fork_is_the_default_where_there_is_one(demo, tmp_path):
    methods = multiprocessing.get_all_start_methods()
    _, record = record_of(demo, tmp_path, "--quick")
    assert record["parameters"]["start"] == ("fork" if "fork" in methods else "spawn")


@pytest.mark.parametrize("estimate", ESTIMATES)
def test_every_generator_gives_pi(estimate):
    # a term has the standard deviation sqrt(32/3 - π²) = 0.893
    assert estimate(20_000, 3) == pytest.approx(math.pi, abs=6 * 0.893 / sqrt(20_000))


def test_a_task_has_its_own_numbers_in_its_own_place():
    draws = [random.Random(f"2018, {task}").random() for task in range(3)]
    expected = [4 * sqrt(1 - draw**2) for draw in draws]
    assert pi_streams.crew(pi_streams.one_a_task, 1, 3) == pytest.approx(expected)


def dies(samples, task):
    return 0.0  # what is there of a worker that was killed


def test_a_killed_worker_is_told_of():
    with pytest.raises(pi_streams.CannotRun, match="killed: use fewer --tasks"):
        pi_streams.crew(dies, 1, 2)


def test_the_picture_shows_the_results_and_marks_those_that_are_alike(demo, tmp_path):
    _, record = record_of(demo, tmp_path, "--quick", "--start", multiprocessing.get_all_start_methods()[0])
    (picture,) = record["attachments"]
    first, *_, last = picture["alt"].splitlines()
    random_numbers = random.Random(2018)
    estimate = 4 * sum(sqrt(1 - random_numbers.random() ** 2) for _ in range(100)) / 100
    assert first.split() == ["seeded_once", *[f"{estimate:.4f}"] * 8]
    assert len(set(last.split())) == 9
    assert f'class="loud" fill="#a84300" font-weight="bold">{"  ".join(first.split()[1:])}<' in picture[
        "svg"
    ].replace("\N{NO-BREAK SPACE}", " ")
    assert not any(number in last for number in first.split()[1:])
