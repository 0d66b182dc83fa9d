"""queue_backpressure: every task is done once; the backlog has a limit where the queue has one."""

import json
import multiprocessing
import queue
import threading
import time
from types import SimpleNamespace

import pytest
import queue_backpressure
from conftest import until
from queue_backpressure import CannotRun, backlogs, consume, produce, rows

LONG = ["--tasks", "1000"]  # 12 s, for Ctrl-C
PROCESSES = []


def counter(value=0):
    return SimpleNamespace(value=value, get_lock=threading.Lock)


def test_the_producer_brings_every_task_once_then_a_sentinel_for_each_worker(monkeypatch):
    brought, slept, clock = [], [], iter(range(100))
    fake = SimpleNamespace(sleep=slept.append, perf_counter=lambda: next(clock))
    monkeypatch.setattr(queue_backpressure, "time", fake)
    came, waited = counter(), counter()
    produce(SimpleNamespace(put=brought.append), 5, 3, came, waited)
    assert brought == [0, 1, 2, 3, 4, None, None, None]
    assert (came.value, waited.value) == (5, 5)  # each put took one tick of that clock
    assert slept == [queue_backpressure.EVERY] * 5


def test_it_has_come_before_there_is_room_for_it():
    came, limited = counter(), queue.Queue(2)
    producer = threading.Thread(target=produce, args=(limited, 6, 1, came, counter()), daemon=True)
    producer.start()
    assert until(lambda: came.value == 3, 5)
    time.sleep(3 * queue_backpressure.EVERY)
    assert came.value == 3  # two lie there, and the producer holds the third
    assert [limited.get() for _ in range(7)] == [*range(6), None]
    producer.join(5)


def test_a_worker_does_every_task_until_the_sentinel_comes(monkeypatch):
    slept, taken, tasks = [], counter(), queue.Queue()
    monkeypatch.setattr(queue_backpressure, "time", SimpleNamespace(sleep=slept.append))
    for task in (0, 1, 2, None, 3):  # 0 is a task like any other
        tasks.put(task)
    consume(tasks, taken)
    assert taken.value == 3
    assert slept == [queue_backpressure.TAKES] * 3
    assert tasks.get() == 3


@pytest.mark.parametrize("limit", [1, 4])
def test_a_limit_of_the_queue_is_one_of_the_backlog(limit, monkeypatch):
    monkeypatch.setattr(queue_backpressure, "LOOK", 0.002)
    waited = multiprocessing.Value("d")
    seen = list(backlogs(limit, 30, 2, waited))
    times, lengths = zip(*seen, strict=True)
    assert list(times) == sorted(times)
    assert limit <= max(lengths) <= limit + 1 + 2  # the producer holds one; two may be taken, not yet counted
    assert min(lengths) == lengths[-1] == 0
    assert waited.value > 0
    assert not multiprocessing.active_children()


def test_without_a_limit_the_backlog_grows_as_long_as_tasks_come(monkeypatch):
    monkeypatch.setattr(queue_backpressure, "LOOK", 0.002)
    lengths = [length for _, length in backlogs(0, 40, 2, multiprocessing.Value("d"))]
    assert max(lengths) > 10
    assert lengths[-1] == 0


def test_more_workers_take_more(monkeypatch):
    most = {}
    for workers in (1, 8):
        monkeypatch.setattr(queue_backpressure, "LOOK", 0.002)
        most[workers] = max(length for _, length in backlogs(0, 30, workers, multiprocessing.Value("d")))
    assert most[8] < most[1]


def test_a_process_that_is_killed_is_one_line_and_no_hang():
    watching = backlogs(0, 1000, 2, multiprocessing.Value("d"))
    next(watching)
    multiprocessing.active_children()[0].kill()
    with pytest.raises(CannotRun, match="killed"):
        for _ in watching:
            pass
    for process in multiprocessing.active_children():
        process.kill()


def test_the_backlogs_come_first_then_who_waited(monkeypatch):
    def fake(maxsize, tasks, workers, waited):
        waited.value = maxsize + 0.5
        yield 0, tasks
        yield workers, maxsize

    monkeypatch.setattr(queue_backpressure, "backlogs", fake)
    assert list(rows(7, 20, 3)) == [
        ("no maxsize", [20], "backlog", "tasks", {"seconds": 0}),
        ("no maxsize", [0], "backlog", "tasks", {"seconds": 3}),
        ("maxsize 7", [20], "backlog", "tasks", {"seconds": 0}),
        ("maxsize 7", [7], "backlog", "tasks", {"seconds": 3}),
        ("no maxsize", [0.5], "producer waited", "s"),
        ("maxsize 7", [7.5], "producer waited", "s"),
    ]


def test_its_options_reach_the_queue(demo, tmp_path):
    options = ("--tasks", 20, "--maxsize", 3, "--workers", 3, "--json", tmp_path / "r.json")
    done = demo("queue_backpressure", *options)
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert list(dict.fromkeys(run["variant"] for run in runs)) == ["no maxsize", "maxsize 3"]
    backlog = [run for run in runs if run["measure"] == "backlog"]
    assert max(run["values"][0] for run in backlog if run["variant"] == "maxsize 3") <= 3 + 1 + 3
