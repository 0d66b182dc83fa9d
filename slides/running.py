"""Run a demo live from a slide: its lines as they come, a deadline, and nothing left behind."""

import contextlib
import functools
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"
RUNNING = ROOT / "build" / "running"  # holds a file while a demo runs: one that stays tells of a dead kernel

sys.path.append(str(DEMOS))
import launcher  # noqa: E402  (the demos are scripts, not an installed package)
import sources  # noqa: E402
import watchdog  # noqa: E402
from harness import CannotRun, most_workers  # noqa: E402

DEADLINE = 20.0  # seconds; an audience waits no longer
COMPILING = 120.0  # seconds for a first run, on a slow machine
MOST_LINES = 500  # no slide shows more; a demo that prints more has gone wild
COLUMNS = 80  # of code size on a slide, beside a margin

Options = Mapping[str, object]
Print = Callable[[str], None]


class Failed(Exception):
    """Why a live run gave no record, in one line."""


def live(demo: str, options: Options, deadline: float, line_seen: Print) -> dict[str, Any]:
    """Run the demo and hand each line on as it comes; its record. Failed says why there is none.

    What the demo started is then being ended: leave until_all_is_ended() to know that nothing is left.
    """
    check_last(demo)
    protect()
    mark = watchdog.mark("DECK_RUN")
    with tempfile.TemporaryDirectory(prefix="deck-") as folder, marker(demo):
        file = Path(folder, "record.json")
        try:
            stream([*command(demo, options), "--json", str(file)], mark, deadline, line_seen)
        finally:
            end_soon(mark)
        if not file.exists():
            raise Failed("the live run wrote no record")
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return record


def command(demo: str, options: Options) -> list[str]:
    """The demo's own run line, by this Python, plus the options."""
    try:
        line = sources.run_line(demo)
    except OSError as error:
        raise Failed(f"demos/{demo}.py cannot be read: {error.strerror}") from None
    if line is None:
        raise Failed(f"demos/{demo}.py is no demo: its docstring has no run line")
    real = {"python": sys.executable, f"demos/{demo}.py": str(DEMOS / f"{demo}.py")}
    words = [real.get(word, word) for word in shlex.split(line)]
    if words[0] == "mpiexec":
        words[0] = mpiexec()
        if "workers" in options:
            words[words.index("-n") + 1] = ranks(options["workers"])
            options = {name: value for name, value in options.items() if name != "workers"}
    return words + [word for name, value in options.items() for word in (f"--{name}", str(value))]


def mpiexec() -> str:
    try:
        return launcher.mpiexec()
    except CannotRun as error:
        raise Failed(str(error)) from None


def ranks(workers: object) -> str:
    """The value of mpiexec's -n; Failed where that is none."""
    most = most_workers()
    if not (isinstance(workers, int) and 1 <= workers <= most):
        raise Failed(f"workers must be a whole number from 1 to {most}, not {workers!r}")
    return str(workers)


def compile_first(demo: str) -> None:
    """Let a demo that has a .pyx compile it; what is wrong it says again when it runs."""
    if sources.is_compiled(demo):
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*command(demo, {}), "--quick"], capture_output=True, timeout=COMPILING)


def stream(words: list[str], mark: dict[str, str], deadline: float, line_seen: Print) -> None:
    """Run the command until it ends well; Failed if it does not, in time and with few lines."""
    path = {"PATH": launcher.search_path()}  # MPI starts its own programs by name
    terminal = {"COLUMNS": str(COLUMNS), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | mark | terminal | path,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=read, args=(child.stdout, lines), daemon=True).start()
    end, last = time.monotonic() + deadline, ""
    for count in range(MOST_LINES + 1):
        line = next_line(lines, child, end)
        if line is None:
            break
        if count == MOST_LINES:
            raise Failed(f"the live run printed more than {MOST_LINES} lines")
        line_seen(line)
        last = line.strip() or last
    if time.monotonic() >= end:
        raise Failed(f"the live run took longer than {deadline:g} s")
    status = child.wait()
    if status:
        raise Failed(f"the live run ended with status {status}: {last or 'it printed nothing'}")


def read(pipe: Any, lines: queue.Queue[str | None]) -> None:
    """Put the lines of a pipe into the queue, then None; no more than are shown, no endless one."""
    for _ in range(MOST_LINES + 1):
        line = pipe.readline(2000)
        if not line:
            break
        lines.put(line.rstrip("\n"))
    lines.put(None)


def next_line(lines: queue.Queue[str | None], child: subprocess.Popen[str], end: float) -> str | None:
    """The next line; None when it is too late or the child has ended, even if a grandchild holds the pipe."""
    while (left := end - time.monotonic()) > 0:
        gone = child.poll() is not None  # asked before the queue, so that no line of it is missed
        with contextlib.suppress(queue.Empty):
            return lines.get(timeout=min(left, 0.1))
        if gone:
            return None
    return None


# --- the end ---------------------------------------------------------------------------------------------

ENDING: list[threading.Thread] = []  # what is being ended


def end_soon(mark: dict[str, str]) -> None:
    """End everything that carries the mark, in a thread: the recording is shown meanwhile."""
    ENDING.append(threading.Thread(target=watchdog.end, args=[mark]))
    ENDING[-1].start()


@contextlib.contextmanager
def until_all_is_ended() -> Iterator[None]:
    """At the end wait until nothing is left of what was started; no Ctrl-C cuts that short."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        ignore_interrupts()
        while ENDING:
            ENDING.pop().join()
        if in_main_thread():
            signal.signal(signal.SIGINT, before)


def ignore_interrupts() -> None:
    """Until until_all_is_ended() ends: a presenter may press the key twice."""
    if in_main_thread():  # elsewhere there are none
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@functools.cache
def protect() -> None:
    """From now on nothing that this kernel starts survives it, even if it is killed."""
    mark = watchdog.mark("DECK_KERNEL")
    os.environ.update(mark)
    watchdog.guard(mark)


@contextlib.contextmanager
def marker(demo: str) -> Iterator[None]:
    """Leave a file behind if the kernel dies meanwhile, for check_last()."""
    file = RUNNING / demo
    with contextlib.suppress(OSError):  # a read-only checkout: then the next run is simply live again
        RUNNING.mkdir(parents=True, exist_ok=True)
        file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def check_last(demo: str) -> None:
    """Failed, once, if the last live run of this demo took its kernel with it."""
    file = RUNNING / demo
    if file.exists() and not watchdog.alive(int(file.read_text())):
        file.unlink()
        raise Failed("the kernel died in the last live run; run the cell again for a live one")
