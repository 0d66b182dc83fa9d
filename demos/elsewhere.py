"""A demo on other Pythons of this machine, unchanged: its rows and lanes, with the interpreter of each.

harness.py does this for --python; standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import interpreters
from harness import Attachment, CannotRun, Lanes, Run
from interpreters import Python

OLDEST = (3, 9)  # that the demos run on
DEADLINE = 60.0  # seconds for one Python
GRACE = 2.0  # seconds after a Ctrl-C
HOW = {True: "GIL on", False: "GIL off"}


def runs(args: Namespace) -> Iterator[Run | Lanes | Attachment]:
    """Everything that the demo gives on the Pythons that args.python names, one after the other.

    A free-threaded build runs twice: without its GIL, and with it. CannotRun says what is not there, what
    failed, and whether the GIL was otherwise at the end than it should have been.
    """
    for python, gil in chosen(args.python):
        name = f"{python.short}, {HOW[gil]}" if python.build == "free-threaded" else python.short
        print(f"{name} ...")
        for item in items(child(python, gil, args)):
            item.parameters = {"python": name, **item.parameters}
            yield item


def chosen(which: str) -> list[tuple[Python, bool]]:
    """The Pythons that `which` names: all, a version such as 3.14t, or a path; with the GIL on and off."""
    found, _ = interpreters.find()
    there = newest_of_each(found)
    if which == "all":
        wanted = [each for each in there if each.release >= OLDEST]
    elif re.fullmatch(r"\d+\.\d+t?", which):
        wanted = [each for each in there if each.short == which]
    else:
        answer = interpreters.ask(which)
        if not isinstance(answer, Python):
            raise CannotRun(f"--python {which}: {answer.reason}")
        wanted = [answer]
    if not wanted:
        names = ", ".join(each.short for each in there)
        raise CannotRun(f"no Python {which} here (there are {names}); to get it: uv python install {which}")
    if wanted[0].release < OLDEST:
        raise CannotRun("the demos need Python 3.9 or later; gil_history goes back to 2.7")
    return [(each, gil) for each in wanted for gil in ([False, True] if each.build != "default" else [True])]


def newest_of_each(found: list[Python]) -> list[Python]:
    """One Python a release and build: that of this process, else the newest."""
    best: dict[tuple[Any, str], Python] = {}
    for each in found:
        key = (each.release, each.build)
        if key not in best or best[key].executable != sys.executable:
            best[key] = each
    return list(best.values())


def child(python: Python, gil: bool, args: Namespace) -> dict[str, Any]:
    """The record of the demo on this Python."""
    script = Path(__file__).with_name(f"{args.demo}.py")
    option = ["-X", f"gil={int(gil)}"] if python.build == "free-threaded" else []
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:
        file = Path(folder, "record.json")
        command = [python.executable, *option, str(script), *args.given, "--json", str(file)]
        errors = finished(command)
        if not file.exists():
            raise CannotRun(f"{python.short}: {errors or 'it wrote no record'}")
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if record["interpreter"]["gil"] != gil:  # asked at its end
        raise CannotRun(f"{python.short}: the GIL should have been {HOW[gil][4:]} at the end, and was not")
    return record


def finished(command: list[str]) -> str:
    """Run the command to its end; the last line that it wrote about a failure. A Ctrl-C reaches it, too."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # else a terminal's Ctrl-C would make each say that it was interrupted
    )
    try:
        _, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        return f"no end within {DEADLINE:g} s"
    finally:
        if process.poll() is None:
            end(process)
    return errors.strip().splitlines()[-1] if errors.strip() else ""


def end(process: subprocess.Popen[str]) -> None:
    """End a demo as Ctrl-C does; where it does not hear that, kill its whole session."""
    if os.name != "posix":
        process.kill()
        process.wait()
        return
    for number in (signal.SIGINT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            return


def items(record: dict[str, Any]) -> Iterator[Run | Lanes]:
    """What the record holds, as the demo gave it, with its interpreter."""
    kinds = {"runs": Run, "lanes": Lanes}
    for kind, make in kinds.items():
        for entry in record[kind]:
            yield make(**{**entry, "interpreter": record["interpreter"]})
