"""Where CPython may let another thread run within a line of code: its bytecode, with these places marked.

CPython promises nothing, and its versions differ (Python/ceval.c): up to 3.9 it looks after almost every
instruction whether another thread asked for the GIL; since 3.10 after calls, when it jumps back, and where
a function begins.
"""

from __future__ import annotations

import dis
import itertools
import platform
import sys
from collections.abc import Callable, Iterator
from typing import Any

import textpicture

GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
ONLY_AT = ("CALL", "JUMP") if sys.version_info >= (3, 10) else ("",)
NEVER_AT = ("LOAD_CONST", "LOAD_FAST", "STORE_FAST")  # up to 3.9 these do not look
RACE = "<- RACE"
COLUMN = 36  # of 76


def picture(variable: str, statements: dict[str, Callable[..., Any]]) -> tuple[str, str, str]:
    """A name, words and an SVG: side by side, how each loop reads and writes the variable."""
    where = "may let another thread run: <-" if GIL else "has no GIL: other threads run at any time: <-"
    lines = [
        f"Where CPython {platform.python_version()} {where}",
        f"RACE: after it has read the {variable}, before it has written it",
        "",
    ]
    columns = [[text, *marked(variable, loop)] for text, loop in statements.items()]
    for row in itertools.zip_longest(*columns, fillvalue=""):
        lines.append("".join(f"{cell:<{COLUMN}}" for cell in row).rstrip())
    return "bytecode", "\n".join(lines), textpicture.draw(lines, RACE)


def marked(variable: str, loop: Callable[..., Any]) -> Iterator[str]:
    """The instructions from the first that reads the variable to the jump back."""
    code = list(dis.get_instructions(loop))
    read, written, *_ = (i for i, step in enumerate(code) if step.argval == variable)
    for i, step in enumerate(code[read:], read):
        word = step.argval if isinstance(step.argval, str) else step.argrepr
        mark = "" if not may_switch(step.opname) else RACE if i < written else "<-"
        yield f"{step.opname:<13} {word:<8} {mark}".rstrip()
        if step.opname.startswith("JUMP"):
            return


def may_switch(opname: str) -> bool:
    return not GIL or (opname.startswith(ONLY_AT) and opname not in NEVER_AT)
