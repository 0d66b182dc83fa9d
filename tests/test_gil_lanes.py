"""gil_lanes: with a GIL two lanes never overlap, on a quiet machine and on a busy one."""

import itertools
import json
import multiprocessing
import os
import subprocess
import sys
import time

import pytest
import stamps
import watchdog
from conftest import DEMOS, all_gone
from stamps import COUNTED, GAP

LONG = ["--interval", "500"]  # 10 s, for Ctrl-C
PROCESSES = ["--mechanism", "processes"]
ATTEMPTS = 5  # a stolen virtual core or a busy neighbour is not this demo's fault
FREE = 0.9  # of what free_cores() gives when two cores are free


@pytest.fixture
def lanes(demo, tmp_path):
    """Run the demo: its lanes, with the record beside them."""

    def call(*options):
        file = tmp_path / "record.json"
        done = demo("gil_lanes", *options, "--json", file)
        assert done.returncode == 0, done.stderr
        record = json.loads(file.read_text())
        (found,) = record["lanes"]
        return found, record

    return call


@pytest.fixture
def foreign_load():
    """Two busy processes a core."""
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))
    ]
    yield
    for process in busy:
        process.kill()
        process.wait()


def total(lanes, *states):
    """The ms that all workers together spent in these states."""
    return sum(
        end - start for spans in lanes["workers"].values() for start, end, state in spans if state in states
    )


def overlap(lanes):
    """The ms in which two workers ran at once."""
    return sum(
        max(0, min(end, last) - max(start, first))
        for one, other in itertools.combinations(lanes["workers"].values(), 2)
        for start, end, state in one
        for first, last, others in other
        if state == others == "ran"
    )


def turns(lanes):
    """Who ran, in order, each turn once."""
    ran = sorted(
        (start, worker)
        for worker, spans in lanes["workers"].items()
        for start, _, state in spans
        if state == "ran"
    )
    return [worker for worker, _ in itertools.groupby(worker for _, worker in ran)]


def free_cores():
    """How fast two busy processes are beside each other, each against itself alone: the slower one's share.

    By the work done, since two virtual cores that share a real one are both 100 % busy.
    """
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        before = pool.map(speed, [0.1])
        beside = pool.map(speed, [0.2] * 2, chunksize=1)
        return min(beside) / max(*before, *pool.map(speed, [0.1]))


def speed(seconds):
    """Rounds of a loop a second."""
    end, rounds = time.perf_counter() + seconds, 0
    while time.perf_counter() < end:
        rounds += 1
    return rounds / seconds


def verdict(words, seen):
    """A skip if two cores were mostly not free, with what was measured; else a failure."""
    if sum(free > FREE for free, *_ in seen) <= ATTEMPTS / 2:
        pytest.skip(f"no two free cores; {words}")
    pytest.fail(words)


def check_threads(lanes):
    """What must hold of threads on any load."""
    found, record = lanes()
    assert list(found["workers"]) == ["thread 0", "thread 1"]
    for spans in found["workers"].values():
        assert sum(end - start for start, end, _ in spans) == pytest.approx(found["window"], abs=0.1)
        assert all(end == pytest.approx(start) for (_, end, _), (start, _, _) in itertools.pairwise(spans))
    if record["interpreter"]["gil"]:
        hand_offs = len(turns(found))
        assert hand_offs >= 3
        assert overlap(found) <= hand_offs * GAP / 1e6
        assert total(found, "ran") <= found["window"] + hand_offs * GAP / 1e6
    return found


def check_unknown(lanes, *options):
    """Under 2 % of all time is unexplained, in one of a few attempts."""
    if not COUNTED:
        pytest.skip("this system does not tell why a thread did not run (no schedstat)")
    shares = []
    for _ in range(ATTEMPTS):
        found, _ = lanes(*options)
        shares.append(total(found, "unknown") / found["window"] / len(found["workers"]))
        if shares[-1] < 0.02:
            return
    pytest.fail(f"unknown shares: {shares}")


def test_threads_never_overlap_and_their_gaps_fill_the_window(lanes):
    check_threads(lanes)


@pytest.mark.alone  # with a load of its own
def test_threads_under_foreign_load(lanes, foreign_load):
    found = check_threads(lanes)
    if COUNTED:
        assert total(found, "no core") > 0.1 * found["window"]


