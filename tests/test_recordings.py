"""Recordings: complete, fresh, valid, made by running the demo; and what they are evidence for."""

import json
import math
import re
import shlex
from statistics import median

import harness
import plots
import pytest
import record
import recordings
import sources
from conftest import DEMOS, ROOT, skip_without_python
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
    run_line = sources.run_line(demo).split()
    if run_line[0] == "mpiexec" and "--workers" in words:  # they are mpiexec's
        place = words.index("--workers")
        _, run_line[run_line.index("-n") + 1] = words.pop(place), words.pop(place)
    assert sorted(taken["command"].split()) == sorted(run_line + words)
    assert file.with_suffix(".svg").read_text() == plots.draw(taken), "make record draws it anew"


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_no_recording_without_a_slide(file):
    names = {recordings.name(name, options) for name, options in record.runs()}
    assert file.stem in names, f"no slide runs it any more: git rm {file.relative_to(ROOT)}"


def shape(found):
    """What its numbers are of: the runs, of which a sweep may have fewer, and the lanes."""
    if any(item["interpreter"] for item in [*found["runs"], *found["lanes"]]):  # others may be here
        measures = {(run["measure"], run["unit"], *sorted(run["parameters"])) for run in found["runs"]}
        return measures, {lanes["kind"] for lanes in found["lanes"]}
    runs = {
        (run["variant"], run["measure"], run["unit"], *sorted(run["parameters"])) for run in found["runs"]
    }
    return runs, [
        (lanes["variant"], lanes["kind"], [re.sub(r"\d+", "N", name) for name in lanes["workers"]])
        for lanes in found["lanes"]  # which engine of several is killed, and has no lane, is chance
    ]


@pytest.mark.parametrize("file", sorted(CLASS.glob("*@*.json")), ids=lambda file: file.stem)
def test_its_command_still_gives_a_record_of_the_same_shape(file, tmp_path, demo):
    taken = read(file)  # without options test_contract.py does it
    options = shlex.split(taken["command"].split(".py", 1)[1])
    ranks = taken["parameters"]["workers"] if taken["command"].startswith("mpiexec") else None
    done = demo(taken["demo"], *options, "--quick", "--json", tmp_path / "again.json", ranks=ranks)
    skip_without_python(done.returncode, done.stderr)
    assert done.returncode == 0, done.stderr
    assert shape(read(tmp_path / "again.json")) == shape(taken)


# --- evidence for what the slides claim about speed


def lanes_of(name, **parameters):
    (found,) = [
        lanes
        for lanes in read(CLASS / f"{name}.json")["lanes"]
        if parameters.items() <= lanes["parameters"].items()
    ]
    return found


def at_a_time(name, **parameters):
    lanes = lanes_of(name, **parameters)
    spans = [span for worker in lanes["workers"].values() for span in worker]
    ran = [end - start for start, end, state in spans if lanes["kind"] == "assigned" or state == "ran"]
    return sum(ran) / lanes["window"]


def test_threads_ran_one_at_a_time():
    assert 0.9 < at_a_time("gil_lanes") < 1.01


def test_processes_ran_side_by_side():
    assert at_a_time("gil_lanes@mechanism=processes") > 1.9


