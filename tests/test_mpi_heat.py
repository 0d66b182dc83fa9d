"""mpi_heat: the exact decay of a sine, and the same bits for every number of ranks."""

import json
import math

import heat
import mpi_heat
import numpy as np
import pytest
from harness import CannotRun, Run, WrongAnswer
from mpi4py import MPI

LONG = ["--steps", "1000000"]


def test_the_rows_are_shared_evenly_and_none_is_lost():
    for n, size in ((10, 3), (7, 7), (320, 2), (7, 4)):
        shares = [heat.rows_of(rank, size, n) for rank in range(size)]
        assert [row for share in shares for row in share] == list(range(n))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_a_step_is_the_mean_of_the_four_neighbours():
    u = heat.plate(np.random.default_rng(1).random((7, 4)))
    new = u.copy()
    heat.step(u, new)
    for i in range(1, 6):
        for j in range(1, 5):
            four = [u[i - 1, j], u[i + 1, j], u[i, j - 1], u[i, j + 1]]
            assert new[i, j] == pytest.approx(math.fsum(four) / 4, rel=1e-14)
    assert not new[[0, -1]].any() and not new[:, [0, -1]].any()


@pytest.mark.parametrize(("height", "width", "steps"), [(8, 8, 1), (12, 7, 9), (40, 40, 500)])
def test_a_sine_fades_as_the_scheme_has_it(height, width, steps):
    field = heat.heat(MPI.COMM_SELF, heat.plate(heat.sine(range(height), height, width)), steps)[1:-1, 1:-1]
    a_step = 1 - math.sin(math.pi / 2 / (height + 1)) ** 2 - math.sin(math.pi / 2 / (width + 1)) ** 2
    assert field == pytest.approx(a_step**steps * heat.sine(range(height), height, width), abs=1e-13)
    assert heat.error(field, steps) < 1e-13
    assert heat.error(field, steps + 1) > 1e-4
    assert heat.error(field + 1e-6, steps) > 1e-7


def test_with_more_points_it_comes_close_to_the_heat_equation():
    """A step of h²/4 of time: the continuous sine fades by exp(-2π² t), and the error by h²."""
    off = []
    for n in (9, 19, 39):
        h = 1 / (n + 1)
        steps = round(0.05 / (h * h / 4))
        field = heat.heat(MPI.COMM_SELF, heat.plate(heat.sine(range(n), n, n)), steps)[1:-1, 1:-1]
        off.append(abs(field.max() - math.exp(-2 * math.pi**2 * steps * h * h / 4)))
    assert off[0] / off[1] == pytest.approx(4, rel=0.1)
    assert off[1] / off[2] == pytest.approx(4, rel=0.1)


def test_the_same_bits_for_every_number_of_ranks_and_others_for_other_steps(demo, tmp_path):
    digests = {}
    for ranks in (3, 4):  # 41 rows: nothing divides evenly
        file = tmp_path / f"{ranks}.json"
        done = demo("mpi_heat", "--n", 41, "--steps", 37, "--json", file, ranks=ranks)
        assert (done.returncode, done.stderr) == (0, "")
        assert "the same field, to the last bit; off by" in done.stdout
        for run in json.loads(file.read_text())["runs"]:
            points, digest, off = run["result"]
            digests.setdefault((points, digest), []).append(run["parameters"]["workers"])
            assert (run["measure"], run["unit"]) == ("time", "s")
            assert off < 1e-14
    ((plate, workers),) = digests.items()
    assert workers == [1, 2, 3, 1, 2, 4]
    assert mpi_heat.cooled(MPI.COMM_SELF, 41, 41, 37)[:2] == plate
    assert len({mpi_heat.cooled(MPI.COMM_SELF, 41, 41, steps)[1] for steps in (36, 37, 38)}) == 3


def test_a_weakly_scaled_plate_grows_with_the_ranks(demo, tmp_path):
    file = tmp_path / "record.json"
    done = demo("mpi_heat", "--n", 20, "--steps", 11, "--scaling", "weak", "--json", file, ranks=2)
    assert done.returncode == 0, done.stderr
    assert "same field" not in done.stdout
    runs = json.loads(file.read_text())["runs"]
    assert [run["parameters"]["workers"] for run in runs] == [1, 2]
    for run in runs:
        height = 20 * run["parameters"]["workers"]
        assert run["result"][:2] == list(mpi_heat.cooled(MPI.COMM_SELF, height, 20, 11)[:2])
        assert (run["measure"], run["unit"]) == ("points", "/µs")


def test_no_rank_is_without_a_row(demo, tmp_path):
    done = demo("mpi_heat", "--n", 4, "--steps", 20, "--json", tmp_path / "r.json", ranks=6)
    assert (done.returncode, done.stderr) == (0, "")
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["parameters"]["workers"] for run in runs] == [1, 2, 4]
    assert max(run["result"][2] for run in runs) < 1e-15
    with pytest.raises(CannotRun, match="4 rows are too few for 6 ranks: start fewer ranks, or take more"):
        heat.rows_of(0, 6, 4)


def test_another_field_of_the_same_plate_is_a_fault():
    def run(variant, workers, digest):
        return Run(variant, [2.0], parameters={"workers": workers}, result=(1600, digest, 0.0))

    runs = mpi_heat.explain([run("strong", 1, "abc"), run("weak", 1, "abc"), run("strong", 2, "abd")], 5000)
    first, rate = next(runs), next(runs)
    assert (first.values, first.measure, first.unit) == ([2.0], "time", "s")
    assert (rate.values, rate.measure, rate.unit) == ([4.0], "points", "/µs")
    with pytest.raises(WrongAnswer, match="the same plate became another field: abd, not abc"):
        next(runs)


def test_one_two_four_and_all_of_them():
    assert [mpi_heat.counts(workers) for workers in (1, 2, 3, 4, 6)] == [
        [1],
        [1, 2],
        [1, 2, 3],
        [1, 2, 4],
        [1, 2, 4, 6],
    ]
