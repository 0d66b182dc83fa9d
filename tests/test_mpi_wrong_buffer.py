"""mpi_wrong_buffer: a buffer that fits has the numbers; another has an error, or bits that mean others."""

import json
import struct
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from conftest import DEMOS, run_line

mpi_wrong_buffer = pytest.importorskip("mpi_wrong_buffer", reason="mpi4py or its MPI is missing")
LONG = ["--times", "100000000"]
MPI = mpi_wrong_buffer.MPI
SMALLEST = struct.unpack("=3d", struct.pack("=3q", 1, 2, 3))  # the bits of 1, 2, 3, taken for floats


@pytest.fixture(scope="module", params=[2, 3])
def record(request, tmp_path_factory):
    file = tmp_path_factory.mktemp("record") / "r.json"
    words = [*run_line("mpi_wrong_buffer", ranks=request.param), "--times", "2", "--json", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(file.read_text())


def test_what_rank_1_has_then(record):
    has = {run["variant"]: run["parameters"]["rank 1 has"] for run in record["runs"]}
    floats = [float(word) for word in has.pop("3 floats").strip("[]").split()]
    assert floats == list(SMALLEST)
    assert has == {
        "3 integers": "[1 2 3]",
        "5 integers": "[1 2 3 0 0]",
        "2 integers": "error",
        "an object": "error",
    }
    assert [run["values"] for run in record["runs"]] == [[3], [3], [0], [0], [0]]


def test_the_errors_are_those_of_mpi_and_pickle(record):
    (shown,) = record["attachments"]
    lines = shown["alt"].splitlines()
    assert max(map(len, lines)) <= 76
    assert lines[0] == "2 integers, by Send_Recv:"
    assert lines[1].startswith("mpi4py.MPI.Exception: Message truncated")
    assert lines[-2:] == ["an object, by Send_recv:", r"_pickle.UnpicklingError: invalid load key, '\x01'."]
    marks = {
        mark.text.replace("\N{NO-BREAK SPACE}", " ")
        for mark in ElementTree.fromstring(shown["svg"]).iterfind(".//{*}tspan")
    }
    assert marks == {"Message truncated", "invalid load key"}


def test_an_error_that_nobody_expects_is_not_swallowed():
    def broken(comm):
        raise ValueError("a slip")

    with pytest.raises(ValueError, match="a slip"):
        mpi_wrong_buffer.attempt(MPI.COMM_SELF, broken)


def test_each_is_tried_as_often_as_asked(monkeypatch):
    calls = []

    class Comm:
        rank = 1

        def bcast(self, came, root):
            assert root == 1
            return came

    def receive(comm, *buffer):
        calls.append(buffer)
        return [1, 2, 4][: len(calls)]

    monkeypatch.setattr(mpi_wrong_buffer, "ATTEMPTS", {"three": (receive, "a buffer")})
    row, (name, words, _) = mpi_wrong_buffer.attempts(Comm(), 3)
    assert row == ("three", [2], "right", "numbers", {"by": "receive", "rank 1 has": "[1, 2, 4]"})
    assert calls == [("a buffer",)] * 3
    assert (name, words) == ("errors", "")


def test_without_numpy_one_line_says_so(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    words, text = [sys.executable, DEMOS / "mpi_wrong_buffer.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_wrong_buffer.py: numpy is missing: pip install numpy\n"
