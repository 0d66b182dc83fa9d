"""Whether shared memory has room: who writes beyond its end is killed. Standard library only."""

import shutil
from pathlib import Path

from harness import CannotRun

PLACE = Path("/dev/shm")  # on Linux; a container's is often small


def needs_room(size: int) -> None:
    """For so many bytes."""
    if PLACE.exists() and shutil.disk_usage(PLACE).free < size:
        raise CannotRun("too little shared memory: use a smaller --n (or docker run --shm-size 1g)")
