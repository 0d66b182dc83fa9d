"""C code against the MPI library that mpi4py has loaded: rank 0 compiles it, and all ranks load it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compiling import c_compiler, identity, kept_at
from harness import CannotRun
from mpi4py import MPI

HERE = Path(__file__).resolve().parent


def c_functions(file: str, *names: str) -> list[Callable[..., Any]]:
    """Functions of a .c file beside the demos; none where that cannot be, and a line says why.

    In C they take a communicator, two arrays, the bytes of one, and a number; in Python not the bytes.
    """
    path = why = ""
    if MPI.COMM_WORLD.rank == 0:
        try:
            path = str(compiled_library(HERE / file))
        except CannotRun as error:
            why = str(error)
    path, why = MPI.COMM_WORLD.bcast((path, why))
    if why:
        print(f"Without the limit in C: {why}")
        return []
    library = ctypes.CDLL(path)
    return [function(library, name) for name in names]


def function(library: ctypes.CDLL, name: str) -> Callable[..., Any]:
    """A function of the library, under its name."""

    def call(comm: Any, sent: Any, received: Any, number: int) -> Any:
        library[name](comm.py2f(), sent.ctypes, received.ctypes, sent.nbytes, number)
        return received

    call.__name__ = name
    return call


def compiled_library(source: Path) -> Path:
    """The library of a .c file: kept from before, or compiled first, which a line tells of."""
    mpi = loaded_mpi()
    include = mpi.parent.parent / "include"
    if not (include / "mpi.h").exists():  # that of another MPI would not do
        raise CannotRun("no mpi.h beside the MPI that is loaded")
    compiler = c_compiler()
    kept = kept_at(source, [identity(compiler), str(mpi), mpi.stat().st_mtime_ns])
    if not kept.exists():
        print(f"Compiling {source.name}, once ...")
        build([*compiler, "-O3", "-shared", "-fPIC", f"-I{include}", str(source), str(mpi)], kept)
    return kept


def build(command: list[str], kept: Path) -> None:
    """Compile in a folder of its own, then put it into the cache in one step: others may do so meanwhile."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            made = Path(folder, kept.name)
            tidy = {**os.environ, "TMPDIR": folder}  # where compilers have their own files
            done = subprocess.run([*command, "-o", made], env=tidy, capture_output=True, text=True)
            if done.returncode:
                raise CannotRun(done.stderr.strip().rpartition("\n")[2] or "the compiler failed")
            made.replace(kept)
    except OSError as error:
        raise CannotRun(f"cannot compile ({error.strerror})") from None


def loaded_mpi() -> Path:
    """The MPI library in this process, whichever mpi4py took; Linux tells."""
    maps = Path("/proc/self/maps")
    for line in maps.read_text().splitlines() if maps.exists() else ():
        if "/" in line and os.path.basename(line).startswith("libmpi"):
            return Path(line[line.index("/") :])
    raise CannotRun("this system does not tell which MPI is loaded")
