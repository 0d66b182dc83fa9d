"""measure_noise: the same answer in both variants, the clocks are what they say, neighbours come and go."""

import hashlib
import json
import multiprocessing
import time
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
