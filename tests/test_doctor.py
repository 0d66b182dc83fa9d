"""make doctor finds what is broken: each check is sabotaged, and must tell, with the mend."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
import time

import compiling
import doctor
import present
import psutil
import pytest
import recordings
import watchdog
from conftest import ROOT
from doctor import Mend, Note
from test_interpreters import answers

DOCTOR = ROOT / "slides" / "doctor.py"
IMPORT_FAILS = "raise ImportError('sabotaged')"
LOSES_THE_LAST = """
__version__ = "0"
def njit(parallel): return lambda function: function
def prange(n): return range(n - 1)
"""
HANGS = """
import subprocess, sys, time
ignore = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(300)"
subprocess.Popen([sys.executable, "-c", ignore], start_new_session=True)
time.sleep(300)
"""


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Checks write where they are; CC and thread limits of a user must not decide."""
    monkeypatch.chdir(tmp_path)
    for name in ("CC", "OMP_NUM_THREADS", "PYTHON_GIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("UCX_NET_DEVICES", "lo")  # the check sets it: so it is taken back


@pytest.fixture
def no_programs(tmp_path, monkeypatch):
    """A PATH that holds nothing, and the folder where a test may put something."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """broken("numba", text): the checks' processes import this text for the module."""
    folder = tmp_path / "broken"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", str(folder))

    def break_(module, text):
        (folder / f"{module}.py").write_text(text)

    return break_


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def left(monkeypatch):
    """left(seconds): what this test's doctors started and is still there, after some time to end."""
    mark = watchdog.mark("TEST_RUN")
    for name, value in mark.items():
        monkeypatch.setenv(name, value)

    def look(seconds=0):
        end = time.monotonic() + seconds
        while True:
            found = [process.cmdline() for process in watchdog.marked(mark) if of_a_doctor(process)]
            if not found or time.monotonic() >= end:
                return found
            time.sleep(0.05)

    return look


def of_a_doctor(process):
    try:
        return "DOCTOR_RUN" in process.environ()
    except psutil.Error:
        return False


# --- the whole ---------------------------------------------------------------------------------------------


@pytest.mark.alone  # each check has a deadline
def test_every_check_has_a_line_and_the_exit_status_tells(tmp_path, left):
    home = tmp_path / "home"
    home.mkdir()
    before = set(doctor.BUILD.glob("*"))
    start = time.monotonic()
    environment = os.environ | {"HOME": str(home), "http_proxy": "http://127.0.0.1:9"}
    done = subprocess.run([sys.executable, DOCTOR], env=environment, capture_output=True, text=True)
    took = time.monotonic() - start
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert [name for _, name, _ in lines] == list(doctor.CHECKS), done.stdout + done.stderr
    assert {state for state, _, _ in lines} <= {"ok", "note", "MEND"}
    assert done.returncode == any(state == "MEND" for state, _, _ in lines), done.stdout
    assert all(("->" in text) == (state != "ok") for state, _, text in lines), (
        "a mend, exactly where one is due"
    )
    assert done.stderr == ""
    assert took < 60, "30 s on a machine of one's own"
    assert left(10) == []
    assert list(home.iterdir()) == []
    assert set(doctor.BUILD.glob("*")) == before
    if os.environ.get("CI"):
        assert done.returncode == 0, done.stdout


def test_an_unknown_check_is_refused_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["doctor.py", "plumbing"])
    assert doctor.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(left):
    command = f'"{sys.executable}" "{DOCTOR}" cores openmp numba | head -n 1'
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")
    assert left(10) == []


