"""numba_nogil: calls that hold the GIL come one after the other, on any load; and all terms are there."""

import functools
import itertools
import json
import math
import sys
import threading
import time

import pytest
from stamps import COUNTED, GAP
from test_gil_lanes import ATTEMPTS, free_cores, overlap, total, turns, verdict

pytest.importorskip("numba", reason="numba is missing")
import compiled_stamps
import numba_nogil
from compiled_stamps import new_lane, open_window, spans
from numba import njit

LONG = ["--calls", "800"]
PROCESSES = []
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
stamp = compiled_stamps.stamp


@njit(nogil=True)
def clock(lanes):
    return compiled_stamps.now(lanes[0])


@functools.cache
def compiled(nogil):
    return njit(nogil=nogil)(numba_nogil.add_terms)


def opened():
    lane = new_lane()
    open_window([lane])
    return lane


def test_the_compiled_clock_is_that_of_python():
    lane = new_lane()
    clock(lane)
    before, between, after = time.perf_counter_ns(), clock(lane), time.perf_counter_ns()
    assert before - 10 <= between <= after + 10


def test_a_lane_is_a_gap_until_the_first_stamp_and_ran_to_the_last():
    stamp(new_lane())
    for _ in range(ATTEMPTS):
        lane = opened()
        stamp(lane)
        first = int(lane["last"][0])
        stamp(lane)
        if lane["number"] == 1:  # no gap came between
            break
    start, last = int(lane["opens"][0]), int(lane["last"][0])
    *before, ran = spans(lane)
    assert ran == (first, last, "ran")
    assert before[0][0] == start
    assert before[-1][1] == first
    assert "ran" not in {state for _, _, state in before}


@pytest.mark.skipif(not COUNTED, reason="this system does not tell why a thread did not run (no schedstat)")
def test_a_sleep_is_a_wait_and_a_computation_is_not():
    stamp(new_lane())
    lane = opened()
    stamp(lane)
    time.sleep(0.05)
    stamp(lane)
    slept = sum(end - start for start, end, state in spans(lane) if state == "waiting")
    queued = sum(end - start for start, end, state in spans(lane) if state == "no core")
    assert slept + queued >= 49e6
    assert slept > 0


@pytest.mark.skipif(not COUNTED, reason="this system does not tell why a thread did not run (no schedstat)")
def test_a_computation_without_a_stamp_is_unknown_not_a_wait():
    states = set()
    for _ in range(20):
        lane = opened()
        stamp(lane)
        before, start = len(spans(lane)), time.perf_counter()
        while time.perf_counter() < start + 0.001:
            pass
        stamp(lane)
        states |= {state for _, _, state in spans(lane)[before:]}
    assert "unknown" in states
    assert "waiting" not in states


def test_spans_follow_each_other_from_the_opening_to_the_last_stamp():
    lane = opened()
    gaps = [(1000, 1500, 1, 200), (2000, 2600, 0, 0), (2600, 2700, 2, 900)]  # start, end, sleeps, ns queued
    lane["opens"], lane["last"], lane["number"] = 500, 3000, 3
    lane["gaps"][0, :3] = gaps
    found = spans(lane)
    assert all(end == start for (_, end, _), (start, _, _) in itertools.pairwise(found))
    assert found[0][0] == 500
    assert found[-1] == (2700, 3000, "ran")
    if COUNTED:
        assert [(start, state) for start, _, state in found] == [
            (500, "ran"), (1000, "waiting"), (1300, "no core"), (1500, "ran"), (2000, "unknown"),
            (2600, "no core"), (2700, "ran"),
        ]  # fmt: skip


def test_a_lane_that_is_full_loses_no_gap(monkeypatch):
    lane = opened()
    lane["number"], lane["opens"] = compiled_stamps.MOST, 0
    lane["gaps"][0, :, 0] = lane["gaps"][0, :, 1] = 0
    lane["last"] -= 10 * GAP
    stamp(lane)
    assert lane["number"] == compiled_stamps.MOST
    assert lane["gaps"][0, -1, 1] == lane["last"]


def test_all_parts_together_have_pi():
    add, lane = compiled(nogil=False), opened()
    parts = [add(part, 3, lane) for part in range(3)]
    assert math.fsum(parts) == pytest.approx(math.pi, abs=1e-11)
    edges = [4 * math.atan(part / 3) for part in range(4)]
    assert parts == pytest.approx([b - a for a, b in itertools.pairwise(edges)], abs=1e-11)


@pytest.mark.parametrize("nogil", [False, True])
def test_each_part_is_added_up_once_by_as_many_threads_as_asked(nogil, monkeypatch):
    seen, asked = [], []

    def call(part, parts, lane):
        assert parts == 6
        seen.append((threading.get_ident(), part))
        stamp(lane)

    monkeypatch.setattr(numba_nogil, "njit", lambda **options: asked.append(options) or (lambda _: call))
    _, lanes = numba_nogil.threads(3, 2, nogil)
    assert asked == [{"nogil": nogil}]
    _, *called = seen  # the first one compiles
    assert sorted(part for _, part in called) == list(range(6))
    assert len({who for who, _ in called}) == len(lanes) == 3


@pytest.fixture
def once(monkeypatch):
    """Each variant is compiled once for all tests."""
    monkeypatch.setattr(numba_nogil, "njit", lambda nogil: lambda _: compiled(nogil))


def picture(nogil):
    """The lanes of two threads with three calls each, as they are in a record."""
    (start, end), lanes = numba_nogil.threads(2, 3, nogil)
    ms = {
        who: [((a - start) / 1e6, (b - start) / 1e6, state) for a, b, state in lane]
        for who, lane in lanes.items()
    }
    for lane in ms.values():
        assert lane[0][0] == 0
        assert all(end == start for (_, end, _), (start, _, _) in itertools.pairwise(lane))
    assert max(lane[-1][1] for lane in ms.values()) == (end - start) / 1e6
    return {"window": (end - start) / 1e6, "workers": ms}


@pytest.mark.skipif(not GIL, reason="no GIL to hold")
def test_calls_that_hold_the_gil_come_whole_one_after_the_other_on_any_load(once):
    found = picture(nogil=False)
    assert overlap(found) <= 6 * GAP / 1e6
    assert total(found, "ran") <= found["window"] + 6 * GAP / 1e6
    assert 2 <= len(turns(found)) <= 6  # two threads, three calls each
    assert total(found, "waiting", "idle", "no core") > 0


def test_calls_that_let_go_of_it_run_side_by_side_on_free_cores(once):
    seen = []
    for _ in range(ATTEMPTS):
        free, found = free_cores(), picture(nogil=True)
        seen.append((round(free, 2), round(total(found, "ran") / found["window"], 2)))
        if overlap(found) > 0.6 * found["window"]:
            return
    verdict(f"the lanes do not overlap: (share of a core, how many ran at a time) {seen}", seen)


def test_its_pictures_are_those_without_and_with_nogil(demo, tmp_path):
    done = demo("numba_nogil", "--quick", "--workers", 3, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    lanes = json.loads((tmp_path / "r.json").read_text())["lanes"]
    assert [(each["parameters"], list(each["workers"]), each["kind"]) for each in lanes] == [
        ({"nogil": nogil}, ["thread 0", "thread 1", "thread 2"], "ran") for nogil in (False, True)
    ]


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_nogil", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_nogil.py: numba is missing: pip install numba\n"
