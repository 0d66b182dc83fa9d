"""gil_convoy: every byte comes back, the rows are what they say, and a busy thread costs switch intervals."""

import json
import os
import socket
import subprocess
import sys
import threading
from statistics import median

import gil_convoy
import pytest
import watchdog
from conftest import DEMOS, all_gone
from test_gil_lanes import ATTEMPTS, free_cores, verdict

LONG = ["--requests", "10000"]
PROCESSES = []


@pytest.fixture
def latencies(demo, tmp_path):
    """Run the demo: {(variant, busy threads): its milliseconds}, with the record beside them."""

    def call(*options):
        done = demo("gil_convoy", *options, "--json", tmp_path / "r.json")
        assert done.returncode == 0, done.stderr
        record = json.loads((tmp_path / "r.json").read_text())
        return {
            (run["variant"], run["parameters"]["busy threads"]): run["values"] for run in record["runs"]
        }, record

    return call


def test_the_echo_sends_every_byte_back():
    ours, theirs = socket.socketpair()
    with ours:
        thread = threading.Thread(target=gil_convoy.echo, args=(theirs,))
        thread.start()
        for sent in (b"\x00", b"a", b"\xff"):
            ours.sendall(sent)
            assert ours.recv(10) == sent
    thread.join(10)
    theirs.close()
    assert not thread.is_alive()  # it ends when the client is gone


def test_the_client_refuses_a_wrong_echo():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def wrong():
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                connection.sendall(b"?")

        thread = threading.Thread(target=wrong)
        thread.start()
        with pytest.raises(ConnectionError, match="differs"):
            gil_convoy.client(server.getsockname(), 1)
        thread.join(10)


@pytest.mark.parametrize("busy", [0, 3])
def test_it_starts_as_many_busy_threads_as_it_says_and_ends_them(busy, monkeypatch):
    seen, interval, real = [], sys.getswitchinterval(), gil_convoy.echo
    before = set(threading.enumerate())

    def echo(connection):
        spinning = [thread for thread in threading.enumerate() if thread._target is gil_convoy.spin]
        seen.append((len(spinning), sys.getswitchinterval()))
        real(connection)

    monkeypatch.setattr(gil_convoy, "echo", echo)
    try:
        times = gil_convoy.round_trips(0.5, busy, 5)
    finally:
        sys.setswitchinterval(interval)
    assert seen == [(busy, 0.0005)]
    assert len(times) == 5
    assert min(times) > 0
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive(), f"{thread} still runs"


def test_its_rows_are_every_interval_beside_every_number_of_busy_threads(latencies):
    found, record = latencies("--quick", "--requests", 3, "--busy", 2)
    names = ["5 ms interval", "20 ms interval", "0.5 ms interval"]
    assert list(found) == [(name, busy) for name in names for busy in (0, 1, 2)]
    assert {len(values) for values in found.values()} == {3}
    assert {(run["measure"], run["unit"]) for run in record["runs"]} == {("latency", "ms")}


def test_a_busy_thread_costs_a_switch_interval(latencies):
    seen = []
    for _ in range(ATTEMPTS):
        free, (found, record) = free_cores(), latencies("--requests", 15, "--busy", 1)
        if not record["interpreter"]["gil"]:
            pytest.skip("no GIL, no convoy")
        middle = {key: median(values) for key, values in found.items()}
        alone, default = middle["5 ms interval", 0], middle["5 ms interval", 1]
        long, short = middle["20 ms interval", 1], middle["0.5 ms interval", 1]
        seen.append((round(free, 2), *(round(ms, 2) for ms in (alone, default, long, short))))
        if default > 10 * alone and default > 2.5 and long > 2 * default and default > 2 * short:
            return
    verdict(f"(share of a core; ms alone, at 5 ms, 20 ms, 0.5 ms) {seen}", seen)


def test_a_client_that_dies_is_one_line_and_no_hang():
    mark = watchdog.mark("GIL_CONVOY_TEST")
    script = f"import sys, gil_convoy; gil_convoy.STUCK = 2; sys.exit(gil_convoy.main({LONG!r}))"
    running = subprocess.Popen(
        [sys.executable, "-c", script], cwd=DEMOS,
        env=os.environ | mark, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(watchdog.marked(mark)) < 2:
        assert running.poll() is None
    max(watchdog.marked(mark), key=lambda process: process.pid).kill()
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 2
    assert errors == "gil_convoy.py: the client could not start, or was killed: try again\n"
    assert all_gone(mark)
