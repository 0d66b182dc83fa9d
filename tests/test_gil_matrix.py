"""gil_matrix: three mechanisms on every Python, each with lanes and with the same count of primes."""

import json
import sys

import gil_matrix
import pytest
from pythons import NEWEST

LONG = ["--limit", "3000000", "--window", "1000"]
PROCESSES = ["--python", "here"]
PRIMES = 1229  # below 10,000
CAN = [each for each in NEWEST if each.release >= (3, 9)]


@pytest.mark.parametrize("python", CAN, ids=lambda python: python.short)
def test_every_mechanism_that_it_has_and_one_count(demo, tmp_path, python):
    file = tmp_path / "record.json"
    done = demo("gil_matrix", "--quick", "--python", python.executable, "--json", file)
    assert done.returncode == 0, done.stderr
    record = json.loads(file.read_text())
    mechanisms = ["threads", *["subinterpreters"] * python.subinterpreters, "processes"]
    for name, gil, _ in python.modes():
        lanes = [each for each in record["lanes"] if each["parameters"]["python"] == name]
        runs = [each for each in record["runs"] if each["parameters"]["python"] == name]
        assert [each["variant"] for each in lanes] == mechanisms
        assert [each["variant"] for each in runs] == ["sequential", *mechanisms]
        assert {each["result"] for each in runs} == {PRIMES}
        assert all(each["interpreter"]["gil"] == gil for each in lanes + runs)
        threads, *others = lanes
        assert share(threads, "ran") < 1.1 if gil else share(threads, "waiting") == 0
        assert all(share(each, "waiting") == 0 for each in others if each["variant"] == "processes")


def share(picture, what):
    """The share of the window in which a worker ran, or waited for the GIL; all workers' together."""
    spans = [span for lane in picture["workers"].values() for span in lane]
    return sum(end - start for start, end, state in spans if state == what) / picture["window"]


def test_the_window_is_as_long_as_asked_for():
    for way, argument in gil_matrix.stamping(20.0):
        (start, end), lanes = way(2, argument)
        assert end - start == 20_000_000
        assert len(lanes) == 2


def test_what_this_python_has():
    names = ["threads", *["subinterpreters"] * (sys.version_info >= (3, 14)), "processes"]
    assert [each.__name__ for each in gil_matrix.WAYS] == names
    assert [each.__name__ for each, _ in gil_matrix.stamping(20.0)] == names
