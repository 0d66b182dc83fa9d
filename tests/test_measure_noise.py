"""measure_noise: the same answer in both variants, the clocks are what they say, neighbours come and go."""

import hashlib
import json
import multiprocessing
import time
from contextlib import nullcontext
from statistics import median

import measure_noise
import pytest
from test_gil_lanes import ATTEMPTS, free_cores, verdict

LONG = ["--repeats", "100", "--size", "60"]
PROCESSES = []
PIECES = [b"a", b"bc" * 5000, b""]


@pytest.fixture
def record(demo, tmp_path):
    def call(*options):
        done = demo("measure_noise", *options, "--json", tmp_path / "r.json")
        assert done.returncode == 0, done.stderr
        return done.stdout, json.loads((tmp_path / "r.json").read_text())["runs"]

    return call


@pytest.mark.parametrize("variant", [measure_noise.sequential, measure_noise.threads])
def test_every_piece_is_hashed_in_order(variant):
    assert variant(PIECES, workers=2) == [hashlib.sha256(piece).hexdigest() for piece in PIECES]


def test_the_threads_are_as_many_as_asked(monkeypatch):
    seen, real = [], measure_noise.ThreadPoolExecutor
    monkeypatch.setattr(
        measure_noise, "ThreadPoolExecutor", lambda number: seen.append(number) or real(number)
    )
    measure_noise.threads(PIECES, 3)
    assert seen == [3]


def test_only_the_cpu_clock_does_not_see_a_sleep():
    taken = {
        name: measure_noise.seconds(clock, time.sleep, 0.2)
        for name, (_, clock) in measure_noise.SETTINGS.items()
    }
    assert taken["CPU clock"] < 0.1
    assert taken["as it is"] >= 0.2
    assert taken["neighbours"] >= 0.2


def test_neighbours_are_busy_and_gone_afterwards():
    with measure_noise.neighbours(2):
        crew = multiprocessing.active_children()
        assert len(crew) == 2
        time.sleep(0.3)
    assert not any(process.is_alive() for process in crew)
    assert not multiprocessing.active_children()


def test_no_neighbours_are_no_processes():
    with measure_noise.neighbours(0):
        assert not multiprocessing.active_children()


def test_its_rows_are_both_variants_in_every_setting_with_their_spread(record):
    shown, runs = record("--quick", "--repeats", 5)
    assert [(run["parameters"]["setting"], run["variant"]) for run in runs] == [
        (setting, variant) for setting in measure_noise.SETTINGS for variant in ("sequential", "threads")
    ]
    assert {len(run["values"]) for run in runs} == {5}
    assert shown.splitlines()[1].split() == ["setting", "time", "min", "p95", "speedup", "CPU/wall"]


def test_a_warm_up_does_not_count(monkeypatch):
    calls = []
    monkeypatch.setattr(measure_noise, "seconds", lambda *_: calls.append(1) or len(calls))
    monkeypatch.setattr(measure_noise, "neighbours", lambda number: nullcontext())
    rows = list(measure_noise.measure(1, 3, 2))
    assert [(row[1], row[5]) for row in rows[:2]] == [([2, 3, 4], 1), ([6, 7, 8], 5)]


def test_the_cpu_seconds_are_those_of_the_repeats_and_the_cpu_clock_has_none(monkeypatch):
    def work(clock, *_):
        end = measure_noise.CPU() + 0.02
        while measure_noise.CPU() < end:
            pass
        return 0.02

    monkeypatch.setattr(measure_noise, "seconds", work)
    monkeypatch.setattr(measure_noise, "neighbours", lambda number: nullcontext())
    for *_, setting, _, cpu in measure_noise.measure(1, 5, 2):
        if setting["setting"] == "CPU clock":
            assert cpu is None
        else:
            assert cpu == pytest.approx(0.1, rel=0.15)  # not 0.12, with the warm-up


def test_the_cpu_clock_denies_the_speedup(record):
    seen = []
    for _ in range(ATTEMPTS):
        free, (_, runs) = free_cores(), record("--repeats", 7, "--workers", 2)
        times = {(run["parameters"]["setting"], run["variant"]): median(run["values"]) for run in runs}
        wall, cpu = (
            times[setting, "sequential"] / times[setting, "threads"] for setting in ("as it is", "CPU clock")
        )
        seen.append((round(free, 2), round(wall, 2), round(cpu, 2)))
        assert cpu < 1.5  # on any load, on any number of cores
        if wall > 1.5:
            return
    verdict(f"(share of a core, speedup by the wall clock, by the CPU clock) {seen}", seen)
