"""Python that may abort, be ended or hang: in processes of its own, with a deadline, and no core dump stays.

Such a process prints "case: …" when it begins with something, and "right" for every right answer.
Standard library only.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired

import textpicture
from harness import Attachment, CannotRun, Run, ctrl_c_is_mine

try:
    import resource
except ImportError:  # on Windows there are no core dumps
    resource = None  # type: ignore[assignment]

HERE = Path(__file__).resolve().parent
NO_CORE = "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); " if resource else ""
HANGS = "no end within the deadline"
COLUMNS = 76  # of a picture
Outcome = tuple[str, str, float, str, str]  # setting, case, % of right answers, a word for it, why


def outcomes(
    script: str, call: str, settings: Mapping[str, Mapping[str, str]], asked: int, seconds: float
) -> Iterator[Outcome]:
    """Call a function of a script beside this one, side by side with each setting of the environment.

    A case without a name: none began.
    """
    for name, text in said(f"from {Path(script).stem} import *; {call}", settings, seconds):
        before, *found = re.split(r"^case: (.+)\n", text, flags=re.MULTILINE)
        if not found and HANGS in before:
            raise CannotRun(f"nothing began within {seconds:g} s: this machine is too busy, run it again")
        for case, output in zip(found[::2], found[1::2]) if found else [("", before)]:
            lines = output.splitlines()
            share = 100 * lines.count("right") / asked
            others = [line.strip() for line in lines if line.strip() not in ("right", "")]
            why = others[0] if others and case else " ".join(others).rpartition("Error: ")[2]
            ended = "hangs" if HANGS in others else "dies" if case else "not there"
            yield name, case, share, "survives" if share == 100 else ended, why


def said(words: str, settings: Mapping[str, Mapping[str, str]], seconds: float) -> Iterator[tuple[str, str]]:
    """For each setting all that the process said until its end, or until the deadline."""
    running: dict[str, Popen[str]] = {}
    deadline = time.monotonic() + seconds
    try:
        with ctrl_c_is_mine():
            for name, setting in settings.items():
                running[name] = start(words, setting)
        for name, process in running.items():
            try:
                text, _ = process.communicate(timeout=max(0, deadline - time.monotonic()))
            except TimeoutExpired:
                text = f"{end(process)}\n{HANGS}\n"
            yield name, text
    finally:
        for process in running.values():
            end(process)


def start(words: str, setting: Mapping[str, str]) -> Popen[str]:
    """A session of its own: what it forks can be ended with it."""
    command, environment = [sys.executable, "-u", "-c", NO_CORE + words], {**os.environ, **setting}
    pipes = {"stdin": DEVNULL, "stdout": PIPE, "stderr": STDOUT, "text": True, "errors": "replace"}
    return Popen(command, cwd=HERE, env=environment, start_new_session=True, **pipes)  # type: ignore[call-overload,no-any-return]


def end(process: Popen[str]) -> str:
    """End it, and what it forked, unless it is over: what was said."""
    if process.returncode is not None:
        return ""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    return process.communicate()[0]


def shown(title: Callable[[], str], found: Iterable[Outcome]) -> Iterator[Run | Attachment]:
    """A row for each case that began; a picture of all, with the reasons."""
    try:
        lines, before = [title(), ""], ""
    except ValueError as error:
        raise CannotRun(" ".join(str(error).split())) from None
    print(lines[0])
    for name, case, share, word, why in found:
        begin = f"{name if name != before else '':<11}{case:<9}"
        text = f"{begin}{word}" if word == "survives" else f"{begin}{word}: {why}"
        lines += textwrap.wrap(text, COLUMNS, subsequent_indent=" " * len(begin))
        before = name
        if case:
            yield Run(f"{name}, {case}", [share], "answered", "%", {"outcome": word})
    yield Attachment("outcomes", "\n".join(lines), textpicture.draw(lines, "dies|hangs|not there"))
