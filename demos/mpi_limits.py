"""C code against the MPI library that mpi4py has loaded: rank 0 compiles it, and all ranks load it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compiling import c_compiler
from harness import CannotRun
from mpi4py import MPI

HERE = Path(__file__).resolve().parent


def c_functions(file: str, *names: str) -> list[Callable[..., Any]]:
    """Functions of a .c file beside the demos; none where that cannot be, and a line says why.

    In C they take a communicator, two arrays, the bytes of one, and a number; in Python not the bytes.
    """
    comm = MPI.COMM_WORLD
    with tempfile.TemporaryDirectory(prefix="limit-") as folder:
        path, why = str(Path(folder, "limit.so")), ""
        if comm.rank == 0:
            why = build(HERE / file, path)
        why, path = comm.bcast((why, path))
        library = None if why else ctypes.CDLL(path)
        comm.Barrier()  # before the folder is gone
    if not library:
        print(f"without the limit in C: {why}")
        return []
    return [function(library, name) for name in names]


def function(library: ctypes.CDLL, name: str) -> Callable[..., Any]:
    """A function of the library, under its name."""

    def call(comm: Any, sent: Any, received: Any, number: int) -> Any:
        library[name](comm.py2f(), sent.ctypes, received.ctypes, sent.nbytes, number)
        return received

    call.__name__ = name
    return call


def build(source: Path, library: str) -> str:
    """Compile a .c file into a library; why that cannot be, or nothing."""
    loaded = loaded_mpi()
    header = Path(sys.prefix, "include", "mpi.h")
    if not loaded or not header.exists():
        return "no mpi.h beside this Python" if loaded else "this system does not tell which MPI is loaded"
    try:
        command = [*c_compiler(), "-O3", "-shared", "-fPIC", f"-I{header.parent}", str(source), loaded]
    except CannotRun as error:
        return str(error)
    done = subprocess.run([*command, "-o", library], capture_output=True, text=True)
    return done.stderr.strip().rpartition("\n")[2] or "the compiler failed" if done.returncode else ""


def loaded_mpi() -> str:
    """The path of the MPI library in this process, on Linux; whatever mpi4py took."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    paths = [line[line.index("/") :] for line in lines if "libmpi" in os.path.basename(line)]
    return paths[0] if paths and MPI.Is_initialized() else ""
