"""watchdog: a guard ends what a dead process left, whether or not anybody hears that it stands there."""

import os
import subprocess
import sys

import psutil
import pytest
import watchdog
from conftest import PATIENCE, all_gone

SLEEP = [sys.executable, "-c", "import time; time.sleep(100)"]


def test_a_guard_that_nobody_listens_to_guards_all_the_same():
    """A Ctrl-C may end who started it before it says that it is there."""
    mark, (nobody, end) = watchdog.mark("WATCHDOG_TEST"), os.pipe()
    os.close(nobody)
    left, guarded = subprocess.Popen(SLEEP, env=os.environ | mark), subprocess.Popen(SLEEP)
    words = [watchdog.__file__, str(guarded.pid), *next(iter(mark.items()))]
    guard = subprocess.Popen([sys.executable, *words], stdout=end, stderr=subprocess.PIPE)
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            guard.wait(1)
        assert left.poll() is None
        guarded.kill()
        guarded.wait()
        left.wait(PATIENCE)
        assert all_gone(mark)
        assert (guard.stderr.read(), guard.wait(PATIENCE)) == (b"", 0)
    finally:
        os.close(end)
        for process in (left, guarded, guard):
            process.kill()
            process.wait()


def test_a_program_that_is_being_loaded_is_found(monkeypatch):
    """Linux lets Popen return before the new program's words and variables can be read."""
    mark, real, looks = watchdog.mark("WATCHDOG_TEST"), psutil.Process.environ, []
    child = subprocess.Popen(SLEEP, env=os.environ | mark)

    def environ(process):
        looks.extend([process.pid] * (process.pid == child.pid))
        return {} if 0 < looks.count(process.pid) < 3 else real(process)

    monkeypatch.setattr(psutil.Process, "environ", environ)
    monkeypatch.setattr(psutil.Process, "cmdline", lambda process: [])
    try:
        found = watchdog.marked(mark)
        assert [process.pid for process in found] == [child.pid]
    finally:
        child.kill()
        child.wait()
    assert watchdog.marked(mark) == []
