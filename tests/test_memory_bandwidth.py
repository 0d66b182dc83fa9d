"""memory_bandwidth: right numbers from bytes rightly counted, by as many threads as asked, all at once."""

import itertools
import json
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import memory_bandwidth
import pytest
from conftest import until
from memory_bandwidth import BLOCK, rates, roots, triad

np = pytest.importorskip("numpy", reason="NumPy is missing")
LONG = ["--size", "8", "--repeats", "5000"]


def test_the_triad_is_b_plus_3_c_and_moves_five_arrays():
    calls, moved = triad(1000)
    results = [call() for call in calls]
    assert list(results[-1]) == [1 + 3 * 2] * 1000
    assert all(result is results[-1] for result in results)  # no array but the three
    assert moved == 8 * 1000 * (2 + 3)  # reads c, writes a; reads a and b, writes a


@pytest.mark.parametrize("number", [1, BLOCK, 1_000_000])
def test_roots_are_roots_of_a_block_and_move_as_many_bytes(number):
    calls, moved = roots(number)
    assert moved == len(calls) * 2 * 8 * BLOCK
    assert abs(moved - triad(number)[1]) <= 2 * 8 * BLOCK
    x = np.linspace(1, 2, BLOCK)
    results = [call() for call in calls]
    assert np.allclose(results[-1] ** 2, x)
    assert all(result is results[0] for result in results)


@pytest.mark.parametrize("workers", [1, 3])
def test_each_thread_fills_and_runs_its_own_share_beside_the_others(workers):
    shares, filled, called, most, inside = [], set(), [], [0], []

    def kernel(number):
        shares.append(number)
        me = threading.get_ident()
        filled.add(me)

        def call():
            assert me == threading.get_ident()
            inside.append(me)
            time.sleep(0.05)
            most.append(len(inside))
            inside.remove(me)
            called.append(me)

        return [call, call], 10**9  # a GB

    found = rates(kernel, 300, 4, workers)
    assert shares == [300 // workers] * workers
    assert len(filled) == workers
    assert sorted(called) == sorted([*filled] * 2 * 5)  # 4 repeats and the warm-up
    assert max(most) == workers
    assert len(found) == 4
    assert all(0 < each <= workers / 0.1 for each in found)  # GB in at least 2 × 50 ms


def test_the_bytes_of_all_threads_go_by_the_time_from_first_start_to_last_end(monkeypatch):
    monkeypatch.setattr(memory_bandwidth, "time", SimpleNamespace(perf_counter=itertools.count().__next__))
    moved = [2 * 10**9, 4 * 10**9]
    found = rates(lambda number: ([int], moved.pop()), 2, 3, 2)
    assert found == [6 / 3] * 3  # of the four readings in a repeat the first is a start, the last an end


def test_the_slowest_thread_counts():
    delays = [0.0, 0.2]

    def kernel(number):
        delay = delays.pop()
        return [lambda: time.sleep(delay)], 10**9

    assert all(each <= 2 / 0.2 for each in rates(kernel, 2, 2, 2))


@pytest.mark.parametrize("unlucky", [0, 1])
def test_a_thread_without_memory_is_told_of_and_leaves_nobody_waiting(unlucky):
    def kernel(number):
        if threading.current_thread().name.endswith(f"_{unlucky}"):
            raise MemoryError
        return [int], 1

    before = threading.active_count()
    with pytest.raises(memory_bandwidth.CannotRun, match="smaller --size"):
        rates(kernel, 2, 1, 2)
    assert until(lambda: threading.active_count() <= before, 10)


def runs_of(demo, tmp_path, *options):
    done = demo("memory_bandwidth", "--json", tmp_path / "r.json", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((tmp_path / "r.json").read_text())["runs"]


@pytest.mark.parametrize(("workers", "steps"), [(1, [1, 2]), (2, [1, 2, 4]), (4, [1, 2, 3, 4, 8])])
def test_its_rows_are_gb_a_second_over_the_threads(workers, steps, demo, tmp_path):
    _, runs = runs_of(demo, tmp_path, "--quick", "--workers", workers, "--repeats", 3)
    assert [(run["variant"], run["parameters"]) for run in runs] == [
        (kernel, {"workers": p}) for kernel in ("triad", "roots") for p in steps
    ]
    assert {(run["measure"], run["unit"], len(run["values"])) for run in runs} == {("bandwidth", "GB/s", 3)}


def test_the_cache_is_that_of_the_system(demo, tmp_path):
    said, _ = runs_of(demo, tmp_path, "--size", 2, "--repeats", 1)
    lscpu = subprocess.run(["lscpu", "--bytes"], capture_output=True, text=True).stdout
    found = re.search(r"^L3(?: cache)?: +(\d+)", lscpu, re.M)
    if not found:
        pytest.skip("lscpu tells of no cache of level 3")
    need = 4 * int(found[1]) // 10**6
    assert f"2 MB, 4 times the last-level caches {need} MB: too small: try --size {need}.\n" in said


@pytest.mark.parametrize(
    ("caches", "verdict"),
    [
        (["1024K"], "4 MB: enough."),
        (["1024K", "1024K"], "8 MB: too small: try --size 8."),  # two caches, each of one core
        ([], "? MB: unknown."),
    ],
)
def test_the_arrays_are_compared_with_all_caches(caches, verdict, tmp_path, monkeypatch, capsys):
    for i, size in enumerate(caches):
        folder = tmp_path / f"cpu{i}" / "cache" / "index3"
        folder.mkdir(parents=True)
        (folder / "size").write_text(f"{size}\n")
        (folder / "shared_cpu_list").write_text(f"{i}\n")
    monkeypatch.setattr(memory_bandwidth, "Path", lambda _: tmp_path)
    assert list(memory_bandwidth.beside_caches(4, ["a run"])) == ["a run"]
    assert capsys.readouterr().out.endswith(f"{verdict}\n")


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('not here')")
    done = demo("memory_bandwidth", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "memory_bandwidth.py: NumPy is missing: pip install numpy\n"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_arrays_that_do_not_fit_are_told_of_in_one_line():
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9, 4 * 10**9))

    command = [sys.executable, memory_bandwidth.__file__, "--size", "2000", "--workers", "2"]
    done = subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no memory" in done.stderr
    assert len(done.stderr.splitlines()) == 1
