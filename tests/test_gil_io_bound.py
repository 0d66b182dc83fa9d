"""gil_io_bound: every reply is right, none comes early, and waiting is done at once where it can be."""

import http.client
import json
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import slow_server
import watchdog
from conftest import DEMOS, all_gone
from progress import Replies

LONG = ["--delay", "10000"]
PROCESSES = []


@pytest.fixture
def record(demo, tmp_path):
    def call(*options):
        done = demo("gil_io_bound", *options, "--json", tmp_path / "record.json")
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "record.json").read_text())

    return call


def test_every_variant_gets_every_reply_in_order(record):
    runs = record("--delay", 1, "--requests", 13)["runs"]
    assert [run["variant"] for run in runs] == ["sequential", "threads", "coroutines"]
    assert all(run["result"] == [n * n for n in range(13)] for run in runs)
    assert all((run["measure"], run["unit"]) == ("requests", "/s") for run in runs)


def test_the_requests_wait_one_after_the_other_or_all_at_once(record):
    rates = {run["variant"]: run["values"] for run in record("--delay", 100, "--requests", 12)["runs"]}
    assert max(rates["sequential"]) <= 10  # 100 ms each
    for variant in ("threads", "coroutines"):
        assert max(rates[variant]) <= 12 * 10
        assert max(rates[variant]) > 3 * 10  # 10 would be one after the other


PROGRESS = re.compile(r" *(\d+) replies so far, (\d+) a second")


@pytest.mark.parametrize(("delay", "requests"), [(60, 20), (15, 200)])
def test_replies_are_told_of_as_they_come(delay, requests, record):
    taken = record("--delay", delay, "--requests", requests)
    rows, told, seconds = [], {}, {}
    for second, line in taken["output"][1:]:  # after the headline
        if found := PROGRESS.fullmatch(line):
            told.setdefault(len(rows), []).append((int(found[1]), int(found[2])))
            seconds.setdefault(len(rows), []).append(second)
        elif line.strip() != "requests":  # the heading of the rows
            rows.append(line.split()[-1])
    assert rows == ["sequential", "threads", "coroutines"]
    assert sum(map(len, told.values())) <= 12
    for number, run in enumerate(taken["runs"]):
        calls = len(run["values"]) + (run["warm_up"] is not None)
        counts = [count for count, _ in told[number]]
        assert counts == sorted(set(counts))
        assert counts[-1] == calls * requests
        assert max(rate for _, rate in told[number]) <= 1.1 * requests / (delay / 1000)
    alone = told[0]
    assert len(alone) >= 3
    assert max(rate for _, rate in alone) <= 1000 / delay + 1  # it is rounded
    assert seconds[0][1] - seconds[0][0] >= 0.2  # as they come, not all at the end


def test_a_line_of_progress_is_never_in_a_row(capsys):
    replies = Replies()

    def runs():
        for i in range(3):
            replies.add(i)
            yield f"run {i}"

    for run in replies.told(runs()):
        print(run)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not PROGRESS.fullmatch(line)] == ["run 0", "run 1", "run 2"]
    assert [PROGRESS.fullmatch(line)[1] for line in lines[::2]] == ["1", "1", "1"]  # since the last row
    assert len(lines) == 6


def test_the_server_speaks_http_and_is_slow():
    ports = multiprocessing.Queue()
    server = multiprocessing.Process(target=slow_server.serve, args=(50, ports), daemon=True)
    server.start()
    try:
        connection = http.client.HTTPConnection(slow_server.HOST, ports.get(timeout=20), timeout=10)
        start = time.monotonic()
        connection.request("GET", "/12")
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (200, b"144")
        assert time.monotonic() - start >= 0.05
    finally:
        server.terminate()
        server.join()


@pytest.mark.parametrize("before", ["sequential", "threads"])
def test_ctrl_c_ends_the_next_variant(before):
    mark = watchdog.mark("IO_BOUND_TEST")
    command = [sys.executable, str(DEMOS / "gil_io_bound.py"), "--delay", "1500", "--requests", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=os.environ | mark, start_new_session=True, **pipes)
    try:
        assert any(line.endswith(f"{before}\n") for line in child.stdout)
        time.sleep(0.3)  # the next variant has sent its requests, or will: nothing outside can tell
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        gone = all_gone(mark)
    finally:
        watchdog.end(mark)
    assert (child.returncode, errors) == (130, "gil_io_bound.py: interrupted\n")
    assert gone
