"""watchdog: a guard ends what a dead process left, whether or not anybody hears that it stands there."""

import os
import subprocess
import sys

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