def found(name, variant, measure="", **parameters):
    """The median of the one run of this variant with these parameters, and this measure if it is given."""
    (run,) = [
        run
        for run in read(CLASS / f"{name}.json")["runs"]
        if run["variant"] == variant
        and measure in (run["measure"], "")
        and parameters.items() <= run["parameters"].items()
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


# Processes


def test_processes_pay_for_many_samples_and_not_for_ten_thousand_in_all():
    few, many = (
        found("pi_pool", "processes", samples=n) / found("pi_pool", "sequential", samples=n)
        for n in (100, 100_000)
    )
    assert few > 2
    assert many < 0.75


def test_ten_times_the_samples_a_third_of_the_error():
    for n in (1, 10, 100, 1000, 10_000, 100_000):
        measured, expected = (found("pi_pool", variant, samples=n) for variant in ("measured", "expected"))
        assert measured == pytest.approx(expected, rel=0.1)


def test_a_generator_that_a_module_makes_is_the_same_in_every_forked_worker():
    assert found("pi_streams", "seeded_once") == found("pi_streams", "unseeded_once") == 1
    assert found("pi_streams", "module_random") == found("pi_streams", "one_a_task") == 8


def test_a_pool_is_faster_than_sequential_and_no_way_through_it_by_much():
    times = [found("primes_pool", way) for way in POOLS]
    assert min(times) < 0.85 * found("primes_pool", "sequential")
    assert max(times) < 1.5 * min(times)


POOLS = ("pool_map", "pool_imap", "pool_imap_unordered", "executor_map")


def test_imap_holds_what_nobody_has_taken_yet():
    def held(way, pause):
        return found("primes_memory", way, **{"ms of pause": pause})

    for pause in (0, 60):
        assert held("pool_map", pause) > 16
        assert held("pool_window", pause) < 10
    assert held("pool_imap", 0) < 10
    assert min(held("pool_imap", 60), held("executor_map", 60)) > 11


def test_more_processes_than_cores_gain_nothing():
    one, two, four, eight = (found("primes_workers", "processes", workers=n) for n in (1, 2, 4, 8))
    assert two < 0.75 * one
    assert four > 0.85 * two
    assert eight > 0.85 * two


def test_a_managers_queue_is_the_slowest_way_and_for_long_tasks_no_way_matters():
    def rate(way, numbers):
        return found("primes_queue", way, numbers=numbers)

    alone = rate("sequential", 1)
    assert rate("queue", 1) < alone
    assert rate("manager_queue", 1) < alone / 3
    assert rate("manager_queue", 1) < rate("queue", 1)
    for way in ("queue", "manager_queue", "pool_map", "pool_map_chunks"):
        assert rate(way, 120) > 1.4 * rate("sequential", 120)


def test_a_queue_with_a_limit_makes_the_producer_wait_and_takes_no_longer():
    runs = read(CLASS / "queue_backpressure.json")["runs"]

    def most(variant):
        return max(
            max(run["values"]) for run in runs if (run["variant"], run["measure"]) == (variant, "backlog")
        )

    assert most("no maxsize") > 40
    assert most("maxsize 10") <= 13
    assert found("queue_backpressure", "maxsize 10", "producer waited") > 0.4
    assert found("queue_backpressure", "no maxsize", "producer waited") < 0.2


def test_large_chunks_of_uneven_tasks_leave_a_worker_idle():
    assert at_a_time("chunksize_lanes", chunksize=1, tasks="ordered") > 1.8
    assert at_a_time("chunksize_lanes", chunksize=16, tasks="ordered") < 1.6
    assert at_a_time("chunksize_lanes", chunksize=16, tasks="shuffled") > 1.6


def test_spawn_pays_for_a_python_each_time_and_forkserver_once():
    fork, forkserver, spawn = (
        found("start_methods", method, child="next") for method in ("fork", "forkserver", "spawn")
    )
    assert spawn > 8 * fork
    assert forkserver < 0.6 * spawn
    assert found("start_methods", "forkserver", child="first") > 2 * forkserver


def test_in_a_notebook_a_new_python_does_not_know_the_cells():
    for way, outcome in {
        "fork": "works",
        "forkserver": "breaks",
        "spawn": "breaks",
        "spawn, Pool": "never ends",
        "spawn, a module's function": "works",
        "joblib (loky)": "works",
        "threads": "works",
    }.items():
        assert found("notebook_pool", way, outcome=outcome) > 0


def test_shared_memory_has_half_the_bandwidth_of_a_copy_and_arguments_less_than_a_third():
    copy, shared, arguments = (
        found("pickling_cost", way) for way in ("plain_copy", "copied_to_shared_memory", "pickled_arguments")
    )
    assert shared >= 0.5 * copy
    assert arguments < 0.34 * copy


def test_of_a_function_its_name_is_sent_and_of_a_lambda_nothing():
    assert found("pickling_errors", "a lambda", answer="error") == 0
    assert 0 < found("pickling_errors", "a module's function", answer="42") < 100


# Numba


def test_compiled_loops_are_as_fast_as_numpy_after_a_first_call():
    python, numpy, later = (
        found("numba_jit", way) for way in ("loops in Python", "NumPy", "@njit, later calls")
    )
    assert python > 50 * later
    assert 0.4 < later / numpy < 2.5
    compiles, loads = (
        found("numba_jit", way)
        for way in ("@njit, first call: compiles", "first call of the next run: loads")
    )
    assert compiles > python
    assert loads < 0.75 * compiles


def test_a_call_into_compiled_code_costs_more_than_it_saves_a_small_function():
    python, compiled, inside = (
        found("numba_dispatch", way, "two numbers") for way in ("Python", "@njit", "@njit, from @njit")
    )
    assert compiled > 1.4 * python
    assert inside < python / 10
    alone, threads = (
        found("numba_dispatch", way, "arrays of 8") for way in ("@njit", "@njit(parallel=True)")
    )
    assert threads > 2 * alone


def test_fused_loops_are_faster_on_one_thread_and_what_computes_scales():
    fused = found("numba_parallel", "@njit(parallel=True)", "memory", threads="1")
    for way in ("NumPy", "@njit"):
        assert fused > 1.5 * found("numba_parallel", way, "memory", threads="1")
    one, two = (
        found("numba_parallel", "@njit(parallel=True)", "computing", threads=threads) for threads in "12"
    )
    assert two >= 0.9 * 2 * one


def test_each_threading_layer_has_its_own_death():
    def answered(case):
        return found("numba_threading_layer", case)

    words = " ".join(read(CLASS / "numba_threading_layer.json")["attachments"][0]["alt"].split())
    assert answered("omp, threads") == answered("workqueue, fork") == 100
    assert answered("omp, fork") == 0
    assert answered("workqueue, threads") < 50
    assert "Concurrent access has been detected" in words
    assert "GNU OpenMP" in words


def test_a_picture_is_drawn_dozens_of_times_faster():
    python, compiled, threads = (
        found("numba_picture", way) for way in ("Python", "@njit", "@njit(parallel=True)")
    )
    assert compiled > 25 * python
    assert threads > 1.4 * compiled


def test_reductions_scale_and_their_last_digits_differ():
    for reduction, least in (("sum", 1.5), ("product", 1.4)):
        alone, shared = (
            found("numba_prange", way, "time", reduction=reduction) for way in ("range", "prange")
        )
        assert alone / shared > least
        errors = {
            way: found("numba_prange", way, "error", reduction=reduction) for way in ("range", "prange")
        }
        assert 0 < errors["range"] != errors["prange"] > 0


def test_elements_that_threads_share_lose_and_numbers_do_not():
    assert found("numba_race", "elements") > 1  # percent
    assert found("numba_race", "numbers") == found("numba_race", "row_a_thread") == 0


def test_compiled_code_keeps_the_gil_for_a_whole_call_unless_it_says_nogil():
    assert 0.9 < at_a_time("numba_nogil", nogil=False) < 1.02
    assert at_a_time("numba_nogil", nogil=True) > 1.7
    windows = [lanes_of("numba_nogil", nogil=nogil)["window"] for nogil in (True, False)]
    assert windows[0] < 0.65 * windows[1]


def test_two_threads_on_one_cache_line_are_slow_and_a_line_apart_they_are_not():
    def slower(distance):
        one, two = (
            found("false_sharing", threads, **{"bytes apart": distance})
            for threads in ("1 thread", "2 threads")
        )
        return two / one

    assert min(map(slower, (16, 32))) > 2.5
    assert max(map(slower, (64, 128, 256))) < 1.4


def test_a_pool_of_processes_with_many_blas_threads_each_is_slower_than_none():
    alone, many, limited = (
        found("oversubscription", way) for way in ("sequential", "processes", "processes_limited")
    )
    assert many < 0.95 * alone
    assert limited > 1.8 * many
    assert limited > 1.4 * alone


def test_joblib_pays_at_its_first_call_and_little_for_a_tiny_task_in_a_batch():
    first, later, alone = (
        found("joblib_loops", way, "time") for way in ("joblib_first_call", "joblib_processes", "sequential")
    )
    assert first > 1.7 * later
    assert first > 1.3 * alone
    batches = found("joblib_loops", "joblib_processes", "cost of a task")
    assert found("joblib_loops", "joblib_one_by_one", "cost of a task") > 2 * batches
    assert batches > 200 * found("joblib_loops", "sequential", "cost of a task")


def test_a_c_function_runs_without_the_gil_or_with_it_as_its_library_was_loaded():
    assert 0.9 < at_a_time("existing_c", library="PyDLL") < 1.02
    assert at_a_time("existing_c", library="CDLL") > 1.4
    windows = [lanes_of("existing_c", library=library)["window"] for library in ("PyDLL", "CDLL")]
    assert windows[0] > 1.3 * windows[1]


# --- Cython


def test_types_and_not_compiling_alone_make_cython_as_fast_as_c():
    python, untyped, typed, c = (
        found("cython_fib", way) for way in ("Python", "Cython without types", "Cython with types", "C")
    )
    assert 1.1 < python / untyped < 2
    assert python > 20 * typed
    assert typed < 1.25 * c
    (yellow,) = read(CLASS / "cython_fib.json")["attachments"]
    untyped_lines, typed_lines = yellow["alt"].split("def typed")
    assert "none" not in untyped_lines
    assert typed_lines.count("none") == 3


def test_prange_is_as_fast_as_openmp_in_c_and_without_the_flag_one_core_works():
    one, shared, c, silent = (
        found("cython_prange", way) for way in ("one thread", "prange", "C with OpenMP", "no OpenMP flag")
    )
    assert shared < 1.1 * c
    assert one / shared > 1.5
    assert 0.9 < one / silent < 1.1
    assert busy_cores("cython_prange", "prange") > 1.6
    assert 0.9 < busy_cores("cython_prange", "no OpenMP flag") < 1.1


def test_a_check_of_bounds_costs_little_alone_and_much_in_prange():
    alone = found("cython_boundscheck", "sequential")
    assert found("cython_boundscheck", "sequential with check") < 1.2 * alone
    assert found("cython_boundscheck", "prange") < 0.67 * alone
    assert found("cython_boundscheck", "prange with check") > 3 * alone


def test_static_leaves_a_thread_idle_where_iterations_grow():
    assert at_a_time("cython_threads", schedule="static") < 1.65
    assert at_a_time("cython_threads", schedule="dynamic") > 1.7
    assert all(lanes["parameters"]["got"] == 2 for lanes in read(CLASS / "cython_threads.json")["lanes"])


def test_cython_refuses_python_without_the_gil():
    assert found("cython_refusal", "print(i)", Cython="refuses") == 4
    assert found("cython_refusal", "with gil: print(i)", Cython="accepts") == 0
    assert found("cython_refusal", "may_raise(i)", Cython="warns") == 0
    words = read(CLASS / "cython_refusal.json")["attachments"][0]["alt"]
    assert "Calling gil-requiring function not allowed without gil" in words


def test_only_with_nogil_lets_go_of_the_gil():
    assert 0.9 < at_a_time("cython_nogil", function="declared_nogil") < 1.05
    assert at_a_time("cython_nogil", function="with_nogil") > 1.4
    assert 0.9 < at_a_time("cython_nogil", function="with_gil_inside") < 1.1
    window = lanes_of("cython_nogil", function="with_nogil")["window"]
    assert lanes_of("cython_nogil", function="declared_nogil")["window"] > 1.3 * window
    assert lanes_of("cython_nogil", function="with_gil_inside")["window"] > 1.2 * window


def test_a_void_function_without_noexcept_asks_for_the_gil_at_each_call():
    def ns(way, threads):
        return found("cython_noexcept", way, threads=threads)

    assert ns("void", "1") > 10 * ns("void_noexcept", "1")
    assert ns("int_except", "1") < 1.5 * ns("void_noexcept", "1")
    assert ns("void", "2") > 1.2 * ns("void", "1")
    assert ns("void_noexcept", "2") < 1.6 * ns("void_noexcept", "1")


def test_schedules_of_the_julia_set_reach_nine_tenths_and_static_idles_without_its_symmetry():
    alone = found("cython_julia", "sequential")
    for schedule in ("static,1", "static", "dynamic", "guided"):
        assert 1.8 <= alone / found("cython_julia", schedule) < 2.15
    assert at_a_time("cython_julia", schedule="static", rows="all") > 1.85
    assert at_a_time("cython_julia", schedule="static", rows="first half") < 1.5
    assert at_a_time("cython_julia", schedule="dynamic", rows="first half") > 1.85
    assert {run["result"] for run in read(CLASS / "cython_julia.json")["runs"]} == {0.237469}


def test_what_each_fault_of_2018_cost():
    def seconds(way):
        return found("cython_julia_faults", way, "time")

    assert found("cython_julia_faults", "no flag", "CPU/wall") < 1.05
    assert found("cython_julia_faults", "flag", "CPU/wall") > 1.8
    assert seconds("+ OpenMP flag") > 0.9 * seconds("as in 2018")  # on the CPU's clock
    assert seconds("+ wall clock") < 0.6 * seconds("+ OpenMP flag")
    assert seconds("+ dynamic schedule") <= 1.1 * seconds("same loop in C")
    assert seconds("C for 32 points at once") * 4 < seconds("same loop in C")


# --- part 60: MPI


def runs(name):
    return read(CLASS / f"{name}.json")["runs"]


def words(name):
    """Those of the picture that the demo made itself, without line breaks."""
    return " ".join(read(CLASS / f"{name}.json")["attachments"][0]["alt"].split())


def test_each_rank_has_a_memory_of_its_own_and_greetings_come_in_any_order():
    hello = runs("mpi_hello@workers=4")
    assert {run["parameters"]["x"] for run in hello} == {"100", "101", "102", "103"}
    assert len({run["parameters"]["process"] for run in hello}) == 4
    assert any(len(set(run["parameters"]["places"].split())) > 1 for run in hello)


def test_a_buffer_is_its_bytes_and_of_the_wrong_type_garbage():
    assert found("mpi_point_to_point", "array_as_buffer") == 40
    assert found("mpi_point_to_point", "array_as_object") > 3 * 40
    assert found("mpi_wrong_buffer", "3 integers") == found("mpi_wrong_buffer", "5 integers") == 3
    assert found("mpi_wrong_buffer", "3 floats") == 0
    assert found("mpi_wrong_buffer", "2 integers", **{"rank 1 has": "error"}) == 0
    assert "16 bytes received but buffer size is 24" in words("mpi_wrong_buffer")  # the other way round


def test_collectives_are_right_on_all_ranks_and_a_broadcast_into_memory_is_faster():
    for step in ("bcast", "scatter", "gather", "allgather", "reduce", "allreduce"):
        assert found("mpi_collectives@workers=4", step) == 4
    assert found("mpi_buffers", "bcast") > 4 * found("mpi_buffers", "Bcast")


def test_ranks_share_the_integration_and_pi_is_right():
    assert found("mpi_pi", "one_rank") > 1.6 * found("mpi_pi", "all_ranks")
    assert all(abs(run["result"] - math.pi) < 1e-12 for run in runs("mpi_pi"))


def test_a_buffer_from_python_is_nearly_as_fast_as_from_c():
    def us(way, size):
        return found("mpi_ping_pong", way, "latency", bytes=size)

    assert us("buffer", 8) < 1.6 * us("buffer_in_C", 8)  # two calls from Python, each 0.25 µs
    assert us("buffer", 2048) < 1.5 * us("buffer_in_C", 2048)
    assert us("buffer", 8 << 20) < 1.1 * us("buffer_in_C", 8 << 20)
    assert us("pickled", 8) > 4 * us("buffer", 8)
    assert us("out_of_band", 8) > us("pickled", 8)
    largest = 8 << 20
    assert us("pickled", largest) > 4 * us("buffer", largest)
    assert us("out_of_band", largest) < 0.5 * us("pickled", largest)


def test_a_shared_window_moves_nothing_and_without_fences_sums_are_wrong():
    assert found("mpi_shared_window", "shared_window", "moved") == 0
    assert found("mpi_shared_window", "messages", "time") > 1.5 * found(
        "mpi_shared_window", "shared_window", "time"
    )
    assert found("mpi_shared_window", "without_Fence", "wrong") > 0
    assert found("mpi_shared_window", "shared_window", "wrong") == 0


def test_two_blocking_sends_hang_from_some_size_on_and_the_mends_never():
    assert 1 <= found("mpi_deadlock", "send_then_receive", outcome="hangs") <= 64  # KiB
    assert found("mpi_deadlock", "send_and_receive", outcome="passes") == 1024
    assert found("mpi_deadlock", "nonblocking", outcome="passes") == 1024
    assert len(re.findall(r"rank [01] waits in line \d+: comm\.Send\(", words("mpi_deadlock"))) == 2


def test_an_exception_hangs_plain_and_aborts_under_mpi4py():
    assert found("mpi_crash", "python child.py", outcome="hangs") >= 1
    assert found("mpi_crash", "python -m mpi4py child.py", outcome="aborts") < 0.5
    assert found("mpi_crash", "python child.py, kill -9", outcome="aborts") < 0.5


def test_the_plate_is_the_same_on_two_ranks_in_half_the_time():
    one, two = (found("mpi_heat", "strong", workers=workers) for workers in (1, 2))
    assert one >= 1
    assert 0.85 <= one / two / 2 < 1.15
    assert len({run["result"][-2] for run in runs("mpi_heat")}) == 1
    assert all(run["result"][-1] < 1e-12 for run in runs("mpi_heat"))
    alone, together = (found("mpi_heat@scaling=weak", "weak", workers=workers) for workers in (1, 2))
    assert 1.7 < together / alone < 2.3


def test_the_rank_with_fewer_rows_waits():
    uneven = lanes_of("mpi_heat_lanes", cut="twice as many for rank 0")
    busy = {rank: sum(end - start for start, end, _ in spans) for rank, spans in uneven["workers"].items()}
    assert busy["rank 0"] > 1.5 * busy["rank 1"]


def test_ranks_started_from_a_plain_python_cost_tenths_of_a_second():
    assert found("mpi_spawn@workers=2", "spawned_without_work", "start") < 1.5
    assert found("mpi_spawn@workers=2", "spawned", "time") < found("mpi_spawn@workers=2", "alone", "time")
    assert found("mpi_pool@workers=2", "ranks", "start") > 4 * found(
        "mpi_pool@workers=2", "processes", "start"
    )
    sequential = found("mpi_pool@workers=2", "sequential", "time")
    assert sequential > 1.4 * found("mpi_pool@workers=2", "processes", "time")
    assert {run["result"] for run in runs("mpi_pool@workers=2") if run["measure"] == "time"} == {33860}


# --- part 70: ipyparallel


def test_a_load_balanced_view_leaves_no_engine_waiting_for_long():
    alone, cut, balanced = (
        found("ipp_load_balance", way) for way in ("sequential", "direct_view", "load_balanced_view")
    )
    assert alone / cut < 1.45
    assert balanced < 0.9 * cut
    direct = lanes_of("ipp_load_balance", view="direct_view")
    assert direct["workers"]["engine 0"][-1][1] < 0.5 * direct["window"]
    assert at_a_time("ipp_load_balance", view="direct_view") < 1.5
    assert at_a_time("ipp_load_balance", view="load_balanced_view") > 1.6


def test_a_task_costs_milliseconds_and_pays_when_it_is_long():
    def cost(way):
        return found("ipp_overhead", way, "cost of a task")

    def efficiency(way):
        return [
            median(run["values"])
            for run in runs("ipp_overhead")
            if (run["variant"], run["measure"]) == (way, "efficiency")
        ]

    assert 1 < cost("load_balanced") < 10  # ms
    assert cost("load_balanced_in_chunks") < 0.5 * cost("load_balanced")
    assert cost("multiprocessing_pool") < 0.1 * cost("load_balanced")
    assert max(efficiency("direct_calls")) <= 52
    assert efficiency("load_balanced")[2] < 50 < 54 < efficiency("load_balanced")[-1]
    assert efficiency("load_balanced_in_chunks")[-1] > 65


def test_a_killed_engine_is_told_of_and_retries_finish_the_work():
    def after(view, done, error):
        return found("ipp_survive", view, **{"tasks done": done, "error raised": error})

    assert after("load_balanced", "7 of 8", "EngineError") < 7
    assert 4.9 < after("with_retries", "8 of 8", "none") < 7
    assert after("direct", "4 of 8", "EngineError") < 2


def test_engines_that_are_ranks_answer_sooner_than_new_ranks():
    assert found("ipp_mpi", "mpiexec_each_time") > 4 * found("ipp_mpi", "engines_are_ranks")
    assert all(abs(pi - math.pi) < 1e-9 for run in runs("ipp_mpi") for pi in run["result"])


# --- part 80: without the GIL

FREE, LOCKED = "3.15t, GIL off", "3.15t, GIL on"


def test_the_same_script_has_full_lanes_without_the_gil_and_takes_turns_with_it():
    assert at_a_time("gil_lanes@python=free-threaded", python=FREE) > 1.9
    assert 0.9 < at_a_time("gil_lanes@python=free-threaded", python=LOCKED) < 1.05
    lanes = lanes_of("gil_lanes@python=free-threaded", python=FREE)
    assert "waiting" not in {state for spans in lanes["workers"].values() for _, _, state in spans}


def test_an_interpreter_has_a_gil_of_its_own():
    (lanes,) = read(CLASS / "subinterpreters.json")["lanes"]
    assert lanes["interpreter"]["gil"]
    assert at_a_time("subinterpreters") > 1.9


def test_each_python_shows_who_runs_side_by_side_on_it():
    """No lanes of threads overlap where there is a GIL; all others do."""
    lanes = read(CLASS / "gil_matrix.json")["lanes"]
    assert {len(lanes["workers"]) for lanes in lanes} == {2}
    pythons = {each["parameters"]["python"]: each["interpreter"] for each in lanes}
    assert {"3.9", "3.14", "3.14t, GIL off", "3.14t, GIL on", FREE, LOCKED} <= set(pythons)
    for each in lanes:
        spans = [span for worker in each["workers"].values() for span in worker if span[2] == "ran"]
        at_once = sum(end - start for start, end, _ in spans) / each["window"]
        if each["variant"] == "threads" and each["interpreter"]["gil"]:
            assert 0.9 < at_once < 1.05
        else:
            assert at_once > 1.85
    for run in runs("gil_matrix"):
        together = run["cpu_seconds"] / sum(run["values"])
        alone = run["variant"] == "sequential" or (run["variant"] == "threads" and run["interpreter"]["gil"])
        assert together < 1.1 if alone else together > 1.4, (run["variant"], run["parameters"])


def test_threads_gain_nothing_on_any_python_with_a_gil():
    ratios = {
        run["variant"]: (median(run["values"]), run["interpreter"])
        for run in runs("gil_history")
        if run["measure"] == "threads/sequential"
    }
    assert {"2.7", "3.6", "3.13", "3.14", "3.14t, GIL off", FREE} <= set(ratios)
    for name, (ratio, python) in ratios.items():
        assert 0.8 < ratio < 2.5 if python["gil"] else ratio < 0.8, name
    with_gil, without = (
        [ratio for ratio, python in ratios.values() if python["gil"] == gil] for gil in (1, 0)
    )
    assert max(without) < min(with_gil)
    assert ratios["2.7"][0] > sorted(with_gil)[-3]


def test_a_byte_waits_for_turns_since_the_new_gil_and_not_without_one():
    for run in runs("gil_history"):
        if run["measure"] == "round trip":
            waits = run["interpreter"]["gil"] and run["variant"] != "2.7"
            assert 3 < median(run["values"]) < 15 if waits else median(run["values"]) < 0.5, run["variant"]


def test_an_interpreter_starts_like_a_process():
    def start(what):
        return found("subinterpreter_cost", what, "start")

    assert start("subinterpreters") > 5 * start("threads")
    assert start("subinterpreters") > 2 * start("processes, forkserver")
    assert start("subinterpreters") > 4 * start("processes, fork")
    assert start("subinterpreters") < start("processes, spawn")


def test_a_memoryview_costs_an_interpreter_the_same_at_any_size_and_a_list_most():
    def trip(what, kb):
        return found("subinterpreter_cost", what, "there and back", kB=kb)

    view, in_bytes = "subinterpreters, memoryview", "subinterpreters, bytes"
    assert trip(view, 10_000) < 2 * trip(view, 1)
    assert 5 * trip(view, 10_000) < trip(in_bytes, 10_000) < 0.25 * trip("processes, bytes", 10_000)
    assert trip("subinterpreters, list", 100) > 4 * trip("processes, list", 100)


def test_numpy_cannot_be_loaded_in_a_subinterpreter_and_says_so():
    came = {run["variant"]: run["parameters"]["new interpreter"] for run in runs("subinterpreter_imports")}
    assert {came[module] for module in ("json", "decimal", "sqlite3", "ctypes")} == {"yes"}
    assert {came[module] for module in ("numpy", "numba", "zmq", "faulthandler")} == {"ImportError"}
    said = words("subinterpreter_imports")
    assert "numpy._core._multiarray_umath does not support loading in subinterpreters" in said


def test_what_the_deck_needs_keeps_the_gil_off_and_a_module_without_the_slot_does_not():
    came = {run["variant"]: run["parameters"]["GIL"] for run in runs("free_threaded_imports")}
    needed = ("numpy", "numba", "mpi4py.MPI", "zmq", "psutil", "Cython", "joblib", "ipyparallel", "with_slot")
    assert {came[module] for module in needed} == {"stays off"}
    assert came["without_slot"] == "switched on"
    assert "module 'without_slot'" in words("free_threaded_imports")


def test_without_a_gil_races_are_seen_and_locks_end_them():
    def lazy(way, python):
        return found("free_threaded_lazy", way, python=python)

    def wrong(what, python):
        return found("free_threaded_safety", what, python=python)

    assert lazy("without_lock", FREE) > 10
    assert wrong("plus_1", FREE) > 10
    assert wrong("shared_iterator", FREE) > 3
    assert wrong("append", FREE) == wrong("serialize_iterator", FREE) == 0
    assert lazy("with_lock", FREE) == lazy("thread_local", FREE) == 0
    assert lazy("without_lock", LOCKED) <= 3
    assert wrong("plus_1", LOCKED) == wrong("append", LOCKED) == 0


def test_the_build_costs_time_whether_its_gil_is_off_or_on():
    def time(name, work):
        return found("free_threaded_cost", name, "time", work=work)

    for work in ("attributes", "dict", "list"):
        assert 1.02 < time("3.14t, GIL off", work) / time("3.14", work) < 1.6
        assert 0.85 < time("3.14t, GIL off", work) / time("3.14t, GIL on", work) < 1.18


def test_small_objects_are_16_bytes_bigger_and_instances_are_not():
    def more(kind):
        return found("free_threaded_cost", "3.14t, GIL off", "memory", object=kind) - found(
            "free_threaded_cost", "3.14", "memory", object=kind
        )

    assert more("int") == more("str") == 16
    assert more("tuple") == more("dict") == more("instance") == 0
