"""mpi_hello: each rank is a process with a rank, a number and an x of its own; all greet in every round."""

import json
import os
import subprocess
import sys

import pytest
from conftest import DEMOS

mpi_hello = pytest.importorskip("mpi_hello", reason="mpi4py or its MPI is missing")
LONG = ["--rounds", "100000000"]
SELF = mpi_hello.MPI.COMM_SELF


@pytest.mark.parametrize("ranks", [1, 3])
def test_each_rank_greets_in_every_round_with_what_is_its_own(ranks, demo, tmp_path):
    done = demo("mpi_hello", "--rounds", 4, "--json", tmp_path / "r.json", ranks=ranks)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    places = [list(map(int, run["parameters"]["places"].split())) for run in runs]
    assert [each[-1] for each in places] == list(range(1, ranks + 1))  # in the order of the last round
    assert [sorted(each) for each in zip(*places, strict=True)] == [list(range(1, ranks + 1))] * 4
    own = {(run["variant"], run["parameters"]["x"]) for run in runs}
    assert own == {(f"rank {rank} of {ranks}", str(100 + rank)) for rank in range(ranks)}
    assert len({run["parameters"]["process"] for run in runs}) == ranks
    for number in range(4):  # who came later has a later time
        times = {run["values"][number]: place[number] for run, place in zip(runs, places, strict=True)}
        assert [times[time] for time in sorted(times)] == list(range(1, ranks + 1))
        assert min(times) > 0


def test_a_greeting_has_the_rank_the_process_and_its_x(monkeypatch):
    monkeypatch.setattr(mpi_hello, "x", 7)
    mpi_hello.add_rank(type("Comm", (), {"rank": 5}))
    assert list(mpi_hello.greet(SELF)) == [(0, os.getpid(), 12)]


def test_greetings_come_from_any_source_and_in_their_order():
    class Comm:
        rank, size, asked = 0, 3, []

        def isend(self, greeting, dest):
            assert (greeting[0], dest) == (0, 0)
            return type("Request", (), {"wait": lambda self: Comm.asked.append("wait")})()

        def recv(self, source):
            self.asked.append(source)
            return f"greeting {len(self.asked)}"

    assert list(mpi_hello.greet(Comm())) == ["greeting 1", "greeting 2", "greeting 3"]
    assert Comm.asked == [mpi_hello.MPI.ANY_SOURCE] * 3 + ["wait"]


def test_the_places_shown_are_those_of_the_last_rounds():
    class Comm:
        rank, size, came = 0, 2, iter([(0, 7, 100), (1, 8, 101)] * 5 + [(1, 8, 101), (0, 7, 100)] * 2)

        def isend(self, greeting, dest):
            return type("Request", (), {"wait": lambda self: None})()

        def recv(self, source):
            return next(self.came)

        def Barrier(self):
            pass

        def bcast(self, came):
            return came

    first, second = mpi_hello.arrivals(Comm(), 7)
    assert (first[0], first[-1]) == ("rank 1 of 2", {"process": "8", "x": "101", "places": "2 2 2 1 1"})
    assert (second[0], second[-1]) == ("rank 0 of 2", {"process": "7", "x": "100", "places": "1 1 1 2 2"})
    assert [len(row[1]) for row in (first, second)] == [7, 7]


def test_without_mpi4py_one_line_says_so(tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ModuleNotFoundError('not here', name='mpi4py')")
    words, text = [sys.executable, DEMOS / "mpi_hello.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_hello.py: mpi4py is missing: pip install mpi4py\n"
