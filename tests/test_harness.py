"""The harness: options, measuring, the record; and machine, sources, terminal beside it."""

import io
import json
import math
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import harness
import machine
import pytest
import sources
from conftest import DEMOS
from harness import Attachment, CannotRun, Lanes, Number, Run, compare, lanes, parse_args, record, sweep
from jsonschema import Draft202012Validator

DOC = "A claim.\n\nLook for: something.\n\n    $ python demos/gil_lanes.py --size 3\n"


@pytest.fixture(autouse=True)
def signals():
    """record() takes over Ctrl-C, as it may in a process of its own."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def args(*argv, **options):
    return parse_args(DOC, [*map(str, argv)], **options)


def taken(tmp_path, experiment, *argv, **options):
    """Record an experiment: its exit status and the record."""
    file = tmp_path / "record.json"
    status = record(args("--json", file, *argv, **options), experiment)
    return status, json.loads(file.read_text()) if file.exists() else None


# --- options


def test_defaults_quick_values_and_given_values():
    options = {"limit": (1000, 10), "speed": (2.5, 0.5), "workers": (None, 2), "kind": ["a", "b"]}
    assert args(**options).parameters == {
        "limit": 1000,
        "speed": 2.5,
        "workers": machine.usable_cores(),
        "kind": "a",
    }
    assert args("--quick", **options).parameters == {"limit": 10, "speed": 0.5, "workers": 2, "kind": "a"}
    given = args("--quick", "--limit", 7, "--kind", "b", "--workers", 3, **options).parameters
    assert given == {"limit": 7, "speed": 0.5, "workers": 3, "kind": "b"}


def test_the_command_is_the_run_line_plus_options_without_the_files(tmp_path):
    found = args("--limit", 7, "--json", tmp_path / "x", f"--plot={tmp_path / 'y'}", limit=(9, 1))
    assert found.command == "python demos/gil_lanes.py --size 3 --limit 7"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--limit", "0"], "--limit: must be a whole number above 0, not '0'"),
        (["--limit", "1.5"], "--limit: must be a whole number above 0, not '1.5'"),
        (["--speed", "nan"], "--speed: must be a number from 1 to 9, not 'nan'"),
        (["--speed", "10"], "--speed: must be a number from 1 to 9, not '10'"),
        (["--workers", "100000"], "--workers: must be a whole number from 1 to"),
        (["--kind", "c"], "--kind: invalid choice: 'c'"),
        (["--json", "/"], "--json: cannot write '/'"),
        (["--other"], "unrecognized arguments: --other"),
    ],
)
def test_bad_input_is_one_line_with_status_2(argv, words, capsys):
    numbers = {"limit": (9, 1), "speed": Number(2.0, least=1, most=9), "workers": (None, 2)}
    with pytest.raises(SystemExit) as stop:
        args(*argv, **numbers, kind=["a", "b"])
    assert stop.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert line.startswith("gil_lanes.py: ")


def test_a_docstring_without_a_run_line_is_refused():
    with pytest.raises(ValueError, match="no run line"):
        parse_args("A claim.", [])


# --- measuring


def slow(n):
    time.sleep(0.02 * n)
    return 42


def fast(n):
    time.sleep(0.01 * n)
    return 42


def busy(n):
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    return 42


def wrong(n):
    return 41


def test_compare_keeps_every_repeat_and_the_warm_up_apart():
    one, other = compare([slow, fast], 1)
    assert (one.variant, other.variant) == ("slow", "fast")
    for run in (one, other):
        assert len(run.values) == harness.REPEATS
        assert run.warm_up > 0.009
        assert run.result == 42
        assert (run.measure, run.unit) == ("time", "s")
    assert min(one.values) > max(0.02, min(other.values))


def test_a_long_call_is_measured_once(monkeypatch):
    monkeypatch.setattr(harness, "SHORT", 0.015)
    calls = []
    (run,) = compare([lambda: calls.append(1) or time.sleep(0.02)])
    assert len(calls) == len(run.values) == 1
    assert run.warm_up is None


def test_cpu_seconds_are_those_of_the_repeats():
    sleeping, working = compare([slow, busy], 1)
    assert sleeping.cpu_seconds < 0.5 * sum(sleeping.values)
    assert working.cpu_seconds == pytest.approx(0.05 * harness.REPEATS, rel=0.3)


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_cpu_seconds_include_ended_children(method):
    def child():
        process = multiprocessing.get_context(method).Process(target=busy, args=(1,))
        process.start()
        process.join()

    (run,) = compare([child])
    if method == "fork" or sys.platform == "linux":
        assert run.cpu_seconds >= 0.04 * harness.REPEATS
    else:  # who could say?
        assert run.cpu_seconds is None


def test_variants_that_disagree_are_an_error_not_a_row(tmp_path, capsys):
    status, written = taken(tmp_path, compare([slow, wrong], 1))
    assert (status, written) == (1, None)
    captured = capsys.readouterr()
    assert captured.err == "gil_lanes.py: wrong answered 41, slow 42\n"
    assert "wrong" not in captured.out


def test_same_decides_what_agrees():
    assert len(list(compare([lambda: 1.0, lambda: 1.0 + 1e-12], same=math.isclose))) == 2


def test_another_measure_keeps_the_variants_own_values():
    def latencies():
        return (ms for ms in [3.0, 1.0, 2.0])

    (run,) = compare([latencies], measure="latency", unit="ms")
    assert (run.values, run.measure, run.unit, run.warm_up) == ([3.0, 1.0, 2.0], "latency", "ms", None)


def test_sweep_measures_every_variant_at_every_value():
    def power(base, exponent, offset):
        return base**exponent + offset

    def again(base, exponent, offset):
        return base**exponent + offset

    runs = list(sweep([power, again], 2, exponent=[1, 3], offset=1))
    assert [(run.variant, run.parameters, run.result) for run in runs] == [
        ("power", {"exponent": 1, "offset": 1}, 3),
        ("again", {"exponent": 1, "offset": 1}, 3),
        ("power", {"exponent": 3, "offset": 1}, 9),
        ("again", {"exponent": 3, "offset": 1}, 9),
    ]


def test_in_rounds_the_values_take_turns_and_a_row_is_done_in_the_last(capsys):
    calls = []

    def job(offset, n):
        calls.append(n)
        return offset + n

    finished = [(run, len(calls)) for run in sweep([job], 10, n=[1, 2], rounds=3)]
    assert calls == [1, 2] * 4  # a warm-up and three rounds
    assert [at for _, at in finished] == [7, 8]
    for n, (run, _) in enumerate(finished, 1):
        assert (run.parameters, run.result, len(run.values)) == ({"n": n}, 10 + n, 3)
        assert run.warm_up > 0
        assert run.cpu_seconds is None
    assert capsys.readouterr().out == "3 rounds of job ...\n"


def test_in_rounds_every_answer_is_that_of_the_first():
    answers = [1, 2, 1, 3]

    def job(n):
        return answers.pop(0)

    with pytest.raises(harness.WrongAnswer, match="job answered 3, the first 2"):
        list(sweep([job], n=[1, 2], rounds=1))


def test_lanes_are_in_ms_from_the_window_s_start():
    def mechanism(offset):
        return (offset, offset + 4_000_000), {"w": [(offset + 1_000_000, offset + 2_500_000, "ran")]}

    (found,) = lanes(mechanism, 10**12)
    assert found == Lanes("mechanism", "ran", 4.0, {"w": [(1.0, 2.5, "ran")]})


# --- the record


def test_the_record_holds_every_kind_of_experiment_and_is_valid(tmp_path):
    other = {"name": "CPython", "version": "3.14.0", "build": "free-threaded", "gil": False}

    def experiment():
        yield Run("threads", [0.2, 0.1], parameters={"workers": 2}, cpu_seconds=0.3, result=[1, 2])
        yield Run("threads", [0.1], parameters={"workers": 4}, interpreter=other)
        yield Run("echo", [1.5], "latency", "ms")
        yield Lanes("pool", "assigned", 10.0, {"w 0": [(0.0, 5.0, "task 1")]}, interpreter=other)
        print("a line of the demo's own")
        yield Attachment("set", "A Julia set.", "<svg></svg>")

    status, written = taken(tmp_path, experiment(), "--limit", 7, limit=(9, 1))
    assert status == 0
    schema = json.loads((DEMOS / "record.schema.json").read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(written)
    assert [run["values"] for run in written["runs"]] == [[0.2, 0.1], [0.1], [1.5]]
    assert written["runs"][1]["interpreter"] == other
    assert written["lanes"][0]["workers"] == {"w 0": [[0.0, 5.0, "task 1"]]}
    assert written["attachments"] == [{"name": "set", "alt": "A Julia set.", "svg": "<svg></svg>"}]
    assert written["claim"] == "A claim."
    assert written["parameters"] == {"limit": 7}
    assert "a line of the demo's own" in [line for _, line in written["output"]]
    assert not list(tmp_path.glob("*.draft"))


def test_the_output_keeps_its_rhythm(tmp_path):
    def experiment():
        yield Run("a", [1.0])
        time.sleep(0.3)
        yield Run("b", [1.0])

    _, written = taken(tmp_path, experiment())
    times = {line.split()[-1]: second for second, line in written["output"]}
    assert 0.29 <= times["b"] - times["a"] < 3  # they are rounded


def test_rows_are_printed_as_they_finish(capsys, tmp_path):
    def experiment():
        yield Run("sequential", [1.0, 1.0], cpu_seconds=2.0)
        assert "sequential" in capsys.readouterr().out
        yield Run("threads", [0.5], cpu_seconds=1.0)

    assert taken(tmp_path, experiment())[0] == 0
    assert capsys.readouterr().out.split() == ["0.5", "s", "2.00", "2.00", "threads"]


def test_what_is_missing_is_one_line_with_status_2(tmp_path, capsys):
    def experiment():
        raise CannotRun("no C compiler: install gcc")
        yield

    assert taken(tmp_path, experiment()) == (2, None)
    assert capsys.readouterr().err == "gil_lanes.py: no C compiler: install gcc\n"


def test_a_killed_worker_of_a_pool_is_one_line_with_status_2(tmp_path, capsys):
    def experiment():
        with ProcessPoolExecutor(1) as pool:
            yield Run("a", [pool.submit(os._exit, 9).result()])

    assert taken(tmp_path, experiment()) == (2, None)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "gil_lanes.py: a worker was killed, perhaps for want of memory: use fewer --workers"
    )


def test_an_error_of_the_demo_s_own_is_not_hidden(tmp_path):
    def experiment():
        raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        taken(tmp_path, experiment())


def test_an_earlier_record_survives_a_failed_run(tmp_path):
    file = tmp_path / "record.json"
    file.write_text("earlier")
    record(args("--json", file), compare([slow, wrong], 1))
    assert file.read_text() == "earlier"


def test_a_stream_without_unicode_gets_ascii_and_the_record_the_original():
    raw, lines = io.BytesIO(), []
    stream = io.TextIOWrapper(raw, "ascii", newline="\n", write_through=True)
    print("█· ok", file=harness.Tee(stream, lines))
    assert raw.getvalue() == b"#- ok\n"
    assert [line for _, line in lines] == ["█· ok"]


# --- Ctrl-C


def test_after_the_record_ctrl_c_is_what_it_was(tmp_path):
    def handler(*_):
        raise AssertionError

    signal.signal(signal.SIGINT, handler)
    assert taken(tmp_path, [Run("a", [1.0])])[0] == 0
    assert signal.getsignal(signal.SIGINT) is handler


def test_ctrl_c_while_the_harness_is_imported_is_one_line(tmp_path):
    demos = shutil.copytree(DEMOS, tmp_path / "demos")
    (demos / "argparse.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(30)\n")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, demos / "gil_lanes.py"], **pipes) as child:
        assert child.stdout.readline() == "importing\n"
        child.send_signal(signal.SIGINT)
        assert child.communicate(timeout=20) == ("", "gil_lanes.py: interrupted\n")
    assert child.returncode == 130


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="this system cannot hold a signal back")
def test_a_ctrl_c_that_another_thread_got_waits_until_the_workers_are_started():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *_: seen.append("Ctrl-C"))
    try:
        with harness.ctrl_c_is_mine():
            harness.end_workers()  # as a thread of BLAS has it called
            assert seen == []
        assert seen == ["Ctrl-C"]
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
@pytest.mark.parametrize("where", ["__del__", "multiprocessing.synchronize", "llvmlite.binding", "callback"])
def test_a_ctrl_c_at_the_wrong_moment_comes_a_moment_later(where, tmp_path):
    """Where an exception would be lost, or leak: in each of these for a while, then outside."""
    demos = shutil.copytree(DEMOS, tmp_path / "demos")
    (demos / "script.py").write_text(WRONG_MOMENT)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, demos / "script.py", where], **pipes) as child:
        try:
            assert any(line == "now\n" for line in child.stdout)
            child.send_signal(signal.SIGINT)
            output, errors = child.communicate(timeout=30)
        finally:
            child.kill()
    assert errors == "script.py: interrupted\n"
    assert output == ("" if where == "callback" else "whole\n")
    assert child.returncode == 130


WRONG_MOMENT = """
import sys, time, weakref
from harness import parse_args, record

