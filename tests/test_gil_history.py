"""gil_history: the same two measurements on every CPython from 2.7 on."""

import subprocess
import sys
from statistics import median

import gil_history
import pytest
from harness import CannotRun
from pythons import FOUND
from test_interpreters import answers, nowhere, program

LONG = ["--trips", "1000000"]
STARTS = 1  # the other Python; the busy thread is in it

__all__ = ["nowhere"]  # a fixture
OLD = [python for python in FOUND if python.release < (3, 9)]


def test_an_echo_waits_for_the_busy_thread_only_where_there_is_a_gil():
    for _, gil, command in modes():
        trips = gil_history.round_trips(command, 9)
        assert len(trips) == 9
        if not gil:
            assert median(trips) < 4  # an interval is 5 ms
        else:
            assert median(trips) > 1


def test_the_ratio_is_that_of_threads_to_sequential():
    """The countdown's length is heard, and each repeat gives a ratio."""
    for _, _, command in modes():
        ratios = gil_history.against_sequential(command, 50_000)
        assert len(ratios) == gil_history.REPEATS
        assert all(0.1 < ratio < 20 for ratio in ratios)


def modes():
    """Those of this Python."""
    (python,) = [each for each in FOUND if each.executable == sys.executable]
    return python.modes()


def test_the_kernel_counts_what_it_is_told():
    command = [sys.executable, gil_history.KERNEL, "countdown"]
    first, second = (
        subprocess.run([*command, n, "1"], capture_output=True, text=True, check=True)
        for n in ("1000", "1000000")
    )
    assert float(second.stdout.split()[0]) > 20 * float(first.stdout.split()[0])


@pytest.mark.skipif(not OLD, reason="there is no Python older than 3.9 here")
@pytest.mark.parametrize("python", OLD, ids=lambda python: python.short)
def test_it_runs_on_old_ones(python):
    (mode,) = python.modes()
    assert len(gil_history.against_sequential(mode[2], 1000)) == gil_history.REPEATS
    assert len(gil_history.round_trips(mode[2], 2)) == 2


def test_each_python_has_a_row_of_each_measure(nowhere, monkeypatch):
    monkeypatch.setenv("PYTHONS", program(nowhere / "x", answers(executable=sys.executable)))
    rows = list(gil_history.history(count=1000, trips=2))
    assert [measure for *_, measure, _ in rows] == ["threads/sequential", "round trip"]
    ((name, version),) = {(name, python["version"]) for python, name, *_ in rows}
    assert version.startswith(name)


def test_one_that_fails_is_named(nowhere, monkeypatch):
    text = f'case "$*" in *get_config_var*) {answers(executable=str(nowhere / "x"))};; *) exit 3;; esac'
    monkeypatch.setenv("PYTHONS", program(nowhere / "x", text))
    with pytest.raises(CannotRun, match=r"^3\.14: .*status 3"):
        list(gil_history.history(count=1000, trips=2))


def test_one_that_echoes_nothing_is_named(nowhere):
    with pytest.raises((EOFError, BrokenPipeError)):
        gil_history.round_trips([program(nowhere / "x", "exit 0")], 2)


def test_one_that_hangs_is_ended(nowhere, monkeypatch):
    monkeypatch.setattr(gil_history, "DEADLINE", 0.5)
    with pytest.raises(EOFError, match="no echo"):
        gil_history.round_trips([program(nowhere / "x", "exec /bin/sleep 60")], 2)
