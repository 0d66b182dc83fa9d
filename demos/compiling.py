"""Cython files beside the demos, compiled when they are first used and then kept in Cython's cache.

    module = compiled("cython_fib.pyx")

A .pyx may include a .c that lies beside it: one call of the compiler, the same flags for both. In the
environment CYTHON_CACHE_DIR may name another folder for the cache, CC another compiler than Python's own.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from importlib.machinery import ExtensionFileLoader, ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from harness import CannotRun
from sources import included

HERE = Path(__file__).resolve().parent
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
MSVC = sysconfig.get_platform().startswith("win") and "GCC" not in sys.version
LIBOMP = ["/opt/homebrew/opt/libomp", "/usr/local/opt/libomp", "/opt/local"]  # Homebrew's two, MacPorts'


class Missing(CannotRun):
    """What the compiler lacks, and the command that brings it."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}: {mend}")
        self.what, self.mend = what, mend


def install(debian: str, fedora: str, macos: str, windows: str) -> str:
    """The command of this system that installs something."""
    if sys.platform in ("darwin", "win32"):
        return macos if sys.platform == "darwin" else windows
    return f"sudo dnf install {fedora}" if shutil.which("dnf") else f"sudo apt install {debian}"


# Lines that tell of an error: Cython's, a compiler's, a linker's. The last of all only repeats the command.
ERROR = re.compile(
    r"^(?!.*(ommand ['\[]|warning:|note:))(\w+\.pyx:\d|.*([Ee]rror:|cannot find|not found|No module))"
)
VISUAL = "install “Desktop development with C++” of Visual Studio’s Build Tools"
C_COMPILER = install("build-essential", "gcc", "xcode-select --install", VISUAL)
HEADERS = install("python3-dev", "python3-devel", "brew install python", "install Python from python.org")
OPENMP = install("build-essential", "gcc", "brew install libomp", VISUAL)


@functools.cache
def compiled(file: str, openmp: bool = True, **directives: bool) -> Any:
    """The module of a .pyx beside this file: loaded, or compiled first, which a line tells of.

    Without openmp the compiler gets no OpenMP flag. A directive such as boundscheck counts where the file
    itself does not set it. CannotRun says what is missing, in one line.
    """
    try:
        import Cython
    except ImportError as error:
        raise Missing(f"Cython cannot be imported ({error})", "pip install cython") from None
    source, compiler = HERE / file, c_compiler()
    flags = openmp_flags(compiler) if openmp else ([], [])
    kept = kept_at(source, [Cython.__version__, sys.version, identity(compiler), flags, directives])
    if not kept.exists():
        print(f"Compiling {file}, once ...")
        build(source, kept, flags, directives)
    loader = ExtensionFileLoader(source.stem, str(kept))
    module = module_from_spec(ModuleSpec(source.stem, loader, origin=str(kept)))
    loader.exec_module(module)
    return module


def c_compiler() -> list[str]:
    """The command of the C compiler; on Windows setuptools finds Microsoft's by itself."""
    if MSVC:
        return []
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    if not shutil.which(command[0]):
        raise Missing(f"no C compiler, {command[0]}", C_COMPILER)
    return command


def identity(command: list[str]) -> list[Any]:
    """What tells this compiler from another, without starting it."""
    if not command:
        return []
    real = Path(shutil.which(command[0]) or command[0]).resolve()
    return [command, os.environ.get("CFLAGS"), str(real), real.stat().st_size, real.stat().st_mtime_ns]


def openmp_flags(compiler: list[str]) -> tuple[list[str], list[str]]:
    """What a compiler and its linker want to be told for OpenMP."""
    if MSVC:
        return ["/openmp:llvm"], []  # plain /openmp is OpenMP 2.0, without omp_set_schedule
    if sys.platform == "darwin" and not re.search(r"gcc-\d", compiler[0]):  # Apple's gcc is its clang
        place = next((place for place in LIBOMP if Path(place, "include/omp.h").exists()), sys.prefix)
        return ["-Xpreprocessor", "-fopenmp", f"-I{place}/include"], [f"-L{place}/lib", "-lomp"]
    return ["-fopenmp"], ["-fopenmp"]


def kept_at(source: Path, circumstances: Any) -> Path:
    """Where the cache has what is compiled from these texts in these circumstances."""
    digest = hashlib.sha256(json.dumps(circumstances, sort_keys=True).encode())
    for path in [source, *included(source)]:
        digest.update(path.read_bytes())
    return Path(cache(), "demos", f"{source.stem}-{digest.hexdigest()[:16]}{SUFFIX}")


def cache() -> Path:
    """The folder of Cython's own caches; asking Cython for it would take a tenth of a second."""
    if chosen := os.environ.get("CYTHON_CACHE_DIR"):
        return Path(chosen)
    system = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA", "~/AppData/Local")}
    caches = os.environ.get("XDG_CACHE_HOME") or system.get(sys.platform, "~/.cache")
    return Path(caches, "cython").expanduser()


def build(source: Path, kept: Path, flags: tuple[list[str], list[str]], directives: dict[str, bool]) -> None:
    """Compile in a folder of its own, then put it into the cache in one step: others may do so meanwhile."""
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(dir=kept.parent)
    except OSError as error:
        mend = "set CYTHON_CACHE_DIR to a folder of yours"
        raise CannotRun(f"cannot write to {kept.parent} ({error.strerror}): {mend}") from None
    with folder as place:
        for path in [source, *included(source)]:
            shutil.copy(path, place)
        command = [sys.executable, __file__, json.dumps(flags), json.dumps(directives)]
        done = subprocess.run(
            command,
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        made = Path(place, source.stem + SUFFIX)
        if done.returncode:
            raise reason(source.name, done.stdout)
        try:
            made.replace(kept)
        except PermissionError:  # Windows: another process has already loaded the same
            if not kept.exists():
                raise


def reason(file: str, words: str) -> CannotRun:
    """What is missing, from what was said while compiling; else the first line that tells of an error."""
    errors = [line.strip() for line in words.splitlines() if ERROR.search(line)]
    text = "\n".join(errors)
    if missing := re.search(r"No module named '(\w+)'", text):
        return Missing(f"{missing[1]} is missing", f"pip install {missing[1]}")
    if "Python.h" in text:
        return Missing("no Python.h", HEADERS)
    if re.search(r"\bomp\.h|-l(g|i)?omp\b|libgomp|unsupported option '-fopenmp'", text):
        return Missing("no OpenMP", OPENMP)
    if "Microsoft Visual C++" in text:
        return Missing("no C compiler", C_COMPILER)
    return CannotRun(f"{file} cannot be compiled: {[*errors, 'no reason given'][0]}")


def compile_here(flags: str, directives: str) -> None:
    """In a process of its own: Cython and setuptools need not be imported where nothing is to be compiled."""
    from setuptools import Distribution, Extension  # before Cython, which then takes its compilers

    from Cython.Build import cythonize  # isort: skip

    compiling, linking = json.loads(flags)
    fast = [] if MSVC else ["-O3", "-g0"]  # g0: nobody debugs it, and compiling takes half the time
    (file,) = Path().glob("*.pyx")
    options = {"extra_compile_args": fast + compiling, "extra_link_args": linking}
    level = {"language_level": "3", **json.loads(directives)}
    modules = cythonize([Extension(file.stem, [file.name], **options)], compiler_directives=level, quiet=True)
    command = Distribution({"ext_modules": modules}).get_command_obj("build_ext")
    command.inplace = True
    command.ensure_finalized()
    command.run()


if __name__ == "__main__":
    compile_here(*sys.argv[1:])
