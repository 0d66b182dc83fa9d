"""Whether arrays are large enough to show the speed of memory, and not that of a cache."""

from __future__ import annotations

from pathlib import Path


def last_level() -> int:
    """The bytes of all caches of level 3, each of which some cores share; 0 where Linux does not tell."""
    files = Path("/sys/devices/system/cpu").glob("cpu*/cache/index3/size")
    shared = {file.with_name("shared_cpu_list").read_text(): file.read_text() for file in files}
    return 1024 * sum(int(size.strip("K\n")) for size in shared.values())


def verdict(size: float, unit: int = 1) -> str:
    """A line on arrays of --size units of MB: each should have four times the caches (STREAM's rule)."""
    need = 4 * last_level() // 10**6
    enough = "enough" if need else "unknown"
    words = f"too small: try --size {-(-need // unit)}" if size * unit < need else enough
    return f"Each array has {size * unit:g} MB, 4 times the last-level caches {need or '?'} MB: {words}."