@pytest.mark.alone  # with a load of its own
def test_processes_do_not_wait_for_a_gil_under_foreign_load(lanes, foreign_load):
    found, _ = lanes(*PROCESSES)
    assert total(found, "waiting") == 0
    for spans in found["workers"].values():
        assert sum(end - start for start, end, _ in spans) == pytest.approx(found["window"], abs=0.1)


@pytest.mark.skipif(not COUNTED, reason="this system does not tell why a thread did not run (no schedstat)")
@pytest.mark.parametrize(("threads", "state"), [(1, "unknown"), (2, "waiting")])
def test_a_sleep_is_a_wait_for_the_gil_only_beside_another_thread(threads, state, monkeypatch):
    monkeypatch.setattr(stamps.threading, "active_count", lambda: threads)
    window = [0, 0]
    stamps.open_window(window, 1, 50_000_000)
    while stamps.now() < window[0]:
        pass
    lane, start = stamps.Lane(), stamps.now()
    lane.begin(window)
    time.sleep(0.02)
    end = lane.gap(start)
    spans = lane.end(end)
    assert end - start >= 20e6
    assert max(spans, key=lambda span: span[1] - span[0])[2] == state


def test_a_worker_that_dies_is_one_line_and_no_hang(demo, tmp_path):
    mark = watchdog.mark("GIL_LANES_TEST")
    options = [*PROCESSES, "--interval", "50"]
    script = f"import sys, gil_lanes; gil_lanes.STUCK = 2; sys.exit(gil_lanes.main({options!r}))"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = subprocess.Popen([sys.executable, "-c", script], cwd=DEMOS, env=os.environ | mark, **pipes)
    while len(watchdog.marked(mark)) < 3:
        assert running.poll() is None
    max(watchdog.marked(mark), key=lambda process: process.pid).kill()
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 2
    assert errors == "gil_lanes.py: a worker could not start, or was killed: use fewer --workers\n"
    assert all_gone(mark)


@pytest.mark.parametrize("options", [(), PROCESSES], ids=["threads", "processes"])
def test_almost_nothing_is_unknown(lanes, options):
    check_unknown(lanes, *options)


@pytest.mark.alone  # with a load of its own
@pytest.mark.parametrize("options", [(), PROCESSES], ids=["threads", "processes"])
def test_almost_nothing_is_unknown_under_foreign_load(lanes, foreign_load, options):
    check_unknown(lanes, *options)


def test_processes_run_side_by_side_on_free_cores(lanes):
    seen = []
    for _ in range(ATTEMPTS):
        free = free_cores()
        found, _ = lanes(*PROCESSES)
        share = total(found, "ran") / found["window"] / 2
        seen.append((round(free, 2), round(share, 2)))
        if share > 0.9:
            assert list(found["workers"]) == ["process 0", "process 1"]
            assert overlap(found) > 0.8 * found["window"]
            return
    verdict(f"the lanes are not full: (share of a core, share that ran) {seen}", seen)


def test_the_switch_interval_sets_the_length_of_a_turn(lanes):
    seen = []
    for _ in range(ATTEMPTS):
        free, lengths = free_cores(), []
        for interval in (2, 20):
            found, record = lanes("--interval", interval)
            if not record["interpreter"]["gil"]:
                pytest.skip("no GIL, no turns")
            assert found["window"] == pytest.approx(20 * interval)
            lengths.append(found["window"] / len(turns(found)))
        seen.append((round(free, 2), round(lengths[1] / lengths[0], 1)))
        if lengths[1] > 3 * lengths[0]:
            return
    verdict(f"turns do not grow with the interval: (share of a core, how much longer) {seen}", seen)


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("mechanism", ["threads", "processes"])
def test_as_many_lanes_as_workers(lanes, workers, mechanism):
    found, record = lanes("--workers", workers, "--mechanism", mechanism)
    assert found["variant"] == mechanism
    assert len(found["workers"]) == workers
    assert record["parameters"]["workers"] == workers


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_the_text_fits_the_terminal_and_has_a_legend(demo, columns):
    shown = demo("gil_lanes", env={**os.environ, "COLUMNS": str(columns), "PYTHONUTF8": "1"}).stdout
    assert max(map(len, shown.splitlines())) <= min(columns, 100)
    assert "█▒ ran" in shown
    assert "ran at a time" in shown.splitlines()[-1]


def test_a_terminal_without_unicode_is_no_reason_to_fail(demo):
    done = demo("gil_lanes", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "#: ran" in done.stdout
