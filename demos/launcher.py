"""Where MPI's launcher is: for all that start ranks. Standard library only."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from harness import CannotRun


def search_path() -> str:
    """PATH, with the programs of this environment first."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def mpiexec() -> str:
    """The launcher: the one that the variable MPIEXEC names, else of this environment, else of the system."""
    name = os.environ.get("MPIEXEC", "mpiexec")
    found = shutil.which(name, path=search_path())
    if found is None:
        raise CannotRun(f"{name} is missing: pip install mpich")
    return found
