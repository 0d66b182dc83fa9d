"""Print the path of a Python that has what the slides need; make .venv first where there is none.

    $ python3 slides/setup.py --group test

An active conda environment is taken when it satisfies pyproject.toml. Else it is .venv, which uv keeps in
step with uv.lock: the uv on PATH, or a copy of our own in .uv. Only .venv, .uv and the caches of uv and pip
are written. Standard library only: this file runs under the user's own Python, however old.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  an older Python must be able to parse this whole file
    import shutil

    newer = [name for name in ("python3.14", "python3.13", "python3.12", "python3.11") if shutil.which(name)]
    sys.stderr.write(
        "This is Python {}.{}, the slides need 3.11 or later: {}\n".format(
            sys.version_info[0],
            sys.version_info[1],
            "add PYTHON=" + newer[0] if newer else "install one and add PYTHON=its-path",
        )
    )
    sys.exit(2)

import argparse
import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "uv.lock"
WINDOWS = os.name == "nt"
BIN, EXE = ("Scripts", ".exe") if WINDOWS else ("bin", "")

VENV = ROOT / ".venv"
VENV_PYTHON = VENV / BIN / f"python{EXE}"
STAMP = VENV / "in-step.json"  # what .venv was made from, and with which groups
UV_FOLDER = ROOT / ".uv"
UNFINISHED = UV_FOLDER / "unfinished"  # there while a set-up runs, and after one that was cut short
OWN_UV = UV_FOLDER / BIN / f"uv{EXE}"
OWN_UV_VERSION = "0.13.9"

MEND = "Without a network: connect once and run it again; afterwards nothing needs one."


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the path of a Python that has what the slides need.")
    parser.add_argument("--group", action="append", default=[], help="a group of pyproject.toml, in addition")
    parser.add_argument("--lacking", action="store_true", help="print what the Python that runs this lacks")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that uv ends with us
    try:
        if args.lacking:
            print(*lacking(args.group), sep="\n")
        else:
            print(conda_python(args.group) or venv_python(args.group))
    except KeyboardInterrupt:
        say("Set-up interrupted: the next run repairs it.")
        return 128 + signal.SIGINT
    except OSError as error:
        stop(f"Setting up failed: {error.strerror}: {error.filename}")
    return 0


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def stop(words: str) -> NoReturn:
    say(words)
    sys.exit(2)


# --- an active conda environment -------------------------------------------------------------------------


def conda_python(groups: list[str]) -> Path | None:
    """The active conda environment's Python; None, and a line that says why, where it will not do."""
    prefix = os.environ.get("CONDA_PREFIX")
    if not prefix:
        return None
    python = Path(prefix, "python.exe" if WINDOWS else "bin/python")
    faults = ["it has no Python"]
    if python.exists():
        command = [str(python), __file__, "--lacking", *options(groups)]
        asked = subprocess.run(command, capture_output=True, encoding="utf-8")
        faults = asked.stdout.splitlines() if asked.returncode == 0 else [last_line(asked.stderr)]
    if not any(faults):
        return python
    more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
    say(f"The conda environment {Path(prefix).name} will not do: {', '.join(faults[:3])}{more}. Using .venv.")
    return None


def lacking(groups: list[str]) -> list[str]:
    """What this Python lacks of pyproject.toml, a line each."""
    import tomllib
    from importlib import metadata

    try:
        from packaging.requirements import Requirement
    except ImportError:
        return ["it lacks packaging, which Jupyter brings"]
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    needs = [project["project"]["dependencies"], *(project["dependency-groups"][group] for group in groups)]
    faults = []
    for need in (Requirement(line) for lines in needs for line in lines):
        if need.marker and not need.marker.evaluate():
            continue
        try:
            version = metadata.version(need.name)
        except metadata.PackageNotFoundError:
            faults.append(f"it lacks {need.name}")
        else:
            if not need.specifier.contains(version, prereleases=True):
                faults.append(f"its {need.name} {version} is not {need.specifier}")
    for name in ("mpi4py", "mpich", "openmpi", "impi_rt"):  # they and the wheels overwrite each other's files
        if any(Path(sys.prefix, "conda-meta").glob(f"{name}-[0-9]*.json")):
            faults.append(f"conda's {name} is a second MPI in it")
    return faults


# --- .venv -----------------------------------------------------------------------------------------------


