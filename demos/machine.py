"""Where a demo ran: the computer, the interpreter, the packages. Standard library only."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if sys.version_info < (3, 9):  # noqa: UP036  (said before something newer than 3.8 fails)
    print("The demos need Python 3.9 or later; this is " + platform.python_version(), file=sys.stderr)
    sys.exit(2)

HERE = Path(__file__).resolve().parent


def cores() -> dict[str, Any]:
    """Logical cores of the system; those this process may use by affinity; the cgroup's quota; usable."""
    logical = os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    quota = cpu_quota()
    usable = min(affinity, math.ceil(quota)) if quota else affinity
    return {"usable": max(1, usable), "logical": logical, "affinity": affinity, "quota": quota}


def usable_cores() -> int:
    return int(cores()["usable"])


def cpu_quota(proc: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Cores that the cgroup's CPU quota allows (a container's limit); CPython itself does not look."""
    quotas = []
    with contextlib.suppress(OSError):
        for line in proc.read_text().splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            base = root / ("cpu" if controllers else "")  # version 1 has a tree a controller
            path = base / group.strip("/")
            for folder in (path, *path.parents):
                if folder == base.parent:
                    break
                with contextlib.suppress(OSError, ValueError):
                    if controllers:
                        quota = (folder / "cpu.cfs_quota_us").read_text()
                        period = (folder / "cpu.cfs_period_us").read_text()
                    else:
                        quota, period = (folder / "cpu.max").read_text().split()
                    if int(quota) > 0:  # "max" (version 2) and -1 (version 1) mean no limit
                        quotas.append(int(quota) / int(period))
    return min(quotas, default=None)


def cpu_name() -> str:
    with contextlib.suppress(OSError):
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
        if found:
            return short(found[1])
    if sys.platform == "darwin":
        return short(output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine())
    return short(platform.processor() or platform.machine())


def short(name: str) -> str:
    """A processor's name without what says nothing: Intel(R) Core(TM) i7-8550U CPU -> Intel Core i7-8550U."""
    return " ".join(re.sub(r"\(R\)|\(TM\)|\d+th Gen|\bCPU\b|@.*|\d+-Core Processor", " ", name).split())


def machine() -> dict[str, Any]:
    """What this computer is, without its name, its user or a path."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return {"cpu": cpu_name(), "cores": cores(), "load": load, "os": system}


def interpreter() -> dict[str, Any]:
    """Which Python this is, and whether its GIL is on now."""
    return {
        "name": platform.python_implementation(),
        "version": platform.python_version(),
        "build": "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "default",
        "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    }


def packages() -> dict[str, str]:
    """The versions of the packages imported so far that are not of the standard library."""
    from importlib import metadata

    known = {*sys.builtin_module_names, *getattr(sys, "stdlib_module_names", ())}  # the latter since 3.10
    found = {}
    for name in sorted({module.partition(".")[0] for module in list(sys.modules)} - known):
        with contextlib.suppress(metadata.PackageNotFoundError, ValueError):
            found[name] = metadata.version(name)
    return found


def output(*command: str) -> str | None:
    """What a command prints, or None where there is no such command or it fails."""
    if not shutil.which(command[0]):
        return None
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> str | None:
    """The commit of this checkout, "-dirty" where files differ from it."""
    return output("git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*")


def describe(python: Mapping[str, Any]) -> str:
    """For example: CPython 3.14.0, free-threaded, GIL off."""
    build = ", free-threaded" if python["build"] != "default" else ""
    return f"{python['name']} {python['version']}{build}, GIL {'on' if python['gil'] else 'off'}"


def describe_machine(computer: Mapping[str, Any]) -> str:
    """For example: 2 usable cores, AMD EPYC."""
    number = computer["cores"]["usable"]
    return f"{number} usable core{'s' * (number != 1)}, {computer['cpu']}"
