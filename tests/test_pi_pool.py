"""pi_pool: the same hits whoever counts them, streams that are told apart, an error as theory has it."""

import json
import math
import random
from statistics import fmean

import pi_pool
import pytest

LONG = ["--samples", "3000000"]  # its last step takes a minute
PROCESSES = []


def by_hand(samples, seed, task):
    """The hits, from random numbers drawn one after the other."""
    generator = random.Random(f"{seed}, {task}")
    points = [(generator.random(), generator.random()) for _ in range(samples)]
    return len([1 for x, y in points if x * x + y * y < 1])


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("variant", [pi_pool.sequential, pi_pool.processes])
def test_every_task_is_done_once_with_its_own_numbers(variant, workers):
    assert variant(workers, 5, samples=20) == [by_hand(20, 5, task) for task in range(100)]


def test_the_pool_has_as_many_workers_as_asked(monkeypatch):
    seen, real = [], pi_pool.ProcessPoolExecutor
    monkeypatch.setattr(pi_pool, "ProcessPoolExecutor", lambda number: seen.append(number) or real(number))
    pi_pool.processes(3, 1, samples=1)
    assert seen == [3]


def test_it_is_pi():
    found = pi_pool.sequential(1, 2018, samples=2_000)
    assert fmean(4 * hit / 2_000 for hit in found) == pytest.approx(
        math.pi, abs=4 * 1.642 / math.sqrt(200_000)
    )


def test_no_two_streams_are_the_same():
    pairs = [(seed, task) for seed in range(1, 30) for task in range(30)]
    assert len({pi_pool.stream(*pair).random() for pair in pairs}) == len(pairs)


def test_a_stream_is_the_same_on_every_python():
    """The documentation of random promises the same sequence for a seed; written down by Python 3.9."""
    numbers = pi_pool.stream(2018, 7)
    assert [numbers.random() for _ in range(2)] == STREAM


STREAM = [0.3183106061695613, 0.9920846820559205]


def test_errors_of_the_tasks_and_of_theory():
    assert pi_pool.measured([0, 1, 1], 1) == pytest.approx(
        math.sqrt((math.pi**2 + 2 * (4 - math.pi) ** 2) / 3)
    )
    # of one sample it is known: 4 with probability π/4, else 0
    p = math.pi / 4
    assert pi_pool.expected([], 1) == pytest.approx(math.sqrt(p * (4 - math.pi) ** 2 + (1 - p) * math.pi**2))
    assert pi_pool.expected([], 25) == pytest.approx(pi_pool.expected([], 1) / 5)


def runs_of(demo, tmp_path, *options):
    done = demo("pi_pool", "--json", tmp_path / "r.json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "r.json").read_text())["runs"]


def test_its_rows_are_times_then_errors_the_same_for_every_number_of_workers(demo, tmp_path):
    steps = [1, 10, 100, 250]
    errors = []
    for workers in (1, 3):
        runs = runs_of(demo, tmp_path, "--samples", 250, "--workers", workers)
        times = [(run["variant"], run["parameters"]["samples"]) for run in runs if run["measure"] == "time"]
        assert times == [(variant, n) for n in steps for variant in ("sequential", "processes")]
        errors.append([(run["variant"], run["parameters"], *run["values"]) for run in runs[len(times) :]])
    assert errors[0] == errors[1]
    names = [(name, n["samples"]) for name, n, _ in errors[0]]
    assert names == [(name, n) for name in ("measured", "expected") for n in steps]
    # of 100 estimates the RMS is itself uncertain by a fourteenth: three times that
    for (_, _, measured), (_, _, expected) in zip(errors[0][:4], errors[0][4:], strict=True):
        assert measured == pytest.approx(expected, rel=0.22)


def test_another_seed_has_other_errors(demo, tmp_path):
    first, other = (
        [
            run["values"]
            for run in runs_of(demo, tmp_path, "--quick", "--seed", seed)
            if run["variant"] == "measured"
        ]
        for seed in (1, 2)
    )
    assert first != other
