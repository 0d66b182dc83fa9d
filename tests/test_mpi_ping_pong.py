"""mpi_ping_pong: what comes back is what was sent, for every way and size; and the limit in C."""

import json
import subprocess
import sys

import mpi_limits
import mpi_ping_pong
import numpy as np
import pytest
from conftest import DEMOS

LONG = ["--largest", str(1 << 29)]
SIZES = [8, 128]  # of --quick
WAYS = ["pickled", "out_of_band", "buffer", "buffer_in_C"]
ALONE = """
import sys
sys.path.insert(0, {demos!r})
import numpy as np
from mpi4py import MPI
import mpi_ping_pong as demo
comm = MPI.COMM_WORLD
in_c = demo.c_functions("mpi_ping_pong_limit.c", "buffer_in_C")
for way in (demo.pickled, demo.out_of_band, demo.buffer, *in_c):
    sent, received = np.arange(5.0), np.zeros(5)
    way(comm, sent, received, 3)
    sent += 1
    back = way(comm, sent if comm.rank == 0 else np.zeros(5), received, 1)
    print(way.__name__, comm.rank, *map(int, back), flush=True)
    comm.Barrier()
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    file = tmp_path_factory.mktemp("ping-pong") / "record.json"
    run_line = ["mpiexec", "-n", "3", sys.executable, "-m", "mpi4py", str(DEMOS / "mpi_ping_pong.py")]
    done = subprocess.run([*run_line, "--quick", "--json", file], capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(file.read_text())


def rows(record, measure):
    return {
        (run["variant"], run["parameters"]["bytes"]): run["values"]
        for run in record["runs"]
        if run["measure"] == measure
    }


def test_each_way_has_a_row_for_each_size_and_measure(record):
    for measure in ("latency", "bandwidth"):
        assert list(rows(record, measure)) == [(way, size) for way in WAYS for size in SIZES]


def test_the_bandwidth_is_that_of_the_latency(record):
    latency = rows(record, "latency")
    for (way, size), values in rows(record, "bandwidth").items():
        assert values == pytest.approx([size / us / 1000 for us in latency[way, size]])
        assert len(values) == mpi_ping_pong.REPEATS


def test_what_arrives_is_what_was_sent_last(tmp_path):
    """On both ranks: a way that sent something else, or nothing, would show here."""
    script = tmp_path / "alone.py"
    script.write_text(ALONE.format(demos=str(DEMOS)))
    command = ["mpiexec", "-n", "2", sys.executable, "-m", "mpi4py", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = [line.split() for line in done.stdout.splitlines()]
    for way in WAYS:
        assert [way, "0", "1", "2", "3", "4", "5"] in said
    for way in ("buffer", "buffer_in_C"):  # rank 1 has the numbers, too
        assert [way, "1", "1", "2", "3", "4", "5"] in said


def test_a_wrong_echo_is_an_error(monkeypatch):
    class Alone:
        rank = 0

        def Barrier(self):
            pass

    with pytest.raises(AssertionError):
        mpi_ping_pong.repeats(Alone(), lambda comm, sent, received, times: received, 64)
    assert (
        len(mpi_ping_pong.repeats(Alone(), lambda comm, sent, *_: np.copy(sent), 64)) == mpi_ping_pong.REPEATS
    )


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"CC": "no-such-compiler"}, "no C compiler, no-such-compiler"),
        ({"prefix": "/nowhere"}, "no mpi.h beside this Python"),
        ({"CC": "false"}, "the compiler failed"),
    ],
)
def test_without_what_it_takes_the_limit_is_left_out(monkeypatch, capsys, broken, why):
    if "prefix" in broken:
        monkeypatch.setattr(mpi_limits.sys, "prefix", broken["prefix"])
    else:
        monkeypatch.setenv("CC", broken["CC"])
    assert mpi_limits.c_functions("mpi_ping_pong_limit.c", "buffer_in_C") == []
    said = capsys.readouterr().out
    assert said.startswith(f"without the limit in C: {why}")
    assert said.count("\n") == 1
