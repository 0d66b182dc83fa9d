"""An ipyparallel cluster for a demo or a slide: usable within seconds, on this machine only, and gone after.

It has a profile of its own in a temporary folder. A guard (watchdog.py) ends controller and engines when
the process that started them is gone, however it died: each has a session of its own and would live on.
ipyparallel.Cluster() has no such guard, and starts the engines only when the controller is there.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import ipyparallel as ipp
import launcher
import watchdog
from harness import CannotRun, most_workers
from IPython import get_ipython
from machine import usable_cores

HERE = str(Path(__file__).resolve().parent)
BEATS = [  # an engine counts from its second heartbeat on: by default, after 3 to 6 s
    "--HeartMonitor.period=200",  # ms
    "--HeartMonitor.max_heartmonitor_misses=50",  # it may be silent for 10 s
]
PATIENCE = 60  # seconds, for engines on a busy machine
ANSWER = 5  # seconds, for a cluster that should be running
SOON = 0.02  # seconds
STARTED: list[contextlib.ExitStack] = []
CLIENT: list[ipp.Client] = []  # of what was started last


class Refused(CannotRun):
    """In a notebook it is one line, too."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def start(n: int | None = None, engines: str = "local", encrypted: bool = False) -> ipp.Client:
    """Start n engines, by default one a usable core, and connect to them; earlier ones end before.

    They end with this process, or by stop(). With engines="mpi" they are the ranks of one MPI world.
    Messages are signed, and encrypted where asked. In a notebook %%px runs a cell on all of them.
    """
    n = checked(n, engines)
    how_many = "1 engine" if n == 1 else f"{n} engines"
    print(f"Starting {how_many} ...", flush=True)
    stop()
    began = monotonic()
    stack = contextlib.ExitStack()
    STARTED.append(stack)
    try:
        client = stack.enter_context(running(n, engines, encrypted))
        CLIENT[:] = [client]
    except BaseException:
        stop()
        raise
    print(f"{how_many} after {monotonic() - began:.1f} s", flush=True)
    if shell := get_ipython():
        client.activate()
        shell.run_line_magic("pxconfig", "--progress-after=86400")  # a bar is a widget: not on every page
    return client


def engines(n: int = 2) -> ipp.Client:
    """Those that run, else n new ones: so each cell of a notebook runs alone, too."""
    return CLIENT[0] if CLIENT else start(n)


def stop() -> None:
    """End what start() started; it takes about a second."""
    with ctrl_c_later():  # an end that is cut short is none
        CLIENT.clear()
        while STARTED:
            STARTED.pop().close()


atexit.register(stop)  # later, at Python's very end, too little of it is left


@contextlib.contextmanager
def cluster(
    n: int, engines: str = "local", profile: str = "", encrypted: bool = False
) -> Iterator[ipp.Client]:
    """Engines for a with statement: start(n), or those of the cluster that runs under a profile's name."""
    if profile:
        if encrypted:
            raise Refused(f"the cluster of {profile!r} runs already: who started it decided on encryption")
        with joined(profile) as client:
            yield client
        return
    try:
        yield start(n, engines, encrypted)
    finally:
        stop()


@contextlib.contextmanager
def joined(profile: str) -> Iterator[ipp.Client]:
    """A client of a cluster that runs already; CannotRun where none does."""
    try:
        client = ipp.Client(profile=profile, timeout=ANSWER)
        client.wait_for_engines(1, timeout=ANSWER, interactive=False)
    except (OSError, TimeoutError, ipp.TimeoutError):
        how = f"ipcluster start --profile {profile} -n 2"
        raise Refused(f"no cluster runs under the profile {profile!r}: {how}") from None
    with client:
        yield client


