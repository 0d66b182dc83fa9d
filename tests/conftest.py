"""What every test file may use: where things are, a browser, leftovers."""

import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import sources
import watchdog
from machine import usable_cores

try:
    import fcntl
except ImportError:  # Windows: one process
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"
SLIDES = ROOT / "slides"

# A reader's settings must not change what a test sees.
for name in (
    "REPLAY",
    "CLASSIC",
    "DEMO",
    "TALK",
    "PARTS",
    "FRESH",
    "DECK_EXPORT",
    "DECK_SETTINGS",
    "PYTHONUNBUFFERED",
):
    os.environ.pop(name, None)

# What the environment brings, such as mpiexec and py-spy, is found as in an active one.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# ... nor a test leave something in a reader's home.
CACHE = ROOT / "build" / "cache"
IPYTHON = CACHE / "ipython"
IPYTHON.mkdir(parents=True, exist_ok=True)
os.environ["IPYTHONDIR"] = str(IPYTHON)
os.environ["CYTHON_CACHE_DIR"] = str(CACHE / "cython")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


PATIENCE = 60.0  # seconds; there are two cores, and other tests run beside these


def until(holds, seconds=PATIENCE):
    """Wait a while until something holds; whether it does."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def all_gone(mark):
    """Whether nothing that carries the mark lives; what ends by itself may do so a moment later."""
    return until(lambda: not watchdog.marked(mark), 2)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def files(folder):
    """All files below a folder, with what is in them."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def git_status():
    return subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True)


def shared_memory():
    folder = Path("/dev/shm")
    return set(folder.iterdir()) if folder.exists() else set()


def left_in_memory(before):
    """Shared memory that is there now and was not before, and that no living process has."""
    used, left = set(), set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):  # gone, or somebody else's
            used |= {line.split()[4] for line in maps.read_text().splitlines() if "/dev/shm/" in line}
    for file in shared_memory() - before:
        with suppress(FileNotFoundError):
            if str(file.stat().st_ino) not in used and not psutil.pid_exists(owner(file)):
                left.add(file)
    return left


def owner(folder):
    """The process that joblib names a folder after; -1 where there is none."""
    found = re.match(r"joblib_memmapping_folder_(\d+)_", folder.name)
    return int(found[1]) if found else -1


# --- in several processes, as make test does ---------------------------------------------------------------

# The tests of a file stay in one process, in their order; those of a file BY_DEMO only if of one demo. A test
# that would notice others, because it needs two free cores or all of build/, is marked alone. These come
# last, in one process, since each makes the others wait.

PROCESSES = 4  # at most: more would wait for the longest file
BY_DEMO = ("test_contract.py", "test_ctrl_c.py")
IN_PROCESSES = "PYTEST_XDIST_WORKER" in os.environ
ALONE = CACHE / "alone"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    return min(usable_cores(), PROCESSES) if fcntl else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadFileScheduling

    class ByFileOrDemo(LoadFileScheduling):
        def _split_scope(self, nodeid):
            if nodeid in alone_ones():
                return "alone"
            file = super()._split_scope(nodeid)
            demo = re.search(r"(\w+)\]$", nodeid) if file.endswith(BY_DEMO) else None
            return f"{file} {len(demo[1]) % PROCESSES}" if demo else file

    return ByFileOrDemo(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """The longest files first, so that at the end no process waits long for another; what is alone, last."""
    if IN_PROCESSES:
        browsing = {item.path for item in items if "browser" in item.fixturenames}
        items.sort(key=lambda item: (alone(item), item.path.name not in BY_DEMO, item.path not in browsing))
        own = ALONE.with_suffix(f".{os.getpid()}")
        own.write_text("\n".join(item.nodeid for item in items if alone(item)))
        own.replace(ALONE)  # all processes write the same


@functools.cache
def alone_ones():
    """Their names, as the processes found them; which of these does what is decided in yet another one."""
    return set(ALONE.read_text().split("\n"))


def alone(item):
    """Whether no other test may run meanwhile: it is marked, or asks whether cores are free."""
    return bool(item.get_closest_marker("alone")) or "free_cores" in item.function.__code__.co_names


@pytest.hookimpl(wrapper=True, tryfirst=True)  # a test's timeout begins when it may run
def pytest_runtest_protocol(item, nextitem):
    if IN_PROCESSES:
        enter(alone(item))
    try:
        return (yield)
    finally:
        if IN_PROCESSES:
            fcntl.flock(ROOM, fcntl.LOCK_UN)


def enter(alone):
    """Wait until a test may run: beside others, or alone."""
    fcntl.flock(DOOR, fcntl.LOCK_EX)  # who waits for an empty room lets nobody in before
    fcntl.flock(ROOM, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
    fcntl.flock(DOOR, fcntl.LOCK_UN)


@contextmanager
def in_turn(file):
    """Only one process at a time is inside."""
    with file.open("w") as lock:
        if IN_PROCESSES:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


DOOR, ROOM = ((CACHE / name).open("w") for name in ("door", "room"))


# --- fixtures ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium():
    """The path of a Chromium; without one the test skips, but in CI it fails."""
    for browser in BROWSERS:
        if path := shutil.which(browser):
            return path
    reason = f"no browser found (looked for {', '.join(BROWSERS)})"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}: CI must have one")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser(chromium):
    """A Chromium without a window, for one test file: Playwright runs once at a time in a thread."""
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    sandbox = os.geteuid() != 0  # Chromium refuses to have one for root
    with sync_playwright() as playwright:
        options = {"executable_path": chromium, "args": quiet, "chromium_sandbox": sandbox}
        with playwright.chromium.launch(**options) as launched:
            yield launched


def run_line(name, python=sys.executable, demos=DEMOS, ranks=None):
    """The words of a demo's run line, for this Python and this folder, and so many ranks of MPI."""
    line = sources.run_line(name)
    if ranks is not None:
        line = re.sub(r"-n \d+", f"-n {ranks}", line)
    real = {"python": str(python), f"demos/{name}.py": str(demos / f"{name}.py")}
    return [real.get(word, word) for word in line.split()]


def skip_without_python(status, errors):
    """Some demos want a Python that this machine may lack; they say so, and how to get one."""
    if status == 2 and (lacking := re.search(r"there is no Python with .*", errors)):
        pytest.skip(lacking[0])


@pytest.fixture
def demo():
    """Run a demo as an attendee does: demo("gil_lanes", "--quick") -> CompletedProcess with text."""

    def call(name, *options, cwd=None, python=sys.executable, timeout=60, ranks=None, **more):
        return subprocess.run(
            [*run_line(name, python, ranks=ranks), *map(str, options)],
            cwd=cwd, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip

    return call
