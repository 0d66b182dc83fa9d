"""What every test file may use: where things are, a browser, leftovers."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

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
IPYTHON = ROOT / "build" / "cache" / "ipython"
IPYTHON.mkdir(parents=True, exist_ok=True)
os.environ["IPYTHONDIR"] = str(IPYTHON)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")


PATIENCE = 60.0  # seconds; there are two cores, and other tests run beside these


def until(holds, seconds=PATIENCE):
    """Wait a while until something holds; whether it does."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def files(folder):
    """All files below a folder, with what is in them."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def git_status():
    return subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True)


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


@pytest.fixture
def demo():
    """Run a demo as an attendee does: demo("gil_lanes", "--quick") -> CompletedProcess with text."""

    def call(name, *options, cwd=None, python=sys.executable, timeout=60, **more):
        return subprocess.run(
            [python, str(DEMOS / f"{name}.py"), *map(str, options)],
            cwd=cwd, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip

    return call