@pytest.mark.parametrize(
    ("check", "module", "text", "says"),
    [
        ("numba", "numba", LOSES_THE_LAST, "the answer is 406, not 435"),
        ("numba", "numba", IMPORT_FAILS, "sabotaged"),
        ("numba", "numba", "import os; os.abort()", "ended with status -6"),
        ("processes", "_multiprocessing", IMPORT_FAILS, "sabotaged"),
        ("cluster", "ipyparallel", IMPORT_FAILS, "sabotaged"),
        ("rise", "jupyterlab_rise", IMPORT_FAILS, "the server answers 404 to /rise/"),
        ("rise", "nbclassic", IMPORT_FAILS, "the server answers 404 to /nbclassic/"),
    ],
)
def test_a_broken_package_is_to_be_mended(check, module, text, says, broken, left, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "DEADLINE", 100.0)  # a test machine may be busy
    broken(module, text)
    assert doctor.examine([check]) == 1
    line = capsys.readouterr().out
    assert line.startswith(f"MEND  {check}"), line
    assert says in line
    assert line.endswith(f"->  {doctor.ANEW}\n")
    assert left(10) == []


def test_a_check_that_hangs_is_ended_with_all_it_started(broken, left, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "DEADLINE", 2.0)
    broken("numba", HANGS)
    assert doctor.examine(["numba", "browser"]) == 1
    assert "no answer within 2 s" in capsys.readouterr().out
    assert left(10) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_an_end_from_outside_leaves_nothing(number, status, broken, left):
    broken("numba", HANGS)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen([sys.executable, DOCTOR, "cores", "numba"], start_new_session=True, **pipes)
    assert "cores" in child.stdout.readline()
    while len(left()) < 2:  # the check and what it started
        time.sleep(0.05)
    if number == signal.SIGINT:
        os.killpg(child.pid, number)  # as the terminal does
    else:
        child.kill()
    _, words = child.communicate()
    assert child.returncode == status
    assert words == ("make doctor: interrupted\n" if number == signal.SIGINT else "")
    assert left(10) == []


# --- each check --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", ["compiler", "openmp", "numba", "processes", "mpi", "cluster"])
def test_each_check_compares_what_it_computes(check, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "FIRST_PRIMES", [1])
    monkeypatch.setattr(doctor, "SUM", 1)
    monkeypatch.setattr(doctor.math, "pi", 3)
    for name, value in present.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Mend) as mend:
        doctor.CHECKS[check]()
    assert re.fullmatch(r"the answer is .*, not (\[1\]|1|3)", mend.value.args[0])


def test_a_package_that_is_missing(monkeypatch):
    monkeypatch.setattr(doctor.setup, "lacking", lambda groups: ["it lacks numba"])
    with pytest.raises(Mend, match="it lacks numba"):
        doctor.python()


@pytest.mark.parametrize(
    ("usable", "load", "note"),
    [(2, 0.1, None), (2, None, None), (2, 1.9, "keeps the cores busy"), (1, 0.1, "two")],
)
def test_few_or_busy_cores_are_noted(usable, load, note, monkeypatch):
    found = {"usable": usable, "logical": 8, "affinity": 4, "quota": 1.5}
    monkeypatch.setattr(doctor, "cores", lambda: found)
    monkeypatch.setattr(doctor, "machine", lambda: {"load": load})
    if note is None:
        assert doctor.usable_cores().startswith("2 usable (8 in all, 4 by affinity, quota 1.5)")
    else:
        with pytest.raises(Note, match=note):
            doctor.usable_cores()


@pytest.mark.parametrize("check", [doctor.compiler, doctor.openmp])
def test_no_compiler(check, no_programs):
    with pytest.raises(Mend) as mend:
        check()
    assert mend.value.args == (
        f"no C compiler, {sysconfig.get_config_var('CC').split()[0]}",
        doctor.C_COMPILER,
    )


def test_a_compiler_that_fails_is_quoted(tmp_path, monkeypatch):
    broken_compiler = program(
        tmp_path / "cc", "echo 'fatal error: no assembler' >&2; echo stopped. >&2; exit 1"
    )
    monkeypatch.setenv("CC", str(broken_compiler))
    with pytest.raises(Mend, match="fatal error: no assembler"):
        doctor.compiler()


