"""Recordings: complete, fresh, valid, made by running the demo; and what they are evidence for."""

import json
import sys

import harness
import plots
import pytest
import record
import recordings
import sources
from conftest import DEMOS, ROOT
from jsonschema import Draft202012Validator

CLASS = recordings.FOLDER / "linux-x86_64-2cores"  # the machines of continuous integration
FILES = sorted(recordings.FOLDER.glob("*/*.json"))
SCHEMA = Draft202012Validator(json.loads((DEMOS / "record.schema.json").read_text()))


def read(file):
    return json.loads(file.read_text())


@pytest.mark.parametrize(("name", "options"), record.runs(), ids=lambda value: str(value))
def test_every_run_of_the_slides_has_a_fresh_recording(name, options):
    file = CLASS / f"{recordings.name(name, options)}.json"
    assert file.exists(), f"make record DEMO={name}"
    assert recordings.fresh(read(file)), f"{file.name} is stale: make record DEMO={name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_recording_is_valid_and_is_what_its_name_says(file):
    taken = read(file)
    SCHEMA.validate(taken)
    assert taken["schema"] == harness.SCHEMA
    cores = taken["machine"]["cores"]["usable"]
    assert file.parent.name.endswith(f"-{cores}cores")
    demo, _, options = file.stem.partition("@")
    assert taken["demo"] == demo
    words = [word for option in filter(None, options.split(",")) for word in f"--{option}".split("=")]
    assert sorted(taken["command"].split()) == sorted(sources.run_line(demo).split() + words)
    assert file.with_suffix(".svg").read_text() == plots.draw(taken), "make record draws it anew"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_recording_without_a_slide(file):
    names = {recordings.name(name, options) for name, options in record.runs()}
    assert file.stem in names, f"no slide runs it any more: git rm {file.relative_to(ROOT)}"


@pytest.mark.parametrize("file", sorted(CLASS.glob("*.json")), ids=lambda file: file.stem)
def test_its_command_still_gives_a_record_of_the_same_shape(file, tmp_path, demo):
    taken = read(file)
    options = taken["command"].split(".py", 1)[1].split()
    done = demo(taken["demo"], *options, "--quick", "--json", tmp_path / "again.json", python=sys.executable)
    assert done.returncode == 0, done.stderr
    again = read(tmp_path / "again.json")

    def shape(found):
        runs = [
            (run["variant"], run["measure"], run["unit"], sorted(run["parameters"])) for run in found["runs"]
        ]
        return runs, [(lanes["variant"], lanes["kind"], list(lanes["workers"])) for lanes in found["lanes"]]

    assert shape(again) == shape(taken)


# --- evidence for what the slides claim about speed


def at_a_time(name):
    (lanes,) = read(CLASS / f"{name}.json")["lanes"]
    ran = [
        end - start for spans in lanes["workers"].values() for start, end, state in spans if state == "ran"
    ]
    return sum(ran) / lanes["window"]


def test_threads_ran_one_at_a_time():
    assert 0.9 < at_a_time("gil_lanes") < 1.01


def test_processes_ran_side_by_side():
    assert at_a_time("gil_lanes@mechanism=processes") > 1.9
