"""A segment of shared memory that is gone in the end, whatever happens. Standard library only."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

from harness import CannotRun

PLACE = Path("/dev/shm")  # on Linux; a container's is often small, and who writes beyond it is killed


@contextlib.contextmanager
def new_segment(size: int) -> Iterator[SharedMemory]:
    """Shared memory of so many bytes; no view of it may outlive the block."""
    if PLACE.exists() and shutil.disk_usage(PLACE).free < size:
        raise CannotRun("too little shared memory: use a smaller --size (or docker run --shm-size 1g)")
    segment = SharedMemory(create=True, size=size)
    try:
        yield segment
    finally:
        segment.unlink()  # first: closing fails where an exception still has a view
        segment.close()
