"""gil_async: the same answers everywhere; the heart is silent where the loop is stopped, and only there."""

import asyncio
import json
import sys
import threading

import gil_async
import pytest

LONG = ["--ms", "1000"]
PROCESSES = []
MS = 200
ATTEMPTS = 5  # a busy neighbour may keep any heart from beating


@pytest.fixture
def heard(demo, tmp_path):
    """Run the demo: {(call, place): run}."""

    def call(*options):
        done = demo("gil_async", *options, "--json", tmp_path / "record.json")
        assert done.returncode == 0, done.stderr
        runs = json.loads((tmp_path / "record.json").read_text())["runs"]
        return {(run["parameters"]["call"], run["variant"]): run for run in runs}

    return call


def test_every_call_is_made_at_every_place_with_one_answer(heard):
    runs = heard("--quick")
    calls, places = ["sleep", "loop", "c_sum"], ["in_the_loop", "in_a_thread", "in_a_process"]
    assert list(runs) == [(call, place) for call in calls for place in places]
    steps = 70_000 * 5
    right = {"sleep": None, "loop": 0.005, "c_sum": steps * (steps - 1) // 2}
    assert {key: run["result"] for key, run in runs.items()} == {key: right[key[0]] for key in runs}
    assert all(len(run["values"]) == gil_async.REPEATS for run in runs.values())


def test_the_silence_is_the_call_where_the_loop_is_stopped_and_short_where_it_is_not(heard):
    seen = []
    for _ in range(ATTEMPTS):
        runs = heard("--ms", MS)
        assert min(runs["sleep", "in_the_loop"]["values"]) >= MS
        least = {key: min(run["values"]) for key, run in runs.items()}
        short = [("sleep", "in_a_thread"), *((call, "in_a_process") for call in ("sleep", "loop", "c_sum"))]
        long = [(call, "in_the_loop") for call in ("loop", "c_sum")]
        if getattr(sys, "_is_gil_enabled", lambda: True)():
            long.append(("c_sum", "in_a_thread"))
            short.append(("loop", "in_a_thread"))
        if max(least[key] for key in short) < 0.5 * min(least[key] for key in long):
            return
        seen.append(least)
    pytest.fail(f"the shortest silences: {seen}")


def test_each_place_is_what_it_says():
    def where():
        return threading.current_thread() is threading.main_thread()

    async def ask(place):
        return await place(lambda _: where(), 0, None)

    assert asyncio.run(ask(gil_async.in_the_loop)) is True
    assert asyncio.run(ask(gil_async.in_a_thread)) is False
