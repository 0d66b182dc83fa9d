"""MPICH's files in shared memory, which no kind of death removes. Standard library only."""

from __future__ import annotations

from pathlib import Path


def mapped(process: int | str = "self") -> set[Path]:
    """Those that a process has mapped, whether they still have their names; on Linux, elsewhere none.

    OSError: it is gone, or somebody else's.
    """
    maps = Path(f"/proc/{process}/maps")
    lines = maps.read_text().splitlines() if maps.exists() else []
    there = [line[line.index("/dev/shm") :] for line in lines if "/dev/shm/mpich_" in line]
    return {Path(name.partition(" (deleted)")[0]) for name in there}


def forget(process: int | str = "self") -> None:
    """Unlink them: they end with the last process that has them mapped."""
    for file in mapped(process):
        file.unlink(missing_ok=True)