def venv_python(groups: list[str]) -> Path:
    """The Python of .venv, which is brought in step first where it is not."""
    if not in_step(groups):
        with alone():
            if not in_step(groups):  # else the set-up that was waited for has done it
                set_up(groups)
    return VENV_PYTHON


def in_step(groups: list[str]) -> bool:
    """Whether .venv works as it is. Its Python may be another than this one, unless PYTHON asks for this."""
    stamp = read_stamp()
    return (
        stamp["folder"] == str(VENV)
        and stamp["source"] == source()
        and set(groups) <= set(stamp["groups"])
        and VENV_PYTHON.exists()
        and ("PYTHON" not in os.environ or stamp["python"] == sys.version)
    )


def read_stamp() -> dict[str, Any]:
    """What .venv was made from, as far as that is known."""
    stamp: dict[str, Any] = {"folder": None, "source": None, "python": None, "groups": []}
    with contextlib.suppress(OSError, ValueError):  # none yet, or half written
        stamp |= json.loads(STAMP.read_bytes())
    return stamp


def source() -> str:
    """A digest of what .venv is made from, a Python that was upgraded in its place included."""
    python = os.fsencode(VENV_PYTHON.resolve())
    return hashlib.sha256(b"\0".join([PROJECT.read_bytes(), LOCK.read_bytes(), python])).hexdigest()


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up of this folder runs, and keep others waiting."""
    UV_FOLDER.mkdir(exist_ok=True)
    with (UV_FOLDER / "lock").open("w") as lock:
        with contextlib.suppress(ImportError):  # Windows has no fcntl: there uv's own lock must do
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("Waiting for another set-up of this folder to end ...")
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def set_up(groups: list[str]) -> None:
    """Bring .venv in step with uv.lock; one that was cut short or moved is installed anew."""
    interrupted = UNFINISHED.exists()
    if VENV.is_dir() and any(VENV.iterdir()) and not (VENV / "pyvenv.cfg").is_file():
        if not interrupted:  # uv would follow bin/python and install into the user's own Python (seen: 0.13)
            stop(f"{VENV} is no virtual environment (it has no pyvenv.cfg): move it away and run this again.")
        shutil.rmtree(VENV)
    uv = shutil.which("uv") or own_uv()
    command = [uv, "sync", "--locked", "--inexact", "--python", sys.executable, *options(groups)]
    if interrupted or read_stamp()["folder"] not in (None, str(VENV)):  # the scripts in it hold their path
        command.append("--reinstall")
    environment = os.environ | {
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_COMPILE_BYTECODE": "1",  # else the first start on stage compiles for seconds
    }
    environment.pop("VIRTUAL_ENV", None)  # another project's: uv would warn of it
    say("Setting up .venv: the packages of uv.lock (once: 200 MB, about a minute) ...")
    STAMP.unlink(missing_ok=True)
    UNFINISHED.touch()
    if subprocess.run(command, cwd=ROOT, env=environment, stdout=sys.stderr).returncode:
        stop(f"Setting up .venv failed, see above. {MEND}")
    stamp = {"folder": str(VENV), "source": source(), "python": sys.version, "groups": groups}
    STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    UNFINISHED.unlink()


def own_uv() -> str:
    """Our own copy of uv, fetched first where there is none; the user's Python stays as it is."""
    if OWN_UV.is_file():
        return str(OWN_UV)
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        stop(
            "This Python cannot make environments: sudo apt install python3-venv (Debian, Ubuntu), or get uv."
        )
    say(f"Setting up: fetching uv {OWN_UV_VERSION}, which installs the packages ...")
    maker = UV_FOLDER / "maker"
    environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(maker)],
        [str(maker / BIN / "python"), "-m", "pip", "install", "--retries=1", f"uv=={OWN_UV_VERSION}"],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8")
        if done.returncode:
            stop(f"Fetching uv failed: {last_line(done.stdout + done.stderr)}. {MEND}")
    OWN_UV.parent.mkdir(exist_ok=True)
    (maker / BIN / OWN_UV.name).replace(OWN_UV)  # whole or not at all
    shutil.rmtree(maker)
    return str(OWN_UV)


def options(groups: list[str]) -> list[str]:
    return [word for group in groups for word in ("--group", group)]


def last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


if __name__ == "__main__":
    sys.exit(main())
