"""Recordings: complete, fresh, valid, made by running the demo; and what they are evidence for."""

import json
import sys
from statistics import median

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
        runs = {  # a sweep may have fewer steps
            (run["variant"], run["measure"], run["unit"], *sorted(run["parameters"])) for run in found["runs"]
        }
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


def found(name, variant, **parameters):
    """The median of the one run of this variant with these parameters."""
    (run,) = [
        run
        for run in read(CLASS / f"{name}.json")["runs"]
        if run["variant"] == variant and parameters.items() <= run["parameters"].items()
    ]
    return median(run["values"])


def busy_cores(name, variant):
    """CPU seconds per second by the clock."""
    (run,) = [run for run in read(CLASS / f"{name}.json")["runs"] if run["variant"] == variant]
    return run["cpu_seconds"] / sum(run["values"])


def test_computing_threads_gain_nothing_and_processes_do():
    alone = found("gil_cpu_bound@workers=2", "sequential")
    assert 0.85 < found("gil_cpu_bound@workers=2", "threads") / alone < 1.5
    assert found("gil_cpu_bound@workers=2", "processes") / alone < 0.67
    assert busy_cores("gil_cpu_bound@workers=2", "threads") < 1.1
    assert busy_cores("gil_cpu_bound@workers=2", "processes") > 1.6


def test_twenty_that_wait_get_more_than_ten_times_as_many_replies():
    alone = found("gil_io_bound", "sequential")
    assert 14 < alone < 17
    for way in ("threads", "coroutines"):
        assert 12 < found("gil_io_bound", way) / alone < 20


def test_only_a_process_keeps_an_event_loop_from_silence_whatever_is_called():
    for call in ("sleep", "loop", "c_sum"):
        whole = found("gil_async", "in_the_loop", call=call)
        assert whole > 50
        assert found("gil_async", "in_a_process", call=call) < whole / 10
    assert found("gil_async", "in_a_thread", call="sleep") < 5
    assert found("gil_async", "in_a_thread", call="loop") < 15
    assert found("gil_async", "in_a_thread", call="c_sum") > 50


def convoy(interval, busy):
    return found("gil_convoy", f"{interval} ms interval", **{"busy threads": busy})


def test_one_busy_thread_makes_an_echo_wait_for_a_switch_interval():
    for interval in (20, 5, 0.5):
        alone, beside = (convoy(interval, busy) for busy in (0, 1))
        assert alone < 0.1
        assert 0.7 * interval < beside < 2 * interval
        assert convoy(interval, 2) > beside
    assert convoy(5, 1) > 50 * convoy(5, 0)


def test_three_kinds_of_calls():
    for lets_go in ("time.sleep", "sha256, one piece", "zlib.compress"):
        assert found("gil_heartbeat", lets_go) < 3
    for is_made_to in ("Python loop", "sha256, 2,000 B each"):
        assert 4 < found("gil_heartbeat", is_made_to) < 20
    for never_does in ("re.search", "sorted", "sum(range)", "3**n"):
        assert found("gil_heartbeat", never_does) > 50


def test_a_profiler_sees_who_holds_the_gil():
    assert found("gil_profile", "sha256") < 5
    assert found("gil_profile", "sort") > found("gil_profile", "python_loop") > 10


def test_updates_are_lost_at_the_call_and_nowhere_else():
    assert found("gil_race", "plus_int_1") > 2.5  # percent of 400,000: ten thousand
    assert found("gil_race", "plus_1") == found("gil_race", "with_lock") == 0


def test_the_opposite_order_never_ends():
    assert found("gil_deadlock", "opposite_order") < found("gil_deadlock", "one_order") == 20


def test_a_cpu_clock_sees_no_speedup_and_neighbours_blur_it():
    (wall, by_cpu) = (
        found("measure_noise", "sequential", setting=clock) / found("measure_noise", "threads", setting=clock)
        for clock in ("as it is", "CPU clock")
    )
    assert wall > 1.4
    assert by_cpu < 1.1
    assert found("measure_noise", "sequential", setting="neighbours") > 1.3 * found(
        "measure_noise", "sequential", setting="as it is"
    )


def test_more_work_gains_more_from_workers_than_the_same_work():
    assert found("amdahl_fit", "known", workers=1) > 1.2 * found("amdahl_fit", "known", workers=2)
    strong, weak = (
        found("gustafson_fit", variant, workers=2) / found("gustafson_fit", variant, workers=1)
        for variant in ("strong", "weak")
    )
    assert 1.1 < strong < weak < 2.05


def test_some_still_count_all_cores_when_pinned_to_one():
    counted = {run["variant"]: median(run["values"]) for run in read(CLASS / "cores.json")["runs"]}
    assert counted["os.cpu_count()"] == counted["ipyparallel"] == 2
    assert counted["os.sched_getaffinity()"] == counted["NumPy's BLAS"] == counted["numba"] == 1


def test_what_stays_in_the_cache_gains_more_than_what_streams_through_memory():
    cache, memory = (
        found("memory_bandwidth", kernel, workers=2) / found("memory_bandwidth", kernel, workers=1)
        for kernel in ("roots", "triad")
    )
    assert cache > 1.7
    assert memory < 1.5
