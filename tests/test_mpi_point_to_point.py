"""mpi_point_to_point: what rank 0 sends is what rank 1 has, in as many bytes as it must be."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import DEMOS

mpi_point_to_point = pytest.importorskip("mpi_point_to_point", reason="mpi4py or its MPI is missing")
LONG = ["--times", "100000000"]


def pickled(thing):
    return len(pickle.dumps(thing, protocol=pickle.HIGHEST_PROTOCOL))


BYTES = {
    "a_dict": pickled({"a": 7, "b": 3.14}),
    "array_as_object": pickled(np.array([0, 1, 2, 3, 4])),
    "array_as_buffer": 5 * 8,
}


def test_what_was_sent_arrives_each_time_and_a_third_rank_is_no_harm(demo, tmp_path):
    done = demo("mpi_point_to_point", "--times", 3, "--json", tmp_path / "r.json", ranks=3)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert {run["variant"]: run["values"] for run in runs} == {name: [n] * 3 for name, n in BYTES.items()}
    has = [run["parameters"]["rank 1 has"] for run in runs]
    assert has == ["{'a': 7, 'b': 3.14}", "[0 1 2 3 4]", "[0 1 2 3 4]"]


class Comm:
    """A rank of a world; it notes what it is asked to do. What it receives is 7."""

    def __init__(self, rank):
        self.rank, self.asked = rank, []

    def __getattr__(self, name):
        def call(thing=None, **more):
            self.asked.append((name, more))
            if name == "Recv":
                thing.fill(7)
            return 7

        return call


@pytest.mark.parametrize("variant", mpi_point_to_point.VARIANTS)
def test_one_sends_and_one_receives_by_methods_that_fit(variant):
    sender, receiver, other = Comm(0), Comm(1), Comm(2)
    received = [variant(comm) for comm in (sender, receiver, other)]
    upper = variant is mpi_point_to_point.array_as_buffer
    assert np.array_equal(received[1], [7] * 5 if upper else 7)
    assert (received[0], received[2]) == (None, None)
    assert sender.asked == [("Send" if upper else "send", {"dest": 1})]
    assert receiver.asked == [("Recv" if upper else "recv", {"source": 0})]
    assert other.asked == []


def test_one_rank_is_too_few(demo):
    done = demo("mpi_point_to_point", "--quick", ranks=1)
    assert done.returncode == 2
    assert done.stderr.startswith("mpi_point_to_point.py: needs at least 2 ranks, not 1; type: mpiexec -n 2 ")


def test_without_numpy_one_line_says_so(tmp_path):
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError('not here', name='numpy')")
    words, text = [sys.executable, DEMOS / "mpi_point_to_point.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_point_to_point.py: numpy is missing: pip install numpy\n"
