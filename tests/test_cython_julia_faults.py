"""cython_julia_faults: the same counts in every way, threads where there is a flag, a clock for each row."""

import json
import subprocess
import sys
from pathlib import Path

import cython_julia_faults
import numpy as np
import pytest
from compiling import compiled
from conftest import DEMOS
from cython_julia_faults import ROWS, THEN, WAYS, measure
from test_cython_julia import expected

LONG = ["--size", "300", "--rounds", "2000", "--workers", "3"]
PROCESSES = []


@pytest.mark.parametrize("size", [50, 64, 75])
def test_every_way_draws_what_complex_numbers_draw(size):
    """75 points are not a multiple of 32; and nothing is written beyond the array."""
    for draw in WAYS.values():
        room = np.full(size * size + 64, -7, np.intc)
        draw(room[: size * size].reshape(size, size), 3)
        assert np.array_equal(room[: size * size].reshape(size, size), expected(size))
        assert (room[size * size :] == -7).all()


def test_c_for_many_points_has_the_known_sum_at_full_size():
    counts = np.zeros((1000, 1000), np.intc)
    WAYS["C, blocks"](counts, 2)
    assert int(counts.sum()) == 240_885_344
    assert int((counts == 1000).sum()) == 237_469


@pytest.mark.parametrize("openmp", [False, True])
def test_only_the_flag_makes_it_call_openmp(openmp):
    text = Path(compiled(THEN, openmp=openmp).__file__).read_bytes()
    assert any(call in text for call in (b"GOMP_parallel", b"__kmpc_fork_call", b"_vcomp_fork")) == openmp


def test_each_way_starts_the_threads_that_it_is_told_to_but_the_one_without_the_flag():
    """OpenMP keeps its threads: each way asks for one more than the one before."""
    script = """
import numpy as np, psutil
from cython_julia_faults import WAYS
counts, me = np.zeros((50, 50), np.intc), psutil.Process()
before = me.num_threads()
for extra, draw in enumerate(WAYS.values(), 3):
    draw(counts, extra)
    print(me.num_threads() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=DEMOS, capture_output=True, text=True)
    assert done.stdout.split() == ["0", "3", "4", "5", "6"], done.stderr


def fake(monkeypatch, wrong=None):
    """A clock that goes on by a second a picture, and CPU time by one or, where there are threads, two."""
    called, wall, cpu = [], [0.0], [0.0]

    def fill(way):
        def draw(counts, threads):
            called.append((way, len(counts), threads))
            counts[:] = 1000
            counts[-1, -1] -= way == wrong
            wall[0] += 1
            cpu[0] += 1 if way == "no flag" else 2

        return draw

    monkeypatch.setattr(cython_julia_faults, "WAYS", {way: fill(way) for way in WAYS})
    monkeypatch.setattr(cython_julia_faults, "perf_counter", lambda: wall[0])
    monkeypatch.setattr(cython_julia_faults, "process_time", lambda: cpu[0])
    return called


def test_the_ways_take_turns_and_each_row_has_its_clock(monkeypatch, capsys):
    called = fake(monkeypatch)
    rows = list(measure(700, 2, 5))
    assert called[: len(WAYS)] == [(way, 50, 5) for way in WAYS]  # the warm-up
    assert called[len(WAYS) :] == [(way, 700, 5) for way in WAYS] * 2
    assert capsys.readouterr().out == "Drawing 700 rows of 700 points, 2 × in each way ...\n"
    assert [row[:4] for row in rows] == [
        ("as in 2018", [1.0] * 2, "time", "s"),
        ("+ OpenMP flag", [2.0] * 2, "time", "s"),  # the CPU clock adds up the threads
        ("+ wall clock", [1.0] * 2, "time", "s"),
        ("+ dynamic schedule", [1.0] * 2, "time", "s"),
        ("same loop in C", [1.0] * 2, "time", "s"),
        ("C for 32 points at once", [1.0] * 2, "time", "s"),
        ("no flag", [1.0] * 2, "CPU/wall", "cores"),
        ("flag", [2.0] * 2, "CPU/wall", "cores"),
    ]
    assert {row[-1] for row in rows[:6]} == {1.0}


@pytest.mark.parametrize("wrong", ["no flag", "C, blocks"])
def test_a_way_that_draws_another_picture_fails(monkeypatch, wrong):
    fake(monkeypatch, wrong)
    name = next(name for name, way, _ in ROWS if way == wrong)
    with pytest.raises(cython_julia_faults.CannotRun, match=f"^{name} draws another picture"):
        list(measure(50, 1, 2))


def test_its_record_has_a_row_for_each_fault(tmp_path):
    options = ["--size", "60", "--rounds", "2", "--workers", "3"]
    assert cython_julia_faults.main([*options, "--json", str(tmp_path / "r.json")]) == 0
    record = json.loads((tmp_path / "r.json").read_text())
    times = [run for run in record["runs"] if run["measure"] == "time"]
    assert [run["variant"] for run in times] == [name for name, *_ in ROWS]
    assert {run["result"] for run in times} == {float(np.mean(expected(60) == 1000))}
    assert {len(run["values"]) for run in record["runs"]} == {2}


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("cython_julia_faults", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_julia_faults.py: numpy is missing: pip install numpy\n"
