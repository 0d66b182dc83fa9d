"""An ipyparallel cluster for a demo or a slide: usable within seconds, on this machine only, and gone after.

It has a profile of its own in a temporary folder. A guard (watchdog.py) ends controller and engines when
the process that started them is gone, however it died: each has a session of its own and would live on.
"""

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import ipyparallel as ipp
import watchdog
from harness import CannotRun, ctrl_c_is_mine

BINARIES = str(Path(sys.executable).parent)  # of this environment: mpiexec
HEARTBEAT = "--HeartMonitor.period=500"  # ms; an engine counts from its second beat on, by default after 6 s
PATIENCE = 60  # seconds, for engines on a busy machine
QUIET = logging.Logger("cluster")  # the launchers', who print an engine's whole log when it is stopped
QUIET.addHandler(logging.NullHandler())
STARTED: list[contextlib.ExitStack] = []


def start(n: int, engines: str = "local", encrypted: bool = False) -> ipp.Client:
    """Start n engines ("local" or "mpi") and connect to them; they end with this process, or by stop().

    With engines="mpi" they are the ranks of one MPI world. Messages are signed, and encrypted where asked.
    """
    print(f"Starting {n} engines ...", flush=True)
    began = perf_counter()
    stack = contextlib.ExitStack()
    STARTED.append(stack)
    try:
        client = stack.enter_context(running(n, engines, encrypted))
    except BaseException:
        stop()
        raise
    print(f"{n} engines after {perf_counter() - began:.1f} s", flush=True)
    return client


def stop() -> None:
    """End what start() started."""
    while STARTED:
        STARTED.pop().close()


@contextlib.contextmanager
def cluster(
    n: int, engines: str = "local", profile: str = "", encrypted: bool = False
) -> Iterator[ipp.Client]:
    """Engines for a with statement: start(n), or those of the cluster that runs under a profile's name."""
    if profile:
        with joined(profile) as client:
            yield client
        return
    try:
        yield start(n, engines, encrypted)
    finally:
        stop()


@contextlib.contextmanager
def running(n: int, engines: str, encrypted: bool) -> Iterator[ipp.Client]:
    """A connected client, and at the end nothing that was started for it."""
    folder, mark = tempfile.mkdtemp(prefix="cluster-"), watchdog.mark("CLUSTER")
    guard = watchdog.guard(mark, folder)
    options = [HEARTBEAT, f"--IPController.enable_curve={encrypted}"]
    client = None
    try:
        new = ipp.Cluster(
            n=n,
            engines=engines,
            profile_dir=folder,
            controller_args=options,
            shutdown_atexit=False,
            log=QUIET,
        )
        with environment(**mark, **for_mpi(engines)), ctrl_c_is_mine():
            new.start_cluster_sync()
            client = new.connect_client_sync()
            client.wait_for_engines(n, timeout=PATIENCE, interactive=False)
        yield client
        new.stop_cluster_sync()
    finally:
        if client:
            client.close()
        watchdog.end(mark)
        guard.kill()
        guard.wait()
        shutil.rmtree(folder, ignore_errors=True)


def for_mpi(engines: str) -> dict[str, str]:
    """What mpiexec needs: itself on the path; and its messages stay on this machine."""
    path = os.pathsep.join([BINARIES, os.environ["PATH"]])
    if engines == "mpi" and not shutil.which("mpiexec", path=path):
        raise CannotRun("mpiexec is missing: pip install mpich")
    return {"PATH": path, "UCX_NET_DEVICES": os.environ.get("UCX_NET_DEVICES", "lo")}


@contextlib.contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Environment variables for the processes that are started inside."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextlib.contextmanager
def joined(profile: str) -> Iterator[ipp.Client]:
    """A client of a cluster that runs already; CannotRun where none does."""
    try:
        client = ipp.Client(profile=profile, timeout=5)
        client.wait_for_engines(1, timeout=5, interactive=False)
    except (OSError, TimeoutError, ipp.TimeoutError):
        how = f"ipcluster start --profile {profile} -n 2"
        raise CannotRun(f"no cluster runs under the profile {profile!r}: {how}") from None
    with client:
        yield client
