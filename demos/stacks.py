"""The stacks that faulthandler wrote, cut to the frames of one script, as words and as a picture."""

from __future__ import annotations

import linecache
import multiprocessing
import os
import re
import tempfile
from collections.abc import Callable
from typing import Any

import textpicture
from harness import CannotRun, ctrl_c_is_mine

FRAME = re.compile(r'File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>\S+)')
WAITS = "  <- waits"


def written_by(target: Callable[..., None], *args: Any) -> str:
    """Call target(*args, file) in a process of its own, which may end itself: what is in the file then."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "stacks")
        child = multiprocessing.Process(target=target, args=(*args, file), daemon=True)
        with ctrl_c_is_mine():
            child.start()
        child.join()
        if child.exitcode not in (0, 1) or not os.path.exists(file):  # faulthandler ends it with 1
            raise CannotRun("a process could not start, or was killed: run it again")
        with open(file) as text:
            return text.read()


def picture(dump: str, script: str, but: str) -> tuple[str, str, str]:
    """A name, words and an SVG: where the threads stand in the script; not the one that runs `but`."""
    lines = ["Where the threads stand, by faulthandler (most recent call first)"]
    for number, frames in enumerate(stacks(dump, script, but), 1):
        lines.append(f"thread {number}")
        for line, function in frames:
            code = linecache.getline(script, line).strip()
            lines.append(f"  line {line} in {function}: {code}{WAITS * ((line, function) == frames[0])}")
    return "stacks", "\n".join(lines), textpicture.draw(lines, WAITS.strip())


def stacks(dump: str, script: str, but: str) -> list[list[tuple[int, str]]]:
    """The frames of the script, (line, function), of each thread in the order of their start."""
    found = []
    for thread in reversed(dump.split("\n\n")):
        frames = [
            (int(frame["line"]), frame["function"])
            for frame in FRAME.finditer(thread)
            if os.path.basename(frame["file"]) == os.path.basename(script)
        ]
        if frames and but not in [function for _, function in frames]:
            found.append(frames)
    return found
