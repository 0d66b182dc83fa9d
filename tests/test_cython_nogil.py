"""cython_nogil: the same area with the GIL and without; only `with nogil` lets threads run side by side."""

import functools
import itertools
import json
import math
import subprocess
import sys
import threading
import time
import warnings

import pytest
from conftest import PATIENCE, until
from pythons import those_with
from test_gil_lanes import ATTEMPTS, free_cores, overlap, turns, verdict

pytest.importorskip("Cython", reason="Cython is missing")
import cython_nogil
from calls import KIND
from compiling import Missing, compiled
from cython_nogil import WAYS

FREE, only_with_one = those_with("free-threaded")
LONG = ["--calls", "40000"]  # some 12 s for each way
PROCESSES = []
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


@functools.cache
def module():
    try:
        return compiled("cython_nogil.pyx", openmp=False)
    except Missing as missing:
        pytest.skip(str(missing))


lanes_known = pytest.mark.skipif(KIND != "ran", reason="the CPU clock of a thread is coarse here")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("blocks", "size"), [(1, 1), (1, 10), (10, 1), (7, 3), (100, 1_000)])
def test_every_way_adds_up_each_strip_once(way, blocks, size):
    n = blocks * size
    strips = math.fsum(4 / (1 + ((i + 0.5) / n) ** 2) / n for i in range(n))
    assert getattr(module(), way)(blocks, size) == pytest.approx(strips, rel=1e-13)
    assert strips == pytest.approx(math.pi, abs=0.0834 / n**2)  # the midpoint rule's error is 1 / 12n²


@pytest.mark.parametrize("way", WAYS)
def test_each_thread_calls_this_way_as_often_as_asked(way, monkeypatch):
    seen, other = [], pytest.fail
    fake = type("Module", (), {each: staticmethod(other) for each in WAYS})
    setattr(fake, way, staticmethod(lambda *args: seen.append((threading.get_ident(), args))))
    monkeypatch.setattr(cython_nogil, "load", lambda: fake)
    (start, end), lanes = cython_nogil.threads(7, 3, way)
    assert list(lanes) == ["thread 0", "thread 1", "thread 2"]
    callers = [who for who, _ in seen]
    assert sorted(map(callers.count, {*callers})) == [7, 7, 7]
    assert {args for _, args in seen} == {(cython_nogil.BLOCKS, cython_nogil.SIZE)}
    assert min(spans[0][0] for spans in lanes.values()) == start
    assert max(spans[-1][1] for spans in lanes.values()) == end


@pytest.fixture
def beats():
    """When another Python thread ran; no thread is asked to let go of the GIL meanwhile."""
    found, stop, interval = [], threading.Event(), sys.getswitchinterval()

    def beat():
        while not stop.is_set():
            found.append(time.perf_counter())
            time.sleep(0.0005)

    thread = threading.Thread(target=beat)
    thread.start()
    assert until(lambda: len(found) > 2)
    sys.setswitchinterval(PATIENCE)
    yield found
    sys.setswitchinterval(interval)
    stop.set()
    thread.join()


def longest_silence(beats, way, blocks, size):
    """The seconds of the longest time in a call in which the other thread never ran; of the call; of CPU."""
    function, cpu = getattr(module(), way), time.thread_time()
    start = time.perf_counter()
    function(blocks, size)
    end, cpu = time.perf_counter(), time.thread_time() - cpu
    times = [start, *(beat for beat in beats if start < beat < end), end]
    return max(b - a for a, b in itertools.pairwise(times)), end - start, cpu


@pytest.mark.skipif(not GIL, reason="no GIL to hold")
def test_declared_nogil_holds_the_gil_from_beginning_to_end(beats):
    silence, call, _ = longest_silence(beats, "declared_nogil", 10, 2_000_000)
    assert silence == call


def test_with_nogil_lets_another_thread_run_in_between(beats):
    silence, call, _ = longest_silence(beats, "with_nogil", 1, 60_000_000)  # some 90 ms in C
    assert silence < 0.7 * call


@pytest.mark.skipif(not GIL, reason="no GIL to take")
def test_with_gil_inside_has_the_gil_for_each_block(beats):
    silence, _, cpu = longest_silence(beats, "with_gil_inside", 1, 60_000_000)
    assert silence > 0.9 * cpu


def picture(way, calls=60):
    """The lanes of two threads, as they are in a record."""
    (start, end), lanes = cython_nogil.threads(calls, 2, way)
    ms = {
        who: [((a - start) / 1e6, (b - start) / 1e6, state) for a, b, state in lane]
        for who, lane in lanes.items()
    }
    return {"window": (end - start) / 1e6, "workers": ms}


@lanes_known
@pytest.mark.skipif(not GIL, reason="no GIL to hold")
def test_a_function_that_is_only_declared_nogil_holds_the_gil_on_any_load():
    module()
    found = picture("declared_nogil")
    a_call = max(0.1, min(1.0, found["window"] / 120))  # ms; a hand-over is as exact as that
    assert overlap(found) <= len(turns(found)) * 2 * a_call
    assert overlap(found) < 0.5 * found["window"]


@lanes_known
def test_with_nogil_threads_run_side_by_side_on_free_cores():
    module()
    seen = []
    for _ in range(ATTEMPTS):
        free, found = free_cores(), picture("with_nogil")
        seen.append((round(free, 2), round(overlap(found) / found["window"], 2)))
        if seen[-1][1] > 0.6:
            return
    verdict(f"the lanes do not overlap: (share of a core, share of overlap) {seen}", seen)


def test_its_pictures_are_those_of_the_three_ways(demo, tmp_path):
    module()
    done = demo("cython_nogil", "--quick", "--workers", 3, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    lanes = json.loads((tmp_path / "r.json").read_text())["lanes"]
    assert [(each["parameters"], len(each["workers"]), each["kind"]) for each in lanes] == [
        ({"function": way}, 3, KIND) for way in ("declared_nogil", "with_nogil", "with_gil_inside")
    ]


def load(monkeypatch, free_threaded, warning):
    def loads(file, openmp):
        if warning:
            warnings.warn(warning, RuntimeWarning, stacklevel=1)
        return file, openmp

    monkeypatch.setattr(cython_nogil, "compiled", loads)
    monkeypatch.setattr(cython_nogil.sysconfig, "get_config_var", lambda name: free_threaded)
    return cython_nogil.load.__wrapped__()


def test_it_tells_how_to_get_a_python_without_a_gil(monkeypatch, capfd):
    assert load(monkeypatch, free_threaded=0, warning=None) == ("cython_nogil.pyx", False)
    out, err = capfd.readouterr()
    assert out.endswith(" uv python install 3.14t\n")
    assert err == ""


def test_it_tells_what_a_python_without_a_gil_says(monkeypatch, capfd):
    load(monkeypatch, free_threaded=1, warning="The global interpreter lock (GIL) has been enabled")
    load(monkeypatch, free_threaded=1, warning=None)
    assert capfd.readouterr() == ("The global interpreter lock (GIL) has been enabled\n", "")


@only_with_one
def test_an_unmarked_module_switches_the_gil_of_a_free_threaded_python_on(demo):
    imports = ["-c", "import Cython, setuptools"]
    pythons = [python.executable for python in FREE]
    able = [each for each in pythons if not subprocess.run([each, *imports], capture_output=True).returncode]
    if not able:
        pytest.skip(f"{pythons[-1]} has no Cython or no setuptools: pip install them there")
    done = demo("cython_nogil", "--quick", python=able[-1])
    assert done.returncode == 0, done.stderr
    assert "has been enabled to load module 'cython_nogil'" in done.stdout
