"""mpi_heat_picture: the letters, and the same picture for every number of ranks but for the lines."""

import json

import mpi_heat_picture
import numpy as np
from mpi4py import MPI

LONG = ["--dot", "60"]


def test_the_plate_is_square_and_says_mpi():
    plate = mpi_heat_picture.letters(2)
    assert plate.shape == (36, 36)
    assert plate.sum() == 4 * sum(line.count("#") for line in mpi_heat_picture.LETTERS.split())
    signs = ["".join(".#"[int(dot)] for dot in row[2:-2]) for row in mpi_heat_picture.letters(1)[6:-7]]
    assert signs == mpi_heat_picture.LETTERS.split()


def test_heat_only_gets_lost_over_the_rim():
    fields = dict(mpi_heat_picture.melting(MPI.COMM_SELF, 3))
    assert list(fields) == mpi_heat_picture.SHOWN
    totals = [field.sum() for field in fields.values()]
    assert totals == sorted(totals, reverse=True)
    assert (fields[0] == mpi_heat_picture.letters(3)).all()


def test_a_line_is_where_a_rank_ends():
    class Three:
        size = 3

    pixels = mpi_heat_picture.pixels(Three(), [np.ones((36, 36))] * 2)
    assert pixels.shape == (36, 2 * 36 + 3 * 3)
    assert list(np.flatnonzero(pixels[:, 0] == 255)) == [12, 24]


def test_ranks_do_not_show(demo, tmp_path):
    heat = []
    for ranks in (1, 3):
        file = tmp_path / f"{ranks}.json"
        done = demo("mpi_heat_picture", "--quick", "--json", file, ranks=ranks)
        assert (done.returncode, done.stderr) == (0, "")
        record = json.loads(file.read_text())
        heat.append([(run["parameters"]["steps"], run["values"]) for run in record["runs"]])
        assert f"by {ranks} ranks" in record["attachments"][0]["alt"]
    assert heat[0] == heat[1]
    assert [steps for steps, _ in heat[0]] == mpi_heat_picture.SHOWN
