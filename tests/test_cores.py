"""cores: everybody is asked, as they are and pinned; who is missing says so, and nobody is left behind."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cores
import pytest
import watchdog
from conftest import all_gone, until

LONG = []  # it takes a second or two, after it has started some twenty processes
PROCESSES = []
PINNABLE = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
MINE = "import os; print(len(os.sched_getaffinity(0)))"


@pytest.fixture
def asked(demo, tmp_path):
    """Run the demo: {name: (at first, in the end)}, and the lines that it printed."""

    def call(**environment):
        done = demo("cores", "--json", tmp_path / "r.json", env={**os.environ, **environment})
        assert (done.returncode, done.stderr) == (0, "")
        runs = json.loads((tmp_path / "r.json").read_text())["runs"]
        assert {(run["measure"], run["unit"]) for run in runs} == {("believes", "core(s)")}
        pairs = {run["variant"]: (run["parameters"].get("at first"), *run["values"]) for run in runs}
        return pairs, done.stdout.splitlines()

    return call


@pytest.fixture
def ask(monkeypatch):
    """ask_all() with other questions: what it yields."""

    def call(**questions):
        monkeypatch.setattr(cores, "QUESTIONS", questions)
        return list(cores.ask_all())

    return call


@PINNABLE
def test_they_say_what_the_system_says(asked):
    found, lines = asked()
    processors = len(re.findall(r"^processor\s*:", Path("/proc/cpuinfo").read_text(), re.M))
    mine = subprocess.check_output(["nproc"], text=True, env={"PATH": os.environ["PATH"]}).strip()
    assert found["os.cpu_count()"] == (f"{processors} →", processors)
    assert found["os.sched_getaffinity()"] == (f"{mine} →", 1)
    assert found["these demos (affinity, quota)"][1] == found["numba"][1] == found["NumPy's BLAS"][1] == 1
    fooled = [name for name, (_, number) in found.items() if number > 1]
    assert lines[-1] == f"Pinned to one, but counting more: {', '.join(fooled) or 'nobody'}"
    assert set(found) | {line.partition(":")[0] for line in lines} >= set(cores.QUESTIONS)


@PINNABLE
def test_a_setting_of_the_user_is_heard(asked):
    found, _ = asked(NUMBA_NUM_THREADS="3", OPENBLAS_NUM_THREADS="1", SLURM_CPUS_PER_TASK="3")
    assert found["numba"] == ("3 →", 3)
    assert found["NumPy's BLAS"] == ("1 →", 1)
    assert found["SLURM_CPUS_PER_TASK"] == ("3 →", 3)


@PINNABLE
def test_pinned_from_the_start(demo):
    other = max(os.sched_getaffinity(0))
    pin = f"import os, sys; os.sched_setaffinity(0, [{other}]); os.execv(sys.executable, sys.orig_argv[3:])"
    command = [sys.executable, "-c", pin, sys.executable, cores.__file__]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ +1 → +1 core\(s\)  os.sched_getaffinity\(\)$", done.stdout, re.M)


def test_mpiexec_starts_what_it_starts_without_n(asked):
    if not shutil.which("mpiexec"):
        pytest.skip("there is no mpiexec")
    started = subprocess.check_output(["mpiexec", "echo", "one"], text=True, stdin=subprocess.DEVNULL)
    found, _ = asked()
    assert found["mpiexec without -n"][0] == f"{started.count('one')} →"


@PINNABLE
def test_the_pool_is_as_large_as_its_default():
    with subprocess.Popen([sys.executable, "-c", cores.QUESTIONS["Pool()"]], stdout=subprocess.PIPE) as child:
        said = int(child.stdout.read())
    mine = len(os.sched_getaffinity(0))  # since Python 3.13
    assert said == (mine if sys.version_info >= (3, 13) else os.cpu_count())


@PINNABLE
def test_what_is_asked_is_asked_twice_and_several_numbers_are_added(ask):
    before = os.sched_getaffinity(0)
    assert ask(mine=MINE, ranks="print(1); print(2.5); print('1 warning')") == [
        ("mine", [1], {"at first": f"{len(before)} →"}),
        ("ranks", [3.5], {"at first": "3.5 →"}),
    ]
    assert os.sched_getaffinity(0) == before


def test_who_has_no_answer_says_why(ask, capsys):
    assert ask(absent="import no_such_package", mute="pass", words="exit('no limit')") == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:4] == [
        "absent: No module named 'no_such_package'",
        "mute: no answer",
        "words: no limit",
    ]


def test_without_affinity_each_is_asked_once(ask, capsys, monkeypatch):
    monkeypatch.setattr(cores, "PINS", [""])
    assert ask(three="print(3)") == [("three", [3], {})]
    assert "no pinning" in capsys.readouterr().out


def test_who_hangs_is_ended_with_all_that_it_started(ask, capsys, monkeypatch):
    monkeypatch.setattr(cores, "DEADLINE", 1)
    mark = watchdog.mark("CORES_TEST")
    monkeypatch.setattr(cores, "WHERE", {"env": {**cores.WHERE["env"], **mark}})
    pool = "from multiprocessing import Pool; pool = Pool(2); import time; time.sleep(100)"
    start = time.monotonic()
    try:
        assert ask(hangs=pool) == []
        assert all_gone(mark)
    finally:
        watchdog.end(mark)
    assert time.monotonic() - start < 50
    assert "hangs: no answer in 1 s" in capsys.readouterr().out


def test_leaving_early_leaves_nobody_behind(monkeypatch):
    mark = watchdog.mark("CORES_TEST")
    monkeypatch.setattr(cores, "QUESTIONS", {"quick": "print(1)", "slow": "import time; time.sleep(100)"})
    monkeypatch.setattr(cores, "WHERE", {"env": {**cores.WHERE["env"], **mark}})
    try:
        answers = cores.ask_all()
        assert next(answers)[0] == "quick"
        assert until(lambda: watchdog.marked(mark))
        answers.close()
        assert all_gone(mark)
    finally:
        watchdog.end(mark)
