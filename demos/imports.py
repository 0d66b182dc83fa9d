"""Imports in another Python, each in a process of its own: imported.py, run by that Python, tells of them.

Some processes run side by side, none longer than DEADLINE. One that dies is told of like an error.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import textpicture
from elsewhere import NEWEST, chosen
from harness import CannotRun, ctrl_c_is_mine
from interpreters import Python, ask
from machine import usable_cores

IMPORTED = Path(__file__).with_name("imported.py")
DECK = {  # what the demos beside this file import, and what to ask pip for
    "numpy": "numpy",
    "numba": "numba",
    "mpi4py.MPI": "mpi4py mpich",
    "zmq": "pyzmq",
    "psutil": "psutil",
    "Cython": "cython",
    "joblib": "joblib",
    "ipyparallel": "ipyparallel",
}
DEADLINE = 20.0  # seconds for a process
MOST = 8  # processes at a time; each may need 100 MB
NOTHING = {"ms": 0.0, "extensions": 0, "gil": True, "warning": ""}  # came of a process that died


def python(which: str, having: str) -> Python:
    """The Python that --python names; it must be what NEWEST names."""
    found = ask(sys.executable) if which == "here" else chosen(which)[-1]
    has, what, how = NEWEST[having]
    if not isinstance(found, Python) or not has(found):
        raise CannotRun(f"Python {getattr(found, 'short', which)} has no {what}; to get one: {how}")
    return found


def about(python: Python) -> dict[str, Any]:
    """What imported.py tells of this Python itself."""
    (told,) = answers(python, [["about"]])
    if "error" in told:
        raise CannotRun(f"Python {python.short}: {told['error']}")
    return told


def came_of_it(answer: dict[str, Any]) -> str:
    """In two words, or one; nothing where it was imported."""
    kind = answer["error"].partition(":")[0]
    return "not installed" if kind == "ModuleNotFoundError" else kind


def each(
    python: Python, where: str, modules: Sequence[str], times: int, folder: str = ""
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each module, and what came of its import, so many times; more modules may be in the folder.

    Where: in the "main" interpreter, or in a "new" one.
    """
    asked = answers(python, [[where, module] for module in modules for _ in range(times)], folder)
    for module in modules:
        yield module, list(itertools.islice(asked, times))


def answers(python: Python, questions: Iterable[list[str]], folder: str = "") -> Iterator[dict[str, Any]]:
    """What imported.py answers each question, in their order."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHON_GIL"}
    environment |= {"PYTHONPATH": folder, "MPI4PY_RC_INITIALIZE": "0"}  # the import starts no MPI
    running: deque[subprocess.Popen[str]] = deque()
    try:
        for question in questions:
            with ctrl_c_is_mine():
                command = [python.executable, "-P", str(IMPORTED), *question]
                running.append(started(command, environment))
            if len(running) == min(usable_cores(), MOST):
                yield answer(running[0])
                running.popleft()
        while running:
            yield answer(running[0])
            running.popleft()
    finally:
        for process in running:
            process.kill()
            process.communicate()


def started(command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(
        command, stdin=none, stdout=pipe, stderr=pipe, env=environment, encoding="utf-8", errors="replace"
    )


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The last line that it prints; else why there is none."""
    try:
        out, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return NOTHING | {"error": f"no end within {DEADLINE:g} s"}
    with contextlib.suppress(ValueError, IndexError):
        told: dict[str, Any] = json.loads(out.splitlines()[-1])
        return told
    last = errors.strip().rpartition("\n")[2]
    return NOTHING | {"error": f"it died: status {process.returncode}, {last or 'no message'}"}


def compiled(source: Path, name: str, flags: list[str], about: dict[str, str], folder: str) -> str:
    """Compile some C into a module that this Python can import from the folder; why not, where that fails."""
    target = str(Path(folder, name + about["suffix"]))
    how = ["-fPIC", f"-I{about['headers']}", f"-DINIT=PyInit_{name}", *flags, source.name, "-o", target]
    compiler, *linking = shlex.split(about["linker"]) or ["cc"]
    if not (found := shutil.which(compiler) or shutil.which("cc")):
        return f"no C compiler, {compiler}"
    with ctrl_c_is_mine():
        command = [found, *linking, *how]
        done = subprocess.run(
            command, cwd=source.parent, capture_output=True, encoding="utf-8", errors="replace"
        )
    errors = [line for line in done.stderr.splitlines() if "error" in line]
    return [*errors, f"the C compiler ended with status {done.returncode}"][0] if done.returncode else ""


def picture(name: str, title: str, said: dict[str, list[str]], marked: str) -> dict[str, str]:
    """The parts of an Attachment: what was said, and of which modules; a pattern stands out."""
    lines = [f"{title}:", *(f"{', '.join(modules)}: {words}" for words, modules in said.items())]
    rows = [row for line in lines for row in textwrap.wrap(line, 76, subsequent_indent="  ")]
    return {"name": name, "alt": "\n".join(rows), "svg": textpicture.draw(rows, marked)}