def test_no_headers(tmp_path, monkeypatch):
    said = "m.c:16:10: fatal error: Python.h: No such file or directory"
    monkeypatch.setenv("CC", str(program(tmp_path / "cc", f"echo '{said}' >&2; exit 1")))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mend) as mend:
        doctor.compiler()
    assert mend.value.args == ("no Python.h", compiling.HEADERS)


def test_a_compiler_without_openmp(tmp_path, monkeypatch):
    clang = program(tmp_path / "clang", "echo \"clang: error: unsupported option '-fopenmp'\" >&2; exit 1")
    monkeypatch.setenv("CC", str(clang))
    with pytest.raises(Mend, match="unsupported option '-fopenmp'") as mend:
        doctor.openmp()
    assert mend.value.args[1] == doctor.OPENMP_LIBRARY


def test_a_wrong_sum(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "CC", str(program(tmp_path / "cc", "printf '#!/bin/sh\\necho 434 2\\n' >sum; chmod +x sum"))
    )
    with pytest.raises(Mend, match="the answer is 434, not 435"):
        doctor.openmp()


def test_openmp_held_to_one_thread(monkeypatch):
    monkeypatch.setattr(doctor, "cores", lambda: {"usable": 2})
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with pytest.raises(Note, match="one thread only"):
        doctor.openmp()


def test_no_mpiexec(no_programs):
    with pytest.raises(Mend, match="no mpiexec"):
        doctor.mpi()


def test_the_mpiexec_of_another_mpi(no_programs):
    program(no_programs / "mpiexec", 'shift 2; exec "$@"')  # ranks that do not know of each other
    with pytest.raises(Mend, match="is of another MPI than mpi4py's MPICH"):
        doctor.mpi()


def test_a_browser_is_found_by_its_name(no_programs, monkeypatch):
    monkeypatch.setattr(doctor, "MAC_PROGRAMS", ())
    with pytest.raises(Mend) as mend:
        doctor.browser()
    assert mend.value.args == ("none found", doctor.BROWSER)
    program(no_programs / "firefox", "echo Mozilla Firefox 150.0.1")
    assert doctor.browser() == "firefox 150.0.1"


def test_a_free_threaded_python_is_wanted_but_not_needed(no_programs, monkeypatch):
    monkeypatch.setenv("PYENV_ROOT", str(no_programs))
    monkeypatch.setattr(doctor.interpreters, "of_uv", lambda: iter(()))
    with pytest.raises(Note) as note:
        doctor.free_threads()
    assert note.value.args[1] == "make free-threaded"
    there = {"build": "free-threaded", "executable": "/opt/python3.14t"}
    program(no_programs / "python3.14t", answers(gil=False, **there))
    assert doctor.free_threads() == "3.14.2, GIL off: /opt/python3.14t"
    program(no_programs / "python3.14t", answers(gil=True, **there))
    with pytest.raises(Mend, match="the answer is True, not False"):
        doctor.free_threads()


def test_a_run_without_a_recording_and_one_from_another_machine_are_found(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "cores", lambda: {"usable": 2})
    assert doctor.fallbacks().endswith("one for each run of the slides")
    monkeypatch.setattr(doctor, "cores", lambda: {"usable": 64})
    with pytest.raises(Note, match="this machine has 64"):
        doctor.fallbacks()
    monkeypatch.setattr(recordings, "FOLDER", tmp_path)
    with pytest.raises(Mend, match=r"no fresh one of \w+, \w+ and \d+ more"):
        doctor.fallbacks()


def test_an_emergency_deck_that_is_missing_or_old_is_noted(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(doctor, "SLIDES", tmp_path)
    monkeypatch.setattr(doctor, "TALK", tmp_path / "talk.html")
    (tmp_path / "10-part.ipynb").touch()
    with pytest.raises(Note, match="no emergency deck"):
        doctor.emergency()
    doctor.TALK.touch()
    os.utime(doctor.TALK, (1, 1))
    with pytest.raises(Note, match="older than the slides"):
        doctor.emergency()
    doctor.TALK.touch()
    assert doctor.emergency() == "talk.html"
