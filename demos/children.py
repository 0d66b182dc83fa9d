"""Ranks that a plain Python starts (Spawn, MPIPoolExecutor): all end with it, and it ends with them."""

from __future__ import annotations

import contextlib
import functools
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from _thread import interrupt_main
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mpi4py
import mpich_files
import psutil
import ranks  # noqa: F401  (nothing is left in shared memory)
import watchdog
from harness import IS_PROGRAM, RANKS, CannotRun, Run, ctrl_c_is_mine, leave_early, stay_on_this_machine
from launcher import search_path

mpi4py.rc.finalize = False  # at an early end it would wait for children that still work: see family()
stay_on_this_machine()
from mpi4py import MPI  # noqa: E402  (it starts with what is set above)

SESSION = "import os, sys; os.setsid(); os.execv(sys.argv[1], sys.argv[1:])"
LOOK = 0.05  # seconds between two looks for mpiexec
ENDED = threading.Event()
SOCKETS = socket.socketpair()


@contextlib.contextmanager
def family(blocked: bool = True) -> Iterator[None]:
    """Around a program's work with children: an early end is theirs too.

    While it is blocked in a call of MPI it runs no handler of Ctrl-C; but Python notes the signal in a socket
    at once, and a thread reads it. That is not for a program with other processes to end.
    """
    _, guard = guarded()
    if blocked and IS_PROGRAM:
        SOCKETS[1].setblocking(False)
        signal.set_wakeup_fd(SOCKETS[1].fileno())
        threading.Thread(target=leave, daemon=True).start()
    yield
    ENDED.set()
    MPI.Finalize()
    guard.kill()
    guard.wait()


def leave() -> None:
    """At a Ctrl-C; the children are ended by mpiexec and by the guard, but what they share must go first."""
    SOCKETS[0].recv(1)
    for child in watchdog.marked(guarded()[0]):
        with contextlib.suppress(OSError):  # it is gone
            mpich_files.forget(child.pid)
    leave_early()


@contextlib.contextmanager
def launcher() -> Iterator[None]:
    """Around what starts children: MPI finds mpiexec, which never sees Ctrl-C, and its end is noticed.

    When a child dies, mpiexec ends the others and its own process group: without a session of its own
    also this program, and the shell script or notebook that it is part of.
    """
    if MPI.Get_library_version().startswith("Open MPI") and RANKS is None:
        raise CannotRun("Open MPI starts no ranks from a plain Python, MPICH does: pip install mpich instead")
    path = os.environ["PATH"]
    real = shutil.which("mpiexec", path=path if "MPI4PY_LIBMPI" in os.environ else search_path())
    if not real:
        raise CannotRun("mpiexec is missing: pip install mpich")
    mark, _ = guarded()
    with tempfile.TemporaryDirectory(prefix="mpiexec-", ignore_cleanup_errors=True) as folder:
        script, words = Path(folder, "mpiexec"), shlex.join([sys.executable, "-c", SESSION, real])
        script.write_text(f'#!/bin/sh\nrm -r {shlex.quote(folder)}\nexec {words} "$@"\n')
        script.chmod(0o755)
        os.environ.update(mark, PATH=os.pathsep.join([folder, path]))
        try:
            with ctrl_c_is_mine():
                yield
        except MPI.Exception as error:
            raise CannotRun(f"MPI cannot start the ranks: {error}") from None
        finally:
            os.environ["PATH"] = path
            for name in mark:
                del os.environ[name]


@functools.cache
def guarded() -> tuple[dict[str, str], subprocess.Popen[bytes]]:
    """The mark of the children, and the guard that ends them after this process, however it ended."""
    mark = watchdog.mark("CHILDREN")
    threading.Thread(target=end_with_children, daemon=True).start()
    with ctrl_c_is_mine():  # not before the guard stands
        return mark, watchdog.guard(mark)


def end_with_children() -> None:
    """Where a child died MPI would wait for ever; mpiexec, which stays until the end, does not."""
    while not (found := mpiexecs()):
        time.sleep(LOOK)
    found[0].wait()
    if not ENDED.is_set():
        print(f"{os.path.basename(sys.argv[0])}: a child died, and all with it", file=sys.stderr, flush=True)
        if IS_PROGRAM:
            os._exit(2)
        interrupt_main()  # of a notebook's cell


def mpiexecs() -> list[psutil.Process]:
    """Those that this process started."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.name().startswith("mpiexec"):
                found.append(child)
    return found


def once(variant: Callable[..., Any], *args: Any) -> Run:
    """For compare(..., timed=once): a start is slow the first time; the CPU time is unknown here."""
    start = time.perf_counter()
    result = variant(*args)
    return Run(variant.__name__, [time.perf_counter() - start], result=result)
