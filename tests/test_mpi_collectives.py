"""mpi_collectives and holdings: who has what after each step, and the picture of it."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import holdings
import pytest
from conftest import DEMOS

mpi_collectives = pytest.importorskip("mpi_collectives", reason="mpi4py or its MPI is missing")
LONG = ["--times", "100000000"]

MOVED = """bcast: 10, –, – → 10, 10, 10
scatter: 10 20 30, –, – → 10, 20, 30
gather: 10, 20, 30 → 10 20 30, –, –
allgather: 10, 20, 30 → 10 20 30, 10 20 30, 10 20 30
reduce: 10, 20, 30 → 60, –, –
allreduce: 10, 20, 30 → 60, 60, 60"""


def test_who_has_what_on_three_ranks(demo, tmp_path):
    done = demo("mpi_collectives", "--times", 2, "--json", tmp_path / "r.json", ranks=3)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    assert {run["variant"]: run["values"] for run in record["runs"]} == {name: [3] for name in NAMES}
    where = [run["parameters"]["result on"] for run in record["runs"]]
    assert where == ["rank 0" if name in ("gather", "reduce") else "all ranks" for name in NAMES]
    (shown,) = record["attachments"]
    assert (shown["name"], shown["alt"]) == ("who holds what", MOVED)


NAMES = [line.partition(":")[0] for line in MOVED.splitlines()]


@pytest.mark.parametrize("size", [1, 2, 5])
def test_what_must_be_is_computed_without_mpi(size):
    must = mpi_collectives.by_hand(size)
    xs = [10 * rank + 10 for rank in range(size)]
    assert must["scatter"] == xs
    assert must["allgather"] == [xs for _ in xs]
    assert must["gather"][0] == xs
    assert must["reduce"][0] == sum(xs)
    assert must["allreduce"] == [sum(xs)] * size
    assert must["bcast"] == [10 for _ in xs]
    assert set(map(str, [*must["gather"][1:], *must["reduce"][1:]])) <= {"None"}
    assert {len(each) for each in must.values()} == {size}


class Mute:
    """A world of two where rank 1 gets nothing, ever; this is rank 0."""

    rank, size = 0, 2
    steps = 0

    def allgather(self, held):
        return [held, (None, None)] if isinstance(held, tuple) else [10, 20]

    def __getattr__(self, name):
        Mute.steps += 1
        return {"gather": lambda x: [10, 20], "allreduce": lambda x: 30, "reduce": lambda x: 30}.get(
            name, lambda x: 10
        )


@pytest.mark.parametrize("times", [1, 3])
def test_what_does_not_arrive_is_counted_and_each_step_is_taken_as_often_as_asked(times):
    Mute.steps = 0
    *rows, _ = mpi_collectives.moves(Mute(), times)
    right = {name: values for name, values, *_ in rows}
    assert right == {name: [2] if name in ("gather", "reduce") else [1] for name in NAMES}
    assert Mute.steps == times * (len(NAMES) - 1)  # allgather is not counted


# --- the picture


def texts(svg):
    return [each.text for each in ElementTree.fromstring(svg).iterfind(".//{*}text")]


def stripes(svg):
    """The values with the colours of their stripes."""
    rects = ElementTree.fromstring(svg).iterfind(".//{*}rect")
    return [(each[0].text, each.get("class")) for each in rects if each.get("class") != "panel"]


def test_a_value_keeps_the_colour_of_who_had_it_first():
    _, words, svg = holdings.picture([holdings.Step("gather", [10, 20, 30], [[10, 20, 30], None, 60])])
    assert words == "gather: 10, 20, 30 → 10 20 30, –, 60"
    colours = {"10": "series-1", "20": "series-2", "30": "series-3", "60": "ink"}
    assert stripes(svg) == [(value, colours[value]) for value in ("10", "10", "20", "30", "20", "30", "60")]
    assert " ".join(texts(svg)) == "rank gather 0 10 → 10 20 30 1 20 → – 2 30 → 60"


def test_of_many_ranks_the_first_three_and_the_last_are_shown():
    xs = [*range(10, 90, 10)]
    _, words, svg = holdings.picture([holdings.Step("allgather", xs, [xs] * 8)])
    few = "10 20 30 … 80"
    assert words == (
        f"allgather: 10, 20, 30, …, 80 → {few}, {few}, {few}, …, {few}\nOf 8 ranks the first 3 and the last."
    )
    assert texts(svg)[-1] == words.splitlines()[-1]
    assert [word for word in texts(svg) if word in ("3", "4", "5", "6", "40", "50", "60", "70")] == []


@pytest.mark.parametrize("size", [2, 3, 4, 5, 16, 128])
def test_nothing_is_cut_or_covered(size):
    must, xs = mpi_collectives.by_hand(size), [*range(10, 10 * size + 1, 10)]
    before = {"bcast": [10, *[None] * (size - 1)], "scatter": [xs, *[None] * (size - 1)]}
    steps = [holdings.Step(name, before.get(name, xs), must[name]) for name in NAMES]
    root = ElementTree.fromstring(holdings.picture(steps)[2])
    _, _, width, height = map(float, root.get("viewBox").split())
    places = [
        tuple(float(each.get(side)) for side in ("x", "y", "width", "height"))
        for each in root.iterfind(".//{*}rect")
        if each.get("class") == "panel"
    ]
    assert all(x + w <= width and y + h <= height for x, y, w, h in places)
    rows = {}
    for x, y, w, _ in sorted(places):
        assert x >= rows.get(y, 0)
        rows[y] = x + w


def test_without_mpi4py_one_line_says_so(tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ModuleNotFoundError('not here', name='mpi4py')")
    words, text = [sys.executable, DEMOS / "mpi_collectives.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == "mpi_collectives.py: mpi4py is missing: pip install mpi4py\n"
