"""End everything that a demo, a kernel or a talk started, however its parent died.

Process groups do not suffice: MPI ranks and ipyparallel engines open sessions of their own, and a
killed kernel cannot clean up. So each run carries a mark in its environment, which every descendant
inherits, and a guard in a process of its own ends whatever carries it once the parent is gone.
"""

import contextlib
import os
import select
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from pathlib import Path

import psutil
from mpich_files import mapped

GRACE = 1.0  # seconds between TERM and KILL
LOADS = 1.0  # seconds, for a program to be loaded on a busy machine
KTHREADD = 2  # on Linux, the parent of the kernel's threads
TRACKER_GRACE = 1.5  # seconds for multiprocessing's resource tracker to unlink shared memory


def mark(name: str) -> dict[str, str]:
    """One entry for the environment, {name: an id of its own}; every descendant inherits it."""
    return {name: uuid.uuid4().hex}


def marked(mark: dict[str, str]) -> list[psutil.Process]:
    """The living processes that carry the mark, without this one."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # gone, or somebody else's
            carries = mark.items() <= environment(process).items()
            if carries and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def environment(process: psutil.Process) -> dict[str, str]:
    """Its variables. While Linux loads a program it has none, so such a one is asked again."""
    found = process.environ()
    deadline = time.monotonic() + LOADS
    while not found and is_loaded_now(process) and time.monotonic() < deadline:
        time.sleep(0.001)
        found = process.environ()
    return found  # type: ignore[no-any-return]  # psutil has no types


def is_loaded_now(process: psutil.Process) -> bool:
    """Without words, too, and no thread of the kernel. psutil.ZombieProcess: it is dead."""
    return sys.platform == "linux" and process.ppid() not in (0, KTHREADD) and not process.cmdline()


def end(mark: dict[str, str]) -> None:
    """End everything that carries the mark: TERM, a short grace, KILL until nothing is left.

    multiprocessing's resource tracker goes last: it unlinks shared memory when its clients are gone.
    """
    segments: set[Path] = set()
    deadline = None
    while found := marked(mark):
        trackers = [process for process in found if is_tracker(process)]
        others = [process for process in found if process not in trackers]
        segments |= mpi_segments(others)
        if not others:
            psutil.wait_procs(trackers, timeout=TRACKER_GRACE)
            send(trackers, "kill")
        elif deadline is None:  # the first round asks
            send(others, "terminate")
            deadline = time.monotonic() + GRACE
            psutil.wait_procs(others, timeout=GRACE)
        elif time.monotonic() < deadline:  # born while the others were being ended
            send(others, "terminate")
            psutil.wait_procs(others, timeout=deadline - time.monotonic())
        else:
            send(others, "kill")
            psutil.wait_procs(others, timeout=0.2)
    for segment in segments:
        segment.unlink(missing_ok=True)


def guard(mark: dict[str, str], *folders: str) -> subprocess.Popen[bytes]:
    """Start a process that ends everything that carries the mark once this process is dead.

    Then it removes the folders. Returns when it stands guard: no death is too early, and its start disturbs
    no measurement.
    """
    process = subprocess.Popen(
        [sys.executable, __file__, str(os.getpid()), *next(iter(mark.items())), *folders],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if name not in mark},
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def stand_guard(parent: int, mark: dict[str, str]) -> None:
    """Sleep until the parent is dead, then end what it left."""
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        if hasattr(os, "pidfd_open"):  # Linux: readable once it is dead, be it a zombie still
            death = os.pidfd_open(parent)
            tell()
            select.select([death], [], [])
        else:
            process = psutil.Process(parent)
            tell()
            process.wait()
    end(mark)


def tell() -> None:
    """That this process stands guard; a Ctrl-C may have ended who wants to hear it."""
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), b"on guard\n")


def alive(pid: int) -> bool:
    """Whether there is such a process and it is not dead already, waiting for its parent."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def is_tracker(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    return False


def mpi_segments(processes: Iterable[psutil.Process]) -> set[Path]:
    """MPICH's shared memory that these processes map."""
    found: set[Path] = set()
    for process in processes:
        with contextlib.suppress(OSError):  # gone, or somebody else's
            found |= mapped(process.pid)
    return found


def send(processes: Iterable[psutil.Process], signal: str) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            getattr(process, signal)()


if __name__ == "__main__":
    _, parent, name, identity, *folders = sys.argv
    stand_guard(int(parent), {name: identity})
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
