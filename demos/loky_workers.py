"""joblib's worker processes, those of loky: Ctrl-C leaves them to their parent, and all end with a demo."""

import os
import warnings

from joblib.externals.loky import get_reusable_executor
from joblib.externals.loky.backend.process import LokyProcess

warnings.filterwarnings("ignore", r"\d+ tasks (have been|which were)")  # that Ctrl-C cancels tasks is known
LokyProcess.kill = LokyProcess.terminate  # whoever ends all workers calls it, and loky has none

if os.name == "posix":
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # now: its start lets Ctrl-C through to what is started next


def end_workers():
    """They would wait for work for five minutes, or until Python ends."""
    get_reusable_executor().shutdown(kill_workers=True)


def ended(runs):
    """The runs; then, or when Ctrl-C comes, no worker is left."""
    try:
        yield from runs
    finally:
        end_workers()