WORK = "print('now', flush=True); time.sleep(0.5); print('whole', flush=True)"
THING = f'''class Thing:
    def __init__(self):
        if at == "made": {WORK}
    def __del__(self):
        if at == "gone": {WORK}'''

def nothing(where):
    at = {"__del__": "gone", "callback": None}.get(where, "made")
    names = {"__name__": where, "time": time, "at": at}
    exec(THING, names)
    thing = names["Thing"]()
    watched = weakref.ref(thing, lambda _: exec(WORK)) if where == "callback" else None
    del thing
    time.sleep(30)
    yield

if __name__ == "__main__":
    where = sys.argv.pop()
    sys.exit(record(parse_args("    $ python demos/gil_lanes.py", []), nothing(where)))
"""


LOST_LOCK = """
import atexit, sys, threading, time
from harness import parse_args, record

def waits():
    lock = threading.Lock()
    lock.acquire()
    atexit.register(lock.acquire)  # as at the end of a queue whose lock a Ctrl-C left behind
    print("started", flush=True)
    yield time.sleep(20)

sys.exit(record(parse_args("    $ python demos/gil_lanes.py", []), waits()))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer for it")
def test_a_lock_that_a_ctrl_c_left_behind_is_not_waited_for_for_ever(tmp_path):
    demos = shutil.copytree(DEMOS, tmp_path / "demos")
    (demos / "script.py").write_text(LOST_LOCK)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, demos / "script.py"], **pipes) as child:
        try:
            assert any(line == "started\n" for line in child.stdout)
            child.send_signal(signal.SIGINT)
            assert child.communicate(timeout=15)[1] == "script.py: interrupted\n"
        finally:
            child.kill()
    assert child.returncode == 130


