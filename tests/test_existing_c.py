"""existing_c: C sorts the words, as often as asked; without the GIL lanes overlap, with it they do not."""

import ctypes
import json
import sys
import threading
import time

import calls
import existing_c
import pytest
import stamps
from conftest import until
from stamps import COUNTED, GAP
from test_gil_lanes import ATTEMPTS, free_cores, overlap, turns, verdict

LONG = ["--sorts", "100000"]  # some 20 s
PROCESSES = []
TURN = 5.0  # ms: Python's switch interval

lanes_known = pytest.mark.skipif(calls.KIND != "ran", reason="the CPU clock of a thread is coarse here")


@pytest.mark.parametrize("load", [ctypes.CDLL, ctypes.PyDLL])
@pytest.mark.parametrize("number", [1, 2, 1_000])
def test_c_sorts_the_words_again_and_again(load, number):
    words = existing_c.shuffled(number)
    one_by_one = [words[i : i + 8] for i in range(0, len(words), 8)]
    assert len({*one_by_one}) == number
    assert all(word.endswith(b"\0") and word[:7].isdigit() for word in one_by_one)
    sort = existing_c.sorter(load, words)
    assert sort() == sort() == b"".join(sorted(one_by_one))


def test_the_words_are_out_of_order():
    words = existing_c.shuffled(1_000)
    assert existing_c.sorter(ctypes.CDLL, words)() != words


@pytest.mark.parametrize("library", ["CDLL", "PyDLL"])
def test_each_thread_sorts_as_often_as_asked_in_the_library_asked(library, monkeypatch):
    sorted_by, loaded = [], []
    real = existing_c.sorter

    def sorter(load, words):
        loaded.append(load)
        sort = real(load, words)
        return lambda: sorted_by.append(threading.get_ident()) or sort()

    monkeypatch.setattr(existing_c, "sorter", sorter)
    (start, end), lanes = existing_c.threads(existing_c.shuffled(100), 7, 3, library)
    assert loaded == [getattr(ctypes, library)]
    assert list(lanes) == ["thread 0", "thread 1", "thread 2"]
    assert sorted(map(sorted_by.count, {*sorted_by})) == [7, 7, 7]
    assert min(spans[0][0] for spans in lanes.values()) == start
    assert max(spans[-1][1] for spans in lanes.values()) == end


def lane(call, times, beside=0):
    """The spans of one thread, in ms, with so many busy Python threads beside it."""
    stop, barrier = threading.Event(), threading.Barrier(1)

    def spin():
        while not stop.is_set():
            pass

    crew = [threading.Thread(target=spin) for _ in range(beside)]
    for thread in crew:
        thread.start()
    try:
        return [((b - a) / 1e6, state) for a, b, state in calls.calls(call, times, barrier)]
    finally:
        stop.set()
        for thread in crew:
            thread.join()


def burn(ms):
    """Use so much CPU time."""
    end = time.thread_time() + ms / 1000
    while time.thread_time() < end:
        pass


def total(spans, *states):
    return sum(ms for ms, state in spans if state in states)


@lanes_known
def test_a_lane_ran_as_long_as_its_cpu_time_and_no_longer(monkeypatch):
    monkeypatch.setattr(stamps.threading, "active_count", lambda: 1)
    cpu = time.thread_time()
    spans = lane(lambda: (burn(5), time.sleep(0.01)), 4)
    cpu = 1000 * (time.thread_time() - cpu)
    assert 20 <= total(spans, "ran") <= cpu + 4 * GAP / 1e6
    assert total(spans, "waiting", "unknown", "idle", "no core") >= 4 * 9.8
    assert [state for _, state in spans if state != "no core"][:2] == [
        "ran",
        "unknown" if COUNTED else "idle",  # no other thread could have the GIL
    ]


@pytest.mark.skipif(not COUNTED, reason="this system does not tell why a thread did not run")
def test_what_it_slept_before_the_first_call_does_not_count():
    lane = calls.Calls()
    before = lane.sleeps
    time.sleep(0.01)
    lane.begin()
    assert lane.sleeps > before


@pytest.mark.skipif(not COUNTED, reason="this system does not tell why a thread did not run")
def test_it_waits_for_the_gil_beside_a_busy_thread():
    spans = lane(lambda: burn(1), 30, beside=1)
    assert total(spans, "waiting") > 2 * TURN
    assert total(spans, "ran") >= 30


def test_where_the_cpu_clock_is_coarse_each_call_is_a_task(monkeypatch):
    monkeypatch.setattr(calls, "KIND", "assigned")

    def nap():
        time.sleep(0.002)

    spans = lane(nap, 5)
    assert [state for _, state in spans] == ["nap"] * 5
    assert all(ms >= 2 for ms, _ in spans)


def record(demo, tmp_path, *options):
    done = demo("existing_c", "--json", tmp_path / "r.json", *options)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "r.json").read_text())
    assert [lanes["parameters"] for lanes in found["lanes"]] == [{"library": "CDLL"}, {"library": "PyDLL"}]
    return found


@lanes_known
def test_lanes_with_the_gil_kept_do_not_overlap_and_without_it_they_do(demo, tmp_path):
    seen = []
    for _ in range(ATTEMPTS):
        free = free_cores()
        found = record(demo, tmp_path)
        let_go, kept = found["lanes"]
        if not found["interpreter"]["gil"]:
            pytest.skip("no GIL to keep")
        a_sort = max(0.1, min(1.0, kept["window"] / 400))  # ms; a hand-over is as exact as that
        assert overlap(kept) <= len(turns(kept)) * 2 * a_sort
        seen.append((round(free, 2), round(overlap(let_go) / let_go["window"], 2)))
        if seen[-1][1] > 0.4:
            return
    verdict(f"without the GIL they do not overlap: (share of a core, share of overlap) {seen}", seen)


def test_ctrl_c_does_not_wait_for_a_thread(monkeypatch):
    done = threading.Event()
    monkeypatch.setattr(existing_c, "calls", lambda *args: done.wait(60) and [])

    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(existing_c, "list", interrupt, raising=False)
    with pytest.raises(KeyboardInterrupt):
        existing_c.threads(b"", 1, 2, "CDLL")
    done.set()
    assert until(lambda: threading.active_count() <= 3, 10)


def test_its_lanes_are_of_the_kind_that_is_known(demo, tmp_path):
    found = record(demo, tmp_path, "--quick", "--workers", 3)
    assert [(len(lanes["workers"]), lanes["kind"]) for lanes in found["lanes"]] == [(3, calls.KIND)] * 2
    assert {lanes["variant"] for lanes in found["lanes"]} == {"threads"}
    assert sys.platform == "win32" or calls.KIND == "ran"
