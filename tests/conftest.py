"""What every test file may use: where things are, a browser, leftovers."""

import os
import shutil
import subprocess
import sys
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


@pytest.fixture
def demo():
    """Run a demo as an attendee does: demo("gil_lanes", "--quick") -> CompletedProcess with text."""

    def call(name, *options, cwd=None, python=sys.executable, timeout=60, **more):
        return subprocess.run(
            [python, str(DEMOS / f"{name}.py"), *map(str, options)],
            cwd=cwd, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **more,
        )  # fmt: skip

    return call
