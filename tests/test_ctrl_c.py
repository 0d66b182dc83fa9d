"""Ctrl-C ends a demo and every child, with one line; the demos are found as in test_contract.py."""

import contextlib
import os
import re
import signal
import subprocess

import psutil
import pytest
import sources
import watchdog
from conftest import all_gone, left_in_memory, run_line, shared_memory, skip_without_python, until
from test_contract import all_but_every_third, declared, forced, texts, uses_processes

MARK = "CTRL_C_RUN"
METHODS = ["fork", "forkserver", "spawn"]
MPIEXEC = re.compile(r"\[mpiexec@.*\n")  # the launcher's own lines


def cases():
    """Each demo; by one method where it starts processes, and every third where it starts nothing.

    All others are in the sweep.
    """
    seldom = all_but_every_third(filter(is_alone, sources.demos()))
    for number, name in enumerate(sources.demos()):
        if not uses_processes(name):
            marks = [pytest.mark.sweep] if name in seldom else []
            yield pytest.param(None, name, marks=marks)
            continue
        for method in METHODS:
            marks = [] if method == METHODS[number % len(METHODS)] else [pytest.mark.sweep]
            yield pytest.param(method, name, marks=marks)


def is_alone(name):
    """Whether it is one process, without children of any kind."""
    if uses_processes(name):
        return False
    text = "".join(texts(name).values())
    return not re.search(r"subprocess|mpi4py|ipyparallel|joblib|cython", text)


@pytest.mark.parametrize(("method", "name"), list(cases()))
def test_ctrl_c_ends_it_and_every_child(name, method):
    command = [*forced(name, method), *declared(name, "PROCESSES")] if method else run_line(name)
    before, mark = shared_memory(), watchdog.mark(MARK)
    child = subprocess.Popen(
        [*command, *declared(name, "LONG")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | mark,
        start_new_session=True,
    )
    try:
        assert child.stdout.readline()  # unasked, since rows must come at once
        others = declared(name, "STARTS")
        there = until(lambda: started(mark) >= (2 if others is None else others) or child.poll() is not None)
        if child.poll() is not None:
            skip_without_python(child.returncode, child.stderr.read())
        assert there and child.poll() is None, "it did not start"
        os.killpg(child.pid, signal.SIGINT)  # as a terminal does: to all of them
        _, errors = child.communicate(timeout=8)  # a demo that ignores it would take ten
        gone = all_gone(mark)
    finally:
        watchdog.end(mark)
    killed = [9] * (command[0] == "mpiexec")  # which may tell of a rank that it killed, instead
    assert child.returncode in [130, *killed]
    assert MPIEXEC.sub("", errors) == f"{name}.py: interrupted\n"
    assert gone
    assert until(lambda: not left_in_memory(before), 5), left_in_memory(before)


def started(mark):
    """How many workers are there: threads or processes besides the demo itself."""
    threads = 0
    for process in watchdog.marked(mark):
        with contextlib.suppress(psutil.Error):
            threads += process.num_threads()
    return threads - 1
