"""amdahl_fit: all the work is done however it is shared, and the formulas are the published ones."""

import json
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext

import amdahl_fit
import harness
import pytest
import terminal
from harness import Run
from test_gil_lanes import ATTEMPTS, free_cores, verdict

LONG = ["--units", "8000"]
PROCESSES = []
PRIMES = 168  # below 1,000: OEIS A006880


class Pool:
    """Calls at once, in this process, and remembers what it was given."""

    def __init__(self):
        self.parts = []

    def map(self, function, parts):
        self.parts = list(parts)
        return map(function, self.parts)


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
@pytest.mark.parametrize("serial", [0.1, 0.5])
def test_known_does_all_units_and_shares_all_but_the_serial_ones(serial, workers):
    pool = Pool()
    assert amdahl_fit.known(pool, 20, serial, workers) == 20 * PRIMES
    assert sum(pool.parts) == 20 * (1 - serial)
    assert len(pool.parts) == workers
    assert max(pool.parts) - min(pool.parts) <= 1


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_unknown_reads_every_line_once(workers):
    pool = Pool()
    number = 2 * 500
    assert amdahl_fit.unknown(pool, 2, 0.1, workers) == 2 * 95  # primes below 500
    lines = [line for part in pool.parts for line in part]
    assert len(lines) == number
    assert len(pool.parts) == workers
    assert max(map(len, pool.parts)) - min(map(len, pool.parts)) <= 1


@pytest.mark.parametrize("serial", [0.05, 0.3, 1.0])
def test_the_fit_finds_the_serial_fraction_of_amdahls_law(serial):
    speedups = {p: 1 / (serial + (1 - serial) / p) for p in (2, 4, 16)}
    each, fitted = amdahl_fit.fit(speedups)
    assert fitted == pytest.approx(serial)
    assert each == pytest.approx({2: serial, 4: serial, 16: serial})


def test_overhead_that_grows_with_the_workers_shows_in_karp_and_flatts_fraction():
    each, fitted = amdahl_fit.fit({p: 1 / (0.1 + 0.9 / p + 0.01 * p) for p in (2, 4, 8)})
    assert each[2] < each[4] < each[8]
    assert each[2] < fitted < each[8]


def test_workers_beyond_the_cores_are_marked_and_not_in_the_fit(capsys):
    times = {1: 1.0, 2: 0.55, 4: 0.325, 8: 0.55}  # 0.1 on four cores; with the last point far more
    runs = [Run("known", [time], parameters={"workers": p}, cpu_seconds=1.0) for p, time in times.items()]
    told = list(amdahl_fit.explain(nullcontext(), [runs], cores=4))
    assert [run.parameters["cores"] for run in told] == ["enough", "enough", "enough", "too few"]
    words = capsys.readouterr().out
    assert "0.10 with 2 workers, 0.10 with 4 workers" in words
    assert "Amdahl's fit 0.10, ceiling 10.0" in words
    assert "8 workers" not in words


def test_one_point_is_no_fit(capsys):
    runs = [Run("known", [time], parameters={"workers": p}) for p, time in ((1, 1.0), (2, 0.55), (4, 0.5))]
    list(amdahl_fit.explain(nullcontext(), [runs], cores=2))
    said = "known: serial fraction 0.10 with 2 workers (Karp, Flatt); one point, no fit\n"
    assert capsys.readouterr().out == said


@pytest.mark.parametrize(
    ("times", "words"), [({1: 1.0, 2: 0.5, 4: 0.25}, "no ceiling"), ({1: 1.0, 2: 1.2, 4: 1.3}, "ceiling 0.7")]
)
def test_a_perfect_and_a_bad_speedup_have_words(times, words, capsys):
    runs = [Run("x", [time], parameters={"workers": p}) for p, time in times.items()]
    list(amdahl_fit.explain(nullcontext(), [runs], 4))
    assert words in capsys.readouterr().out


def test_a_row_over_workers_has_its_speedup_against_its_own_first():
    runs = [
        {"variant": name, "values": [time], "parameters": {"workers": p}}
        for name, times in [("known", [4.0, 2.0]), ("unknown", [1.0, 0.8])]
        for p, time in enumerate(times, 1)
    ]
    assert [terminal.speedup(run, runs) for run in runs] == pytest.approx([1, 2, 1, 1.25])


def test_one_core_has_no_fit(capsys):
    runs = [Run("x", [1.0], parameters={"workers": p}) for p in (1, 2)]
    list(amdahl_fit.explain(nullcontext(), [runs], 1))
    assert capsys.readouterr().out == ""


def runs_of(demo, tmp_path, *options):
    done = demo("amdahl_fit", *options, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    return json.loads((tmp_path / "r.json").read_text())["runs"]


@pytest.mark.parametrize(
    ("workers", "steps"), [(1, [1, 2]), (2, [1, 2, 4]), (3, [1, 2, 3, 6]), (4, [1, 2, 3, 4, 8])]
)
def test_the_steps_lead_to_all_workers_and_beyond(workers, steps, demo, tmp_path):
    runs = runs_of(demo, tmp_path, "--quick", "--workers", workers)
    assert [(run["variant"], run["parameters"]["workers"]) for run in runs] == [
        (job, p) for job in ("known", "unknown") for p in steps
    ]
    assert {len(run["values"]) for run in runs} == {amdahl_fit.ROUNDS}
    for job in ("known", "unknown"):  # the same answer, however many share the work
        assert len({run["result"] for run in runs if run["variant"] == job}) == 1


def test_known_is_found_on_free_cores():
    seen = []
    for _ in range(ATTEMPTS):
        free = free_cores()
        with ProcessPoolExecutor(2) as pool:
            runs = harness.sweep([amdahl_fit.known], pool, 120, 0.5, workers=[1, 2], rounds=amdahl_fit.ROUNDS)
            alone, shared = (min(run.values) for run in runs)
        _, serial = amdahl_fit.fit({2: alone / shared})
        seen.append((round(min(free, free_cores()), 2), round(serial, 2)))
        if 0.4 < serial < 0.65:
            return
    verdict(f"(share of a core, serial fraction, which is 0.5) {seen}", seen)