IDLE_POOL = """
import sys, time
from multiprocessing import Pool
from harness import ctrl_c_is_mine, parse_args, record

def sleeps():
    with ctrl_c_is_mine():
        pool = Pool(4)
    with pool:
        print("started", flush=True)
        yield pool.map(time.sleep, [20])

if __name__ == "__main__":
    sys.exit(record(parse_args("    $ python demos/gil_lanes.py", []), sleeps()))
"""


def test_ctrl_c_ends_a_pool_whose_workers_are_idle(tmp_path):
    (tmp_path / "script.py").write_text(IDLE_POOL)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    for _ in range(3):  # it may end by chance
        environment = os.environ | {"PYTHONPATH": str(DEMOS)}
        with subprocess.Popen([sys.executable, tmp_path / "script.py"], env=environment, **pipes) as child:
            try:
                assert any(line == "started\n" for line in child.stdout)
                time.sleep(0.5)  # the workers wait for tasks
                child.send_signal(signal.SIGINT)
                assert child.communicate(timeout=15)[1].endswith(": interrupted\n")
            finally:
                child.kill()
        assert child.returncode == 130


CHILD = """
import multiprocessing, signal, sys
from harness import ctrl_c_is_mine

def child(pipe):
    pipe.send(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))

if __name__ == "__main__":
    here, there = multiprocessing.Pipe()
    multiprocessing.set_start_method(sys.argv[1])
    crew = [multiprocessing.Process(target=child, args=(there,)) for _ in range(2)]
    with ctrl_c_is_mine():
        print("multiprocessing.resource_tracker" in sys.modules)
        for process in crew:
            process.start()
    for process in crew:
        process.join()
        print(here.recv())
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_no_process_sees_ctrl_c_and_the_tracker_runs_only_where_it_is_needed(method, tmp_path):
    (tmp_path / "script.py").write_text(CHILD)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", method],
        env=os.environ | {"PYTHONPATH": str(DEMOS)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split() == [str(method != "fork"), "True", "True"], done.stderr


# --- where and what


def test_the_machine_is_described_without_names_or_paths():
    import getpass
    import socket

    found = json.dumps(machine.machine())
    for private in (socket.gethostname(), os.path.expanduser("~")):
        assert private not in found
    assert f'"{getpass.getuser()}"' not in found


@pytest.mark.parametrize(
    ("files", "groups", "quota"),
    [
        ({"a/cpu.max": "150000 100000"}, "0::/a/b\n", 1.5),
        ({"a/cpu.max": "max 100000", "cpu.max": "400000 100000"}, "0::/a\n", 4.0),
        ({"a/cpu.max": "max 100000"}, "0::/a\n", None),
        ({"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/a\n", 0.5),
        ({"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/a\n", None),
        ({}, "0::/a\n", None),
    ],
)
def test_the_control_group_s_quota_is_read(files, groups, quota, tmp_path):
    for name, text in files.items():
        path = tmp_path / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "proc").write_text(groups)
    assert machine.cpu_quota(tmp_path / "proc", tmp_path / "cgroup") == quota


@pytest.mark.parametrize(
    ("affinity", "quota", "usable"), [(8, None, 8), (8, 1.5, 2), (8, 0.5, 1), (2, 4.0, 2)]
)
def test_usable_cores_obey_affinity_and_quota(affinity, quota, usable, monkeypatch):
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
    monkeypatch.setattr(machine, "cpu_quota", lambda: quota)
    assert machine.usable_cores() == usable


# --- the source


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "HERE", tmp_path)

    def write(**files):
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text)
        return sources.source_hash("demo")

    return write


def test_the_hash_ignores_docstrings_comments_and_blank_lines(scripts):
    plain = "import os\ndef f():\n    return '# no comment'\n"
    noisy = (
        '"""Wörds."""\n\nimport os  # why\n\n\ndef f():\n    """Wörds\n\n    more.\n    """\n'
        "    # über\n    return '# no comment'\n"
    )
    assert scripts(demo__py=plain) == scripts(demo__py=noisy)


@pytest.mark.parametrize(
    "changed", ["import os\ndef f():\n    return 2\n", "import os\ndef f():\n    return '# comment'\n"]
)
def test_the_hash_sees_code(scripts, changed):
    assert scripts(demo__py="import os\ndef f():\n    return '# no comment'\n") != scripts(demo__py=changed)


def test_the_hash_sees_kernels_child_scripts_and_compiled_sources_but_not_the_harness(scripts):
    files = {
        "demo__py": "from harness import record\nimport kernel\nCHILD = 'child.py'\nbuild('f.pyx')\n",
        "kernel__py": "from deeper import x\n",
        "deeper__py": "x = 1\n",
        "child__py": "y = 1\n",
        "f__pyx": 'cdef extern from "limit.c":\n    int z  # why\n',
        "limit__c": "int z = 1;\n",
        "harness__py": "a = 1\n",
    }
    before = scripts(**files)
    for name in ("kernel__py", "deeper__py", "child__py", "f__pyx", "limit__c"):
        assert scripts(**{**files, name: files[name] + "b = 2\n"}) != before, name
    assert scripts(**{**files, "f__pyx": "# cython: cdivision=True\n" + files["f__pyx"]}) != before
    assert scripts(**{**files, "f__pyx": files["f__pyx"].replace("why", "because")}) == before
    assert scripts(**{**files, "harness__py": "a = 2\n"}) == before


def test_a_demo_is_what_has_a_run_line():
    found = sources.demos()
    assert "gil_lanes" in found
    assert not {"harness", "plots", "stamps", "machine", "sources", "terminal"} & set(found)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("import no_such_thing.inside", "no_such_thing is missing: pip install no_such_thing"),
        ("import broken", "broken cannot be imported: it needs another version"),
    ],
)
def test_a_package_that_is_missing_is_one_line_and_status_2(line, says, tmp_path):
    (tmp_path / "broken.py").write_text("raise ImportError('it needs\\nanother version', name='broken')")
    (tmp_path / "demo.py").write_text(
        f"from harness import needs_packages\nwith needs_packages():\n    {line}"
    )
    done = subprocess.run(
        [sys.executable, tmp_path / "demo.py"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(DEMOS)},
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == f"demo.py: {says}\n"
