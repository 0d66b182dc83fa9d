"""gil_heartbeat: the calls are what they say, and one that never lets go is a silence as long as itself."""

import hashlib
import itertools
import json
import sys
import time

import gil_heartbeat
import pytest
from test_gil_lanes import ATTEMPTS, free_cores, verdict

LONG = ["--size", "1000"]
CALLS = gil_heartbeat.calls(1)
LET_GO = ["time.sleep", "sha256, one piece", "zlib.compress"]
MADE_TO = ["Python loop", "sha256, 2,000 B each"]
NEVER = ["re.search", "sorted", "sum(range)", "3**n"]
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()


def test_every_call_is_of_one_of_three_kinds():
    assert list(CALLS) == LET_GO + MADE_TO + NEVER


def test_each_call_does_what_it_is_called():
    answers = {what: function(*arguments) for what, (function, arguments) in CALLS.items()}
    (numbers,) = CALLS["sorted"][1]
    (data,) = CALLS["sha256, one piece"][1]
    assert all(a <= b for a, b in itertools.pairwise(answers["sorted"]))
    assert len(answers["sorted"]) == len(numbers)
    assert numbers != answers["sorted"]  # or there is nothing to sort
    assert answers["sum(range)"] == 70_000 * 69_999 // 2
    assert answers["3**n"] % 1_000_003 == pow(3, CALLS["3**n"][1][1], 1_000_003)
    assert answers["re.search"] is None  # it has to look at all of it
    assert answers["sha256, one piece"].hexdigest() == hashlib.sha256(data).hexdigest()
    assert len(answers["zlib.compress"]) < 0.1 * len(CALLS["zlib.compress"][1][0])


def test_the_pieces_are_below_the_size_from_which_hashlib_lets_go(monkeypatch):
    pieces = []
    monkeypatch.setattr(gil_heartbeat.hashlib, "sha256", pieces.append)
    function, arguments = gil_heartbeat.calls(1)["sha256, 2,000 B each"]
    function(*arguments)
    assert set(map(len, pieces)) == {2000}  # documented: it lets go of the GIL above 2047 bytes
    assert len(pieces) == arguments[-1] > 100
    assert len(CALLS["sha256, one piece"][1][0]) > 1_000_000


@pytest.mark.parametrize("what", CALLS)
def test_a_greater_size_is_more_work(what):
    def work(size):
        """The size of what the call is given."""
        last = gil_heartbeat.calls(size)[what][1][-1]
        return last if isinstance(last, (int, float)) else len(last)

    assert work(6) == pytest.approx(6 * work(1))


def test_the_silence_is_the_longest_of_the_call_and_not_of_a_neighbour():
    took, silence = gil_heartbeat.listen(time.sleep, (0.05,))
    assert took >= 50
    assert silence >= 1  # no beat comes sooner


@pytest.mark.skipif(not GIL, reason="no GIL to let go of")
@pytest.mark.parametrize("what", NEVER)
def test_a_call_that_never_lets_go_is_a_silence_as_long_as_itself(what):
    took, silence = gil_heartbeat.listen(*gil_heartbeat.calls(50)[what])
    assert silence > 0.9 * took  # on any load; when it is done, it may let go before its answer is freed


@pytest.mark.parametrize("what", LET_GO + MADE_TO)
def test_beside_all_others_the_heart_beats_on(what):
    seen = []
    for _ in range(ATTEMPTS):
        free, (took, silence) = free_cores(), gil_heartbeat.listen(*gil_heartbeat.calls(100)[what])
        seen.append((round(free, 2), round(took, 1), round(silence, 1)))
        if silence < 0.4 * took:
            return
    verdict(f"(share of a core, ms of the call, ms of silence) {seen}", seen)


@pytest.mark.skipif(not GIL, reason="no GIL to let go of")
@pytest.mark.parametrize("what", MADE_TO)
def test_python_code_is_made_to_let_go_after_the_switch_interval(what):
    before, call = sys.getswitchinterval(), gil_heartbeat.calls(100)[what]
    try:
        sys.setswitchinterval(0.03)
        _, silence = gil_heartbeat.listen(*call)
    finally:
        sys.setswitchinterval(before)
    assert silence > 25  # on any load: nobody asks earlier


def test_each_row_says_how_long_the_call_took(demo, tmp_path):
    done = demo("gil_heartbeat", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [run["variant"] for run in runs] == list(CALLS)
    for run in runs:
        assert (run["measure"], run["unit"], len(run["values"])) == ("silence", "ms", gil_heartbeat.REPEATS)
        assert run["parameters"]["call"].endswith(" ms")
        assert run["parameters"]["call"] in done.stdout