@contextlib.contextmanager
def running(n: int, engines: str, encrypted: bool) -> Iterator[ipp.Client]:
    """A connected client, and at the end nothing that was started for it."""
    processes: list[subprocess.Popen[bytes]] = []
    with contextlib.ExitStack() as stack:
        with ctrl_c_later():  # what is started is noted
            folder, mark = Path(tempfile.mkdtemp(prefix="cluster-")), watchdog.mark("CLUSTER")
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.callback(end, mark, processes, watchdog.guard(mark, str(folder)))
            for command in commands(n, engines, encrypted, folder):
                processes.append(launch(command, mark, folder))
        wait_until(lambda: connection_is_ready(folder), processes, folder)
        file = str(folder / "security" / "ipcontroller-client.json")
        client = ipp.Client(file, ipython_dir=str(folder), timeout=PATIENCE)
        stack.callback(client.close)
        wait_until(lambda: len(client.ids) == n, processes, folder)
        if engines == "mpi":  # all have their shared memory now; without its name it ends with them
            for segment in watchdog.mpi_segments(watchdog.marked(mark)):
                segment.unlink(missing_ok=True)
        yield client


@contextlib.contextmanager
def ctrl_c_later() -> Iterator[None]:
    """A Ctrl-C comes at the end. It is not blocked: engines would inherit that, and %%px sends it to them."""
    late: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: late.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if late:
            signal.raise_signal(signal.SIGINT)


def commands(n: int, engines: str, encrypted: bool, folder: Path) -> list[list[str]]:
    """The controller's, and those that start the engines."""
    profile = f"--profile-dir={folder}"
    controller = ["ipyparallel.controller", profile, *BEATS, f"--IPController.enable_curve={encrypted}"]
    when_ready = [f"--IPEngine.url_file={folder / 'ready'}", f"--IPEngine.wait_for_url_file={PATIENCE}"]
    engine = [sys.executable, "-m", "ipyparallel.engine", profile, *when_ready]
    crew = [[mpiexec(), "-n", str(n), *engine, "--mpi"]] if engines == "mpi" else [engine] * n
    return [[sys.executable, "-m", *controller], *crew]


def launch(command: list[str], mark: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that carries the mark and reads no settings of the user's; its words go to a file."""
    own = {**mark, "IPYTHONDIR": str(folder), "PATH": launcher.search_path()}
    own["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))  # as ours
    if "MPI4PY_LIBMPI" not in os.environ:  # not for a site's own MPI
        own["UCX_NET_DEVICES"] = os.environ.get("UCX_NET_DEVICES", "lo")  # messages stay on this machine
    with (folder / "said").open("ab") as said:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**os.environ, **own},
            start_new_session=True,  # Ctrl-C is not for them
        )


def wait_until(holds: Callable[[], bool], processes: list[subprocess.Popen[bytes]], folder: Path) -> None:
    """Return when it holds; CannotRun with the last words when a process ends, or nothing comes for long."""
    deadline = monotonic() + PATIENCE
    while not holds():
        if monotonic() > deadline or any(process.poll() is not None for process in processes):
            *_, last = ["no answer", *(folder / "said").read_text(errors="replace").splitlines()]
            raise Refused(f"the engines did not start: {last}")
        sleep(SOON)


def connection_is_ready(folder: Path) -> bool:
    """Whether the controller has written all; then the engines, which wait for a file, see it whole."""
    written = folder / "security" / "ipcontroller-engine.json"
    with contextlib.suppress(OSError, ValueError):
        json.loads(written.read_text())
        os.link(written, folder / "ready")
        return True
    return False


def end(
    mark: dict[str, str], processes: list[subprocess.Popen[bytes]], guard: subprocess.Popen[bytes]
) -> None:
    """End all that carries the mark, and then the guard; leave no zombie."""
    watchdog.end(mark)
    guard.kill()
    for process in [*processes, guard]:
        process.communicate()


def checked(n: int | None, engines: str) -> int:
    """The number of engines; a slip of the finger must not start 10,000 processes."""
    if engines not in ("local", "mpi"):
        raise Refused(f"engines must be 'local' or 'mpi', not {engines!r}")
    most = most_workers()
    if n is None:
        return usable_cores()
    if not isinstance(n, int) or not 1 <= n <= most:
        raise Refused(f"the number of engines must be a whole number from 1 to {most}, not {n!r}")
    return n


def mpiexec() -> str:
    """launcher.mpiexec(), whose refusal is one line in a notebook, too."""
    try:
        return launcher.mpiexec()
    except CannotRun as error:
        raise Refused(str(error)) from None
