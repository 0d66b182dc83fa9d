"""pickling_cost: every number is added up once, whichever way it comes; the segment is gone in the end."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pickling_cost
import pytest
import segments
import watchdog
from harness import Run

np = pytest.importorskip("numpy", reason="NumPy is missing")
LONG = ["--size", "400"]
PROCESSES = []
WAYS = ["pickled_arguments", "copied_to_shared_memory", "sent_at_the_start"]


class Pool:
    """A pool without processes: what it is given goes through pickle, and is counted."""

    def __init__(self):
        self.pickled = self.tasks = 0

    def map(self, function, *arguments):
        for task in zip(*arguments):  # noqa: B905  (edges[1:] is shorter)
            sent = pickle.dumps((function, task))
            self.pickled, self.tasks = self.pickled + len(sent), self.tasks + 1
            function, task = pickle.loads(sent)
            yield function(*task)


@pytest.fixture
def add_up(monkeypatch):
    """Add up an array, by a way that was equipped with another: the sum, and the pool."""

    def call(way, array, at_the_start, edges):
        pool = Pool()
        with segments.new_segment(array.nbytes) as segment:
            pickling_cost.initializer(at_the_start, segment.name)
            result = getattr(pickling_cost, way)(pool, array, segment, edges)
            pickling_cost.shared.close()
        return result, pool

    monkeypatch.setattr(pickling_cost, "own", None, raising=False)
    monkeypatch.setattr(pickling_cost, "shared", None, raising=False)
    return call


@pytest.mark.parametrize("edges", [[0, 1001], [0, 500, 1000, 1001], [0, 1, 2, 1001]])
@pytest.mark.parametrize("way", WAYS)
def test_each_number_is_added_up_once(way, edges, add_up):
    array = np.arange(1001, dtype=np.int64) ** 2
    result, pool = add_up(way, array, array, edges)
    assert result == 1000 * 1001 * 2001 // 6
    assert type(result) is int
    assert pool.tasks == len(edges) - 1


def test_only_arguments_are_pickled_with_each_call(add_up):
    array, edges = np.arange(100_000, dtype=np.int64), [0, 50_000, 100_000]
    pickled = {way: add_up(way, array, array, edges)[1].pickled for way in WAYS}
    assert array.nbytes < pickled.pop("pickled_arguments") < 1.01 * array.nbytes
    assert max(pickled.values()) < 500


def test_what_was_sent_at_the_start_does_not_change(add_up):
    array, before = np.full(10, 2), np.full(10, 1)
    assert [add_up(way, array, before, [0, 5, 10])[0] for way in WAYS] == [20, 20, 10]


def test_a_plain_copy_copies_all():
    array, other = np.arange(10), np.zeros(10, int)
    pickling_cost.plain_copy(array, other)
    assert list(other) == list(range(10))


@pytest.mark.parametrize("workers", [1, 3])
def test_real_workers_as_many_as_asked_add_up_blocks_of_an_array(workers, monkeypatch):
    seen, real = [], pickling_cost.ProcessPoolExecutor
    monkeypatch.setattr(
        pickling_cost, "ProcessPoolExecutor", lambda *given: seen.append(given) or real(*given)
    )
    monkeypatch.setattr(pickling_cost, "BLOCK", 300)

    def all_equal(ways, *given):
        return [(way.__name__, way(*given)) for way in ways]

    found = dict(pickling_cost.measure(all_equal, np.arange(1001, dtype=np.int64), workers))
    assert found == {"plain_copy": None} | dict.fromkeys(WAYS, 1000 * 1001 // 2)
    ((number, context, _, (_, name)),) = seen
    assert (number, context.get_start_method()) == (workers, "spawn")
    with pytest.raises(FileNotFoundError):
        SharedMemory(name)


def test_rates_are_the_bytes_of_the_array_by_the_time(monkeypatch, tmp_path):
    monkeypatch.setattr(pickling_cost, "measure", lambda *_: [Run("a way", [0.5, 0.25, 2.0], result=7)])
    assert pickling_cost.main(["--size", "4", "--json", str(tmp_path / "r.json")]) == 0
    (run,) = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert (run["measure"], run["unit"], run["result"]) == ("bandwidth", "GB/s", 7)
    assert run["values"] == [0.008, 0.016, 0.002]


def test_ctrl_c_ends_the_workers_and_the_segment_while_they_add_up():
    mark, pipes = watchdog.mark("PICKLING_TEST"), {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, pickling_cost.__file__]
    child = subprocess.Popen(command, env=os.environ | mark, start_new_session=True, text=True, **pipes)
    try:
        assert any(line.endswith("plain_copy\n") for line in child.stdout)
        names = [line.rpartition("/")[2].strip() for line in mapped(child.pid)]
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        left = watchdog.marked(mark)
    finally:
        watchdog.end(mark)
    assert (child.returncode, errors, left) == (130, "pickling_cost.py: interrupted\n", [])
    assert len(names) == 1
    with pytest.raises(FileNotFoundError):
        SharedMemory(names[0])


def mapped(pid):
    """The lines on shared memory in a process's map of its memory."""
    maps = Path(f"/proc/{pid}/maps")
    if not maps.exists():
        pytest.skip("this system has no /proc")
    return [line for line in maps.read_text().splitlines() if "/dev/shm/psm_" in line]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_segment_is_gone_in_the_end_even_after_an_error_with_a_view(error):
    view = None
    with pytest.raises((error, BufferError)), segments.new_segment(100) as segment:
        view = segment.buf[:10]
        raise error
    with pytest.raises(FileNotFoundError):
        SharedMemory(segment.name)
    view.release()
    segment.close()


def test_too_little_shared_memory_is_told_of_in_one_line(monkeypatch, capsys, tmp_path):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(segments, "PLACE", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(64e6, 61e6, 3e6))
    assert pickling_cost.main(["--quick"]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith("pickling_cost.py: too little shared memory: use a smaller --size")
    assert len(errors.splitlines()) == 1


def test_without_numpy_one_line_says_so(demo, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    done = demo("pickling_cost", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "pickling_cost.py: numpy is missing: pip install numpy\n"
