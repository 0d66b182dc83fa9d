"""cython_julia: counts as by complex numbers in NumPy, each row once and by the right thread."""

import json

import cython_julia
import julia
import numpy as np
import pytest
from compiling import compiled
from cython_julia import BLOCKS, SCHEDULES, drawn, lanes, times

LONG = ["--size", "300", "--rounds", "2000", "--workers", "3"]
PROCESSES = []
WAYS = ["sequential", "static,1", "static", "dynamic", "guided"]


def expected(size):
    """The counts by complex numbers, all points together."""
    axis = -1.5 + 3 * np.arange(size) / size
    z = axis + 1j * axis[:, None]
    counts = np.zeros((size, size), int)
    for _ in range(1000):
        near = abs(z) < 4
        counts += near
        z = np.where(near, z * z + (0.322 + 0.05j), 9)
    return counts


# --- the loop --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", WAYS)
def test_every_schedule_draws_what_complex_numbers_draw(schedule):
    assert list(SCHEDULES) == WAYS
    counts, _ = drawn(schedule, 60, 3)
    assert np.array_equal(counts, expected(60))


def test_at_full_size_the_share_and_the_sum_are_the_known_ones():
    counts, _ = drawn("dynamic", 1000, 2)
    assert julia.fraction(counts) == 0.237469
    assert int(counts.sum()) == 240_885_344


def test_the_points_of_half_the_rows_are_those_of_the_whole():
    counts, stamps = drawn("guided", 50, 2, "first half")
    assert len(counts) == len(stamps) == 25
    assert np.array_equal(counts, expected(50)[:25])


@pytest.mark.parametrize("schedule", WAYS)
def test_each_row_has_one_thread_as_the_schedule_says(schedule):
    _, stamps = drawn(schedule, 90, 3)
    thread = stamps[:, 2].astype(int).tolist()
    promised = {
        "sequential": [0] * 90,
        "static,1": [0, 1, 2] * 30,
        "static": [0] * 30 + [1] * 30 + [2] * 30,
    }
    assert thread == promised.get(schedule, thread)
    assert set(thread) <= {0, 1, 2}
    assert (stamps[:, 0] > 0).all()
    for number in set(thread):  # a thread has one row at a time
        own = stamps[stamps[:, 2] == number]
        own = own[own[:, 0].argsort()]
        assert (own[:, 0] <= own[:, 1]).all()
        assert (own[1:, 0] >= own[:-1, 1]).all()


def test_guided_begins_with_large_chunks_and_dynamic_does_not(monkeypatch):
    asked = []
    monkeypatch.setattr(
        cython_julia, "compiled", lambda _: type("", (), {"julia": lambda *a: asked.append(a)})
    )
    for schedule in WAYS:
        drawn(schedule, 50, 4)
    assert [each[2:] for each in asked] == [
        ("static", 0, 1),
        ("static", 1, 4),
        ("static", 0, 4),
        ("dynamic", 0, 4),
        ("guided", 0, 4),
    ]


def test_an_unknown_schedule_is_refused():
    with pytest.raises(KeyError):
        compiled("cython_julia.pyx").julia(np.zeros((2, 2), np.intc), np.zeros((2, 3)), "luck", 0, 1)


# --- what is measured ------------------------------------------------------------------------------------


def fake(monkeypatch, wrong=None):
    """Instead of drawn(): a clock that goes on by a second a picture, and CPU time by two."""
    called, now = [], [0.0]

    def drawn(schedule, size, threads, rows="all"):
        called.append((schedule, size, threads))
        now[0] += 1
        return np.array([[1000, 1000], [1000, 1000 - (schedule == wrong)]]), None

    monkeypatch.setattr(cython_julia, "drawn", drawn)
    monkeypatch.setattr(cython_julia, "perf_counter", lambda: now[0])
    monkeypatch.setattr(cython_julia, "process_time", lambda: 2 * now[0])
    return called


def test_schedules_take_turns_and_the_first_picture_is_not_timed(monkeypatch, capsys):
    called = fake(monkeypatch)
    rows = list(times({}, 700, 3, 5))
    assert [name for name, *_ in called[1:]] == WAYS * 3
    assert {each[1:] for each in called[1:]} == {(700, 5)}
    assert capsys.readouterr().out == "Drawing 700 rows of 700 points, 3 × with each schedule ...\n"
    assert rows == [(name, [1.0] * 3, "time", "s", {}, None, 6.0, 1.0) for name in WAYS]


def test_a_schedule_that_draws_another_picture_is_not_measured(monkeypatch):
    fake(monkeypatch, wrong="static")
    with pytest.raises(cython_julia.CannotRun, match=r"^static draws another picture"):
        list(times({}, 50, 1, 2))


