"""mpi_heat_lanes: each rank's steps, one after the other, and all rows have a rank."""

import json
from itertools import chain, pairwise

import mpi_heat_lanes

LONG = ["--steps", "1000", "--n", "4000"]


def test_each_cut_gives_every_row_to_one_rank():
    for cut in mpi_heat_lanes.CUTS.values():
        for size in (2, 3, 5):
            rows = [list(cut(rank, size, 60)) for rank in range(size)]
            assert sorted(chain(*rows)) == list(range(60))
    assert [len(mpi_heat_lanes.more_for_rank_0(rank, 3, 60)) for rank in range(3)] == [30, 15, 15]


def test_each_rank_has_its_steps_and_none_begins_before_its_neighbour_is_ready(demo, tmp_path):
    file = tmp_path / "record.json"
    done = demo("mpi_heat_lanes", "--n", 200, "--steps", 5, "--json", file, ranks=3)
    assert (done.returncode, done.stderr) == (0, "")
    lanes = json.loads(file.read_text())["lanes"]
    assert [picture["parameters"]["cut"] for picture in lanes] == list(mpi_heat_lanes.CUTS)
    for picture in lanes:
        assert list(picture["workers"]) == ["rank 0", "rank 1", "rank 2"]
        spans = list(picture["workers"].values())
        for mine in spans:
            assert [state for *_, state in mine] == [f"step {number}" for number in range(5)]
            assert all(end <= start for (_, end, _), (start, *_) in pairwise(mine))
        for one, other in pairwise(spans):
            for number in range(1, 5):  # its neighbour's step before is done
                assert one[number][0] >= other[number - 1][1] - 0.001
                assert other[number][0] >= one[number - 1][1] - 0.001
