"""The Pythons of this machine: where each is, whether it has a GIL, and whether that is on now.

python demos/interpreters.py prints them as a table; PYTHONS, a list of paths like PATH, names more. Each is
asked by a process of its own, with a deadline. Standard library only, Python 3.9 or later; Pythons from 2.7
on are found.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEADLINE = 10.0  # seconds for an answer, on a busy machine
NAMES = re.compile(r"(python|pypy)(\d(\.\d+)?t?)?(\.exe)?")
ASK = """
import json, platform, sys
try: from sysconfig import get_config_var
except ImportError: get_config_var = lambda name: None
def has(name):
    try: __import__(name)
    except ImportError: return False
    return True
gil = getattr(sys, "_is_gil_enabled", lambda: True)()
jit = getattr(sys, "_jit", None)
print(json.dumps({
    "name": platform.python_implementation(), "version": platform.python_version(),
    "build": "free-threaded" if get_config_var("Py_GIL_DISABLED") else "default", "gil": gil,
    "subinterpreters": has("concurrent.interpreters"), "jit": bool(jit and jit.is_enabled()),
    "compiler": platform.python_compiler(),
    "pgo": "--enable-optimizations" in str(get_config_var("CONFIG_ARGS")), "executable": sys.executable}))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter that answered."""

    executable: str
    name: str  # of the implementation: CPython
    version: str
    build: str  # "default" or "free-threaded"
    gil: bool  # on now
    subinterpreters: bool  # concurrent.interpreters, from 3.14 on
    jit: bool  # on now
    compiler: str
    pgo: bool = False  # built with profile-guided optimisation, as far as it says

    @property
    def release(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def short(self) -> str:
        """As uv writes it: 3.14, or 3.14t without a GIL."""
        return "{}.{}".format(*self.release) + "t" * (self.build == "free-threaded")

    def as_recorded(self, gil: bool) -> dict[str, Any]:
        """What a record says of it."""
        return {"name": self.name, "version": self.version, "build": self.build, "gil": gil}

    def modes(self) -> Iterator[tuple[str, bool, list[str]]]:
        """A name, whether the GIL is on, and the command; first without it, where a build can do that."""
        if self.build == "default":
            yield self.short, True, [self.executable]
        else:
            for gil, state in enumerate(["off", "on"]):
                yield f"{self.short}, GIL {state}", bool(gil), [self.executable, "-X", f"gil={gil}"]


@dataclass(frozen=True)
class Skipped:
    """An executable that is no Python for us."""

    executable: str
    reason: str


def find() -> tuple[list[Python], list[Skipped]]:
    """Each CPython of this machine once, the oldest first, and what was left out, with the reason."""
    paths: dict[str, str] = {}
    for path in places():
        paths.setdefault(os.path.realpath(path), path)  # python and python3 are one
    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(ask, paths.values()))
    found: dict[str, Python] = {}
    for answer in answers:
        if isinstance(answer, Python):
            found.setdefault(os.path.realpath(answer.executable), answer)
    skipped = [answer for answer in answers if isinstance(answer, Skipped)]
    return sorted(found.values(), key=lambda each: (each.release, each.build, each.version)), skipped


def newest_of_each(found: list[Python]) -> list[Python]:
    """One Python a release and build: that of this process, else the newest."""
    best: dict[tuple[Any, str], Python] = {}
    for each in found:
        key = (each.release, each.build)
        if key not in best or best[key].executable != sys.executable:
            best[key] = each
    return list(best.values())


def ask(path: str) -> Python | Skipped:
    """What the executable says of itself."""
    command = [path, "-s", "-c", ASK]  # PYTHON_GIL counts
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Skipped(path, f"no answer within {DEADLINE:g} s")
    except OSError as error:
        return Skipped(path, f"does not start: {error.strerror}")
    except ValueError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return Skipped(path, f"answers nothing (status {done.returncode}): {''.join(last) or 'no message'}")
    if answer["name"] != "CPython":
        return Skipped(path, f"is {answer['name']} {answer['version']}")
    return Python(**answer)  # a shim tells what it stands for


def places() -> Iterator[str]:
    """What may be a Python: this one, those that PYTHONS names, on PATH, of uv, pyenv and conda."""
    yield sys.executable
    yield from filter(None, os.environ.get("PYTHONS", "").split(os.pathsep))
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for folder in os.get_exec_path():
        if Path(folder) != pyenv / "shims":  # they stand for what is below versions
            yield from executables(folder)
    yield from of_uv()
    homes = [*sorted((pyenv / "versions").glob("*")), *of_conda()]
    for home in homes:
        for place in (home / "bin", home):  # the latter on Windows
            yield from executables(place)


def executables(folder: str | Path) -> Iterator[str]:
    """Those of a folder that are called like a Python."""
    with contextlib.suppress(OSError):  # a folder that is not there, or somebody else's
        for path in sorted(Path(folder).iterdir()):
            if NAMES.fullmatch(path.name) and os.access(path, os.X_OK) and path.is_file():
                yield str(path)


def of_uv() -> Iterator[str]:
    uv = shutil.which("uv") or shutil.which(
        str(Path(__file__).resolve().parent.parent / ".uv" / "bin" / "uv")
    )
    if uv:
        listed = [uv, "--no-cache", "python", "list", "--only-installed", "--output-format", "json"]
        with contextlib.suppress(OSError, ValueError, subprocess.TimeoutExpired):  # then uv knows none
            done = subprocess.run(listed, capture_output=True, timeout=DEADLINE)
            yield from (str(python["path"]) for python in json.loads(done.stdout))


def of_conda() -> Iterable[Path]:
    """The environments that conda keeps a list of."""
    with contextlib.suppress(OSError):
        lines = Path("~/.conda/environments.txt").expanduser().read_text(encoding="utf-8").splitlines()
        return [Path(line) for line in lines if line.strip()]
    return []


def table(pythons: Iterable[Python]) -> Iterator[str]:
    """A line each: version, build, GIL, subinterpreters, JIT, place."""
    row = "{:<10} {:<14} {:<4} {:<16} {:<4} {}".format
    yield row("version", "build", "GIL", "subinterpreters", "JIT", "where")
    for one in pythons:
        on = {True: "on", False: "off"}
        has = "yes" if one.subinterpreters else "no"
        yield row(one.version, one.build, on[one.gil], has, on[one.jit], one.executable)


def main() -> None:
    pythons, skipped = find()
    print(*table(pythons), sep="\n")
    for each in skipped:
        print(f"left out: {each.executable}: {each.reason}")


if __name__ == "__main__":
    main()