def test_a_lane_has_a_threads_rows_in_blocks_by_time(monkeypatch):
    """Thread 1 had the odd rows, the last of them first; thread 2 none."""
    rows = 4 * BLOCKS
    start = np.where(np.arange(rows) % 2, rows - np.arange(rows), np.arange(rows)) / 1000
    stamps = np.stack([5 + start, 5.001 + start, np.arange(rows) % 2], axis=1)
    monkeypatch.setattr(cython_julia, "drawn", lambda *_: (None, stamps[::2]))
    first, *others = lanes({("static", "all"): (None, stamps)}, 100, 3)  # the one that was measured
    variant, kind, window, workers, parameters = first
    assert (variant, kind, parameters) == ("static", "assigned", {"schedule": "static", "rows": "all"})
    assert [each[4] for each in others] == [
        {"schedule": "static", "rows": "first half"},
        {"schedule": "dynamic", "rows": "first half"},
    ]
    assert window == pytest.approx(rows)
    assert list(workers) == ["thread 0", "thread 1", "thread 2"]
    assert workers["thread 2"] == []
    for thread in (0, 1):
        spans = workers[f"thread {thread}"]
        assert [name for *_, name in spans] == ["2 rows"] * BLOCKS
        assert [a for a, *_ in spans] == pytest.approx([4 * i + thread for i in range(BLOCKS)])
        assert [b - a for a, b, _ in spans] == pytest.approx([3] * BLOCKS)


def test_a_lane_shows_the_thread_that_has_the_quick_rows():
    """By steps, not by time: of the first half the first quarter has less than a fourth."""
    counts, stamps = drawn("static", 200, 2, "first half")
    work = [counts[stamps[:, 2] == thread].sum() for thread in (0, 1)]
    assert work[0] / sum(work) == pytest.approx(27.0 / 120.3, abs=0.01)
    whole, stamps = drawn("static", 200, 2)
    work = [whole[stamps[:, 2] == thread].sum() for thread in (0, 1)]
    assert work[0] / sum(work) == pytest.approx(0.5, abs=0.01)


# --- the picture -----------------------------------------------------------------------------------------


def test_the_picture_has_the_set_in_its_colour_upward_and_beside_it_the_work_of_each_row(monkeypatch):
    monkeypatch.setattr(julia, "picture", lambda *words: words)
    counts = np.full((90, 90), 3)
    counts[:10, :40] = 1000  # the lowest rows, since the imaginary part goes upward
    counts[50, 60] = 59
    counts[20:30, :20] = 1000  # half as much work
    name, words, pixels, palette = julia.portrait(counts)
    assert (name, len(palette)) == ("picture", 3 * 256)
    assert f"{600 / 8100:.6f}" in words
    assert pixels.shape == (90, 160)  # 16 : 9
    assert pixels.dtype == np.uint8
    assert (pixels[80:, :40] == 255).all()
    assert (pixels[:60, :90] < 255).all()
    assert 0 < pixels[0, 0] < 90
    assert pixels[39, 60] > 240
    bars = (pixels[:, 90:] == 255).sum(axis=1)
    assert bars.max() > 0.8 * 70
    assert (bars[80:] == bars.max()).all()
    assert (abs(bars[60:70] - bars.max() / 2) < 1.5).all()
    assert (bars[:60] < 2).all()


# --- as a whole ------------------------------------------------------------------------------------------


def test_its_record_has_rows_lanes_and_the_picture(tmp_path):
    options = ["--size", "60", "--rounds", "2", "--workers", "3"]
    assert cython_julia.main([*options, "--json", str(tmp_path / "r.json")]) == 0
    record = json.loads((tmp_path / "r.json").read_text())
    assert [run["variant"] for run in record["runs"]] == WAYS
    assert {len(run["values"]) for run in record["runs"]} == {2}
    assert {run["result"] for run in record["runs"]} == {float(np.mean(expected(60) == 1000))}
    assert [len(each["workers"]) for each in record["lanes"]] == [3, 3, 3]
    for each, rows in zip(record["lanes"], (60, 30, 30), strict=True):
        spans = [span for lane in each["workers"].values() for span in lane]
        assert sum(int(name.split()[0]) for *_, name in spans) == rows
        assert max(end for _, end, _ in spans) == each["window"]
    (picture,) = record["attachments"]
    assert f"{np.mean(expected(60) == 1000):.6f}" in picture["alt"]


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("cython_julia", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "cython_julia.py: numpy is missing: pip install numpy\n"
