"""gil_race: an update is lost where the bytecode says so, and nowhere else; never with a lock."""

import json
import sys
import threading
import xml.etree.ElementTree as ElementTree

import checkpoints
import gil_race
import pytest
import textpicture
from test_contract import interpreters

LONG = ["--attempts", "1000"]
COUNTS = [gil_race.plus_1, gil_race.plus_int_1, gil_race.with_lock]


@pytest.mark.parametrize("count", COUNTS)
def test_alone_nothing_is_lost(count):
    assert gil_race.lost(count, workers=1, updates=1000) == 0
    assert gil_race.counter == 1000


def test_all_threads_count_at_once():
    together = threading.Barrier(3, timeout=10)  # is passed only if three count at the same time
    seen = []

    def count(updates):
        seen.append(updates)
        together.wait()
        gil_race.counter += 1  # one of ten, under no pressure

    assert gil_race.lost(count, workers=3, updates=10) >= 27
    assert seen == [10, 10, 10]


@pytest.mark.parametrize(
    ("losses", "share", "attempts"), [([0, 0, 5], 25, "3 tries"), ([0, 0, 0, 0], 0, "4 tries")]
)
def test_a_race_is_repeated_until_an_update_is_lost(losses, share, attempts, monkeypatch):
    left = iter(losses)
    monkeypatch.setattr(gil_race, "lost", lambda *_: next(left))
    (row,) = gil_race.races([gil_race.plus_1], workers=2, updates=10, attempts=4)
    assert row == ("plus_1", [share], "lost", "%", {"attempts": attempts})
    assert list(left) == []


@pytest.mark.parametrize("version", ["this", "3.9", "3.10", "3.12", "3.13", "3.14"])
def test_updates_are_lost_where_the_bytecode_shows_a_race(version, demo, tmp_path):
    found = {"this": sys.executable} | interpreters()
    if version not in found:
        pytest.skip(f"no Python {version} found")
    options = ["--attempts", 8, "--workers", 3, "--json", tmp_path / "record.json"]
    done = demo("gil_race", *options, python=found[version])
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "record.json").read_text())
    lost = {run["variant"]: run["values"][0] for run in record["runs"]}
    (why,) = record["attachments"]
    assert max(map(len, why["alt"].splitlines())) <= 76  # fit the picture
    _, _, _, *rows = why["alt"].splitlines()
    columns = (
        "".join(row[: checkpoints.COLUMN] for row in rows),
        "".join(row[checkpoints.COLUMN :] for row in rows),
    )
    assert ["RACE" in column for column in columns] == [lost["plus_1"] > 0, lost["plus_int_1"] > 0]
    assert lost["plus_int_1"] > 0
    assert lost["with_lock"] == 0
    assert record["interpreter"]["version"] in why["alt"]


def test_the_bytecode_starts_where_the_counter_is_read_and_ends_with_the_jump_back():
    steps = list(checkpoints.marked("counter", gil_race.plus_int_1))
    assert steps[0].split()[:2] == ["LOAD_GLOBAL", "counter"]
    assert steps[-2].split()[:2] == ["STORE_GLOBAL", "counter"]
    assert steps[-1].startswith("JUMP")


def test_without_a_gil_there_is_a_race_at_each_step(monkeypatch):
    monkeypatch.setattr(checkpoints, "GIL", False)
    steps = list(checkpoints.marked("counter", gil_race.plus_1))
    assert [step.endswith("<- RACE") for step in steps] == [True] * (len(steps) - 2) + [False] * 2
    assert "has no GIL" in checkpoints.picture("counter", {"": gil_race.plus_1})[1]


def test_a_text_picture_shows_each_line_and_marks_what_stands_out():
    picture = textpicture.draw(["a < b", "  here <- RACE  there"], "<- RACE")
    shapes = ElementTree.fromstring(picture)
    lines = shapes.findall(".//{*}text")
    said = ["".join(line.itertext()) for line in lines]
    assert not any(" " in line for line in said)  # a page would run two of them together
    assert [line.replace("\N{NO-BREAK SPACE}", " ") for line in said] == ["a < b", "  here <- RACE  there"]
    assert [mark.text for mark in shapes.findall(".//{*}tspan")] == ["<-\N{NO-BREAK SPACE}RACE"]
    assert shapes.get("aria-label").split() == ["a", "<", "b", "here", "<-", "RACE", "there"]
