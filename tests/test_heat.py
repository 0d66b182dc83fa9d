"""What the mpi_heat demos do with their ranks: as many as asked work, on their rows, for all of the steps."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import DEMOS

heat = pytest.importorskip("heat", reason="mpi4py or its MPI is missing")
SELF = heat.MPI.COMM_SELF


class Alone:
    """One rank of several, whose neighbours send nothing."""

    def __init__(self, rank, size):
        self.rank, self.size = rank, size

    def Sendrecv(self, *_, **__):
        pass


def test_strong_shares_one_plate_and_weak_lets_it_grow(monkeypatch):
    import mpi_heat

    monkeypatch.setattr(mpi_heat, "first_ranks", lambda *given: given)
    for workers in (1, 3):
        assert mpi_heat.strong(20, 11, workers) == (workers, mpi_heat.cooled, 20, 20, 11)
        assert mpi_heat.weak(20, 11, workers) == (workers, mpi_heat.cooled, 20 * workers, 20, 11)


def test_only_the_first_ranks_work_and_all_get_the_result():
    code = (
        f"import sys; sys.path.insert(0, {str(DEMOS)!r}); from ranks import MPI, first_ranks; ran = []\n"
        "got = first_ranks(2, lambda comm, n: ran.append(n) or comm.size * n, 7)\n"
        "if all_ := MPI.COMM_WORLD.gather((ran, got)): print(all_)"
    )
    done = subprocess.run(
        ["mpiexec", "-n", "3", sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("[([7], 14), ([7], 14), ([], 14)]\n", "")


def test_the_values_of_a_border_row_go_to_the_neighbours_and_no_others():
    sent = []

    class Middle(Alone):
        def Sendrecv(self, row, dest, recvbuf, source):
            sent.append((row[1], dest, source))
            recvbuf[:] = 10 + source

    u = heat.plate(np.array([[1.0], [2.0], [3.0]]))
    heat.exchange(Middle(1, 3), u)
    assert sorted(sent) == [(1, 0, 2), (3, 2, 0)]
    assert list(u[:, 1]) == [10, 1, 2, 3, 12]


@pytest.mark.parametrize("cut", ["evenly", "twice as many for rank 0"])
def test_a_lane_is_as_long_as_the_steps_on_the_rows_of_its_cut(cut, monkeypatch):
    import mpi_heat_lanes

    step, plates = heat.step, []
    monkeypatch.setattr(heat, "step", lambda u, new: plates.append(u.shape) or step(u, new))
    monkeypatch.setattr(mpi_heat_lanes, "of_all_ranks", lambda spans: spans)
    rows = {"evenly": [20, 20, 20], "twice as many for rank 0": [30, 15, 15]}[cut]
    for rank in range(3):
        plates.clear()
        spans = mpi_heat_lanes.steps_of_all(Alone(rank, 3), 60, 4, cut)
        assert plates == [(rows[rank] + 2, 62)] * 5  # one to warm up
        assert [name for *_, name in spans] == [f"step {number}" for number in range(4)]


def test_a_plate_is_shown_after_so_many_steps_in_all():
    import mpi_heat_picture

    hot = mpi_heat_picture.letters(2)
    for steps, field in mpi_heat_picture.melting(SELF, 2):
        u = np.pad(hot, 1)
        for _ in range(steps):
            u[1:-1, 1:-1] = (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]) / 4
        assert field == pytest.approx(u[1:-1, 1:-1], abs=1e-14)
