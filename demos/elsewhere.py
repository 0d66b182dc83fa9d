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
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import interpreters
from harness import Attachment, CannotRun, Lanes, Run
from interpreters import Python

OLDEST = (3, 9)  # that the demos run on
NEWEST: dict[str, tuple[Callable[[Python], bool], str, str]] = {  # which to take, its virtue, how to get it
    "free-threaded": (
        lambda each: each.build == "free-threaded",
        "free threads",
        "make free-threaded, or uv python install 3.14t",
    ),
    "subinterpreters": (lambda each: each.subinterpreters, "subinterpreters", "uv python install 3.14"),
}
VERSION = r"\d+\.\d+t?"  # that --python may name
DEADLINE = 60.0  # seconds for one Python
GRACE = 2.0  # seconds after a Ctrl-C


def runs(args: Namespace) -> Iterator[Run | Lanes | Attachment]:
    """Everything that the demo gives on the Pythons that args.python names, one after the other.

    A free-threaded build runs twice: without its GIL, and with it. CannotRun says what is not there, what
    failed, and whether the GIL was otherwise at the end than it should have been.
    """
    for python in chosen(args.python):
        for name, gil, command in python.modes():
            print(f"{name} ...")
            record = child(name, command, args)
            if record["interpreter"]["gil"] != gil:  # asked at its end
                raise CannotRun(f"{name}: at the end it was otherwise")
            for item in items(record):
                item.parameters = {"python": name, **item.parameters}
                yield item


def chosen(which: str) -> list[Python]:
    """The Pythons that `which` names: all, the newest that has something, a version, or a path."""
    named = which in (*NEWEST, "all") or re.fullmatch(VERSION, which)
    there = interpreters.newest_of_each(interpreters.find()[0]) if named else []
    if which in NEWEST:
        has, what, how = NEWEST[which]
        both = sorted(filter(has, there), key=lambda each: each.build == "default")
        wanted = both[-1:]  # a default build, where there are both
        if not wanted:
            raise CannotRun(f"there is no Python with {what} here; to get one: {how}")
    elif which == "all":
        wanted = [each for each in there if each.release >= OLDEST]
    elif named:
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
    return wanted


def child(name: str, python: list[str], args: Namespace) -> dict[str, Any]:
    """The record of the demo on this Python."""
    script = Path(__file__).with_name(f"{args.demo}.py")
    with tempfile.TemporaryDirectory(prefix="elsewhere-") as folder:
        file = Path(folder, "record.json")
        errors = finished([*python, str(script), "--python", "here", *args.given, "--json", str(file)])
        if not file.exists():
            raise CannotRun(f"{name}: {errors or 'it wrote no record'}")
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
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
