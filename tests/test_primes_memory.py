"""primes_memory: every result once, in order; what the parent holds at a time, by counting and by tracing."""

import json
import multiprocessing
import subprocess
import sys
import time
import tracemalloc

import primes_memory
import pytest
from conftest import DEMOS
from primes_memory import START, count_slowly, cut, executor_map, peaks, pool_imap, pool_map, pool_window

LONG = ["--tasks", "1000"]  # with the last pause 20 s
PROCESSES = []
VARIANTS = [pool_map, pool_imap, executor_map, pool_window]
FOUND = [108_524, 108_510, 108_278]  # primes in the first blocks, by NumPy and a sieve of another kind
MB = 1_000_000


@pytest.mark.parametrize("tasks", [1, 3])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_task_is_done_once_in_its_place(variant, tasks):
    assert count_slowly(variant(cut(START, tasks), 2), 0) == FOUND[:tasks]
    assert not multiprocessing.active_children()


def test_whoever_takes_a_result_pauses():
    start = time.perf_counter()
    assert count_slowly([b"\1\1", b"", b"\0\1"], 50) == [2, 0, 1]
    assert time.perf_counter() - start >= 3 * 0.05


def a_megabyte(task):
    return bytes([task]) * MB


def held(variant, monkeypatch, wait=0.0):
    """The megabytes that the parent holds at most when 12 results, which cost no time, are taken."""
    monkeypatch.setattr(primes_memory, "sieve", a_megabyte)
    ((_, (most,), *_),) = peaks_of(variant, wait, monkeypatch)
    return most


def peaks_of(variant, wait, monkeypatch):
    monkeypatch.setattr(primes_memory, "PAUSES", [wait])
    return peaks([variant], range(12), 2)


def test_map_holds_all(monkeypatch):
    assert held(pool_map, monkeypatch) >= 12


@pytest.mark.parametrize("variant", [pool_imap, executor_map])
def test_behind_a_slow_consumer_most_pile_up(variant, monkeypatch):
    assert any(held(variant, monkeypatch, wait) > 8 for wait in (50, 200, 800))  # busy machines need longer


def test_in_a_window_they_do_not(monkeypatch):
    assert held(pool_window, monkeypatch, wait=50) < 8  # four under way, one taken, one in two copies


@pytest.mark.parametrize("workers", [1, 3])
def test_the_window_sends_a_task_only_when_a_result_is_taken(workers, monkeypatch):
    sent, taken, most = [], [], 0

    class Pool:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def apply_async(self, function, args):
            sent.append(*args)
            return self

        def get(self):
            taken.append(sent[len(taken)])
            return taken[-1]

    monkeypatch.setattr(primes_memory, "start", lambda workers: Pool())
    for result in pool_window(range(20), workers):
        most = max(most, len(sent) - len(taken) + 1)
        assert result == taken[-1]
    assert sent == taken == list(range(20))
    assert most == 2 * workers


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_workers_are_as_many_as_asked_and_not_traced(variant, monkeypatch):
    monkeypatch.setattr(primes_memory, "sieve", traced)
    tracemalloc.start()
    try:
        assert not any(variant(range(4), 2))
    finally:
        tracemalloc.stop()
    seen = []
    for name in ("Pool", "ProcessPoolExecutor"):
        real = getattr(primes_memory, name)
        monkeypatch.setattr(
            primes_memory, name, lambda n, real=real, **more: seen.append(n) or real(n, **more)
        )
    list(variant([1], 3))
    assert seen == [3]


def traced(task):
    return tracemalloc.is_tracing()


def test_its_rows_are_megabytes_after_each_pause(demo, tmp_path):
    done = demo("primes_memory", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["parameters"]) for run in runs] == [
        (variant.__name__, {"ms of pause": pause}) for pause in primes_memory.PAUSES for variant in VARIANTS
    ]
    assert {(run["measure"], run["unit"], len(run["values"])) for run in runs} == {("peak memory", "MB", 1)}
    assert all(run["result"][:3] == FOUND for run in runs)
    assert all(4 < run["values"][0] < 20 for run in runs if run["variant"] == "pool_map")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the memory of a process in a file")
def test_the_kernel_sees_the_same_difference():
    """Of one whose workers were never traced: what the process has grown by when it has the first result."""
    code = """if 1:
        import re, sys
        import primes_memory as demo
        def size():
            with open("/proc/self/status") as status:
                return int(re.search(r"VmRSS:\\s*(\\d+)", status.read())[1]) / 1000
        before = size()
        results = getattr(demo, sys.argv[1])(demo.cut(demo.START, 30), 2)
        next(results)
        print(size() - before)
        list(results)  # a pool that ends with a result on its way may never end
        """
    by_map, by_window = (
        float(subprocess.check_output([sys.executable, "-c", code, name], cwd=DEMOS))
        for name in ("pool_map", "pool_window")
    )
    assert by_map > 30
    assert by_window < 15
