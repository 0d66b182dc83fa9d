"""mpi_ping_pong: what comes back is what was sent, for every way and size; and the limit in C."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import DEMOS

mpi_ping_pong = pytest.importorskip("mpi_ping_pong", reason="mpi4py or its MPI is missing")
mpi_limits = pytest.importorskip("mpi_limits")
turns = pytest.importorskip("turns")

LONG = ["--largest", str(1 << 29)]
SIZES = [8, 128]  # of --quick
WAYS = ["pickled", "out_of_band", "buffer"] + ["buffer_in_C"] * (sys.platform == "linux")
linux = pytest.mark.skipif(sys.platform != "linux", reason="no other system tells which MPI is loaded")
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
for way in in_c:  # one rank in C, the other in Python: as many messages each, or one waits for ever
    (way if comm.rank == 0 else demo.buffer)(comm, sent, received, 3)
    (way if comm.rank == 1 else demo.buffer)(comm, sent, received, 3)
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
        assert list(rows(record, measure)) == [
            (way, size) for ways in (WAYS[:2], WAYS[2:]) for size in SIZES for way in ways
        ]


def test_the_bandwidth_is_that_of_the_latency(record):
    latency = rows(record, "latency")
    for (way, size), values in rows(record, "bandwidth").items():
        assert values == pytest.approx([size / us / 1000 for us in latency[way, size]])
        assert len(values) == turns.ROUNDS


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
    for way in WAYS[2:]:  # rank 1 has the numbers, too
        assert [way, "1", "1", "2", "3", "4", "5"] in said


class Alone:
    """Rank 0 without a rank 1."""

    rank = 0

    def Barrier(self):
        pass

    def bcast(self, value):
        asked.append(value)
        return value


asked = []


def test_the_ways_take_turns_for_about_equal_times(monkeypatch):
    def fast(comm, sent, received, times):
        calls.append(("fast", times))
        clock.append(clock[-1] + times / 4096)
        return sent

    def slow(comm, sent, received, times):
        calls.append(("slow", times))
        clock.append(clock[-1] + times / 8)
        return sent

    calls, clock = [], [0]
    monkeypatch.setattr(turns, "perf_counter", lambda: clock[-1])
    found = turns.in_turns(Alone(), [fast, slow], 64)
    half = {"fast": 1e6 / 4096 / 2, "slow": 1e6 / 8 / 2}  # of a round trip, in microseconds
    assert found == [(name, [half[name]] * turns.ROUNDS) for name in ("fast", "slow")]
    assert [times for _, times in calls[::2]] == [1] * (2 * (1 + turns.ROUNDS))  # before each, to warm up
    measured = calls[1::2]
    assert [name for name, _ in measured] == ["fast", "slow"] * (1 + turns.ROUNDS)
    assert [times for _, times in measured] == [2, 2, *[40, 2] * turns.ROUNDS]  # 10 ms, or two
    assert [times for _, times in measured] == asked[-len(measured) :]  # all ranks take rank 0's number


def test_out_of_band_differs_by_its_communicator_alone(monkeypatch):
    calls = []
    monkeypatch.setattr(mpi_ping_pong, "pickled", lambda *given: calls.append(given))
    mpi_ping_pong.out_of_band(mpi_ping_pong.MPI.COMM_SELF, "sent", "received", 3)
    ((comm, *message),) = calls
    assert isinstance(comm, mpi_ping_pong.pkl5.Intracomm)
    assert message == ["sent", "received", 3]


@pytest.mark.parametrize("echo", [lambda sent, received: received, lambda sent, received: sent[::-1]])
def test_a_wrong_echo_is_an_error(echo):
    def wrong(comm, sent, received, times):
        return echo(sent, received)

    with pytest.raises(AssertionError, match="wrong: not what was sent came back"):
        turns.in_turns(Alone(), [wrong], 64)


def test_an_array_that_came_before_is_a_wrong_echo():
    def late(comm, sent, received, times):
        before, received[:] = received.copy(), sent
        return before if before.any() else sent

    with pytest.raises(AssertionError):
        turns.in_turns(Alone(), [late], 64)


@linux
@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"CC": "no-such-compiler"}, "no C compiler, no-such-compiler"),
        ({"CC": "false"}, "the compiler failed"),
        ({"CYTHON_CACHE_DIR": os.devnull}, "cannot compile (Not a directory)"),
        ({"mpi": "/nowhere/lib/libmpi.so.12"}, "no mpi.h beside the MPI that is loaded"),
        ({"maps": "/nowhere"}, "this system does not tell which MPI is loaded"),
    ],
)
def test_without_what_it_takes_the_limit_is_left_out(monkeypatch, capsys, tmp_path, broken, why):
    monkeypatch.setenv("CYTHON_CACHE_DIR", str(tmp_path))  # nothing is kept there
    if "mpi" in broken:
        monkeypatch.setattr(mpi_limits, "loaded_mpi", lambda: Path(broken["mpi"]))
    elif "maps" in broken:
        monkeypatch.setattr(mpi_limits, "Path", lambda *_: Path(broken["maps"]))
    else:
        monkeypatch.setenv(*next(iter(broken.items())))
    assert mpi_limits.c_functions("mpi_ping_pong_limit.c", "buffer_in_C") == []
    *compiling, said = capsys.readouterr().out.splitlines()
    assert said.startswith(f"Without the limit in C: {why}")
    assert compiling in ([], ["Compiling mpi_ping_pong_limit.c, once ..."])
    assert list(tmp_path.rglob("*.so")) == []


@linux
def test_the_limit_is_compiled_once_and_nothing_else_is_kept(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CYTHON_CACHE_DIR", str(tmp_path))
    for said in ("Compiling mpi_ping_pong_limit.c, once ...\n", ""):
        (way,) = mpi_limits.c_functions("mpi_ping_pong_limit.c", "buffer_in_C")
        assert way.__name__ == "buffer_in_C"
        assert capsys.readouterr().out == said
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert len(list(tmp_path.glob("demos/*"))) == 1


@linux
def test_the_limit_is_linked_to_the_mpi_that_is_loaded():
    mpi = mpi_limits.loaded_mpi()
    assert mpi.name.startswith("libmpi")
    path = str(mpi_limits.compiled_library(DEMOS / "mpi_ping_pong_limit.c"))
    mpi_limits.ctypes.CDLL(path)
    maps = Path("/proc/self/maps").read_text()
    others = {line[line.index("/") :] for line in maps.splitlines() if "/libmpi" in line}
    assert others == {str(mpi)}


def test_one_rank_is_too_few(demo):
    done = demo("mpi_ping_pong", "--quick", ranks=1)
    assert done.returncode == 2
    assert done.stderr.startswith("mpi_ping_pong.py: needs at least 2 ranks, not 1; type: mpiexec -n 2 ")


def test_without_numpy_one_line_says_so(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    words, text = [sys.executable, DEMOS / "mpi_ping_pong.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_ping_pong.py: numpy is missing: pip install numpy\n"
