"""Compile beforehand what the cells of some notebooks compile at their first run, so that no audience waits.

    $ python slides/warm.py NOTEBOOK ...

The cells with %%cython, and the demos with a .pyx. What is compiled is kept in the user's cache, where the
kernels find it. make present does so beside the talk, make slides and make record before they run a cell.

As an extension of IPython it gives each kernel %%cython without a %load_ext: Cython's own, loaded when it is
called, or the line that says what is missing.
"""

import json
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import record
import running
import sources

MAGIC = "%%cython"


def cells(notebook: Path) -> list[str]:
    """The notebook's cells that compile when they run."""
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [text for cell in found if (text := "".join(cell["source"])).startswith(MAGIC)]


def demos(notebooks: Iterable[Path]) -> list[str]:
    """The demos that these notebooks run and that compile something."""
    found = [demo for notebook in notebooks for (demo, *_), _ in record.calls("run", notebook)]
    return [demo for demo in dict.fromkeys(found) if sources.is_compiled(demo)]


def needed(notebooks: Sequence[Path]) -> bool:
    """Whether there may be anything to compile for these notebooks."""
    return any(map(cells, notebooks)) or bool(demos(notebooks))  # cells first: to look for demos takes longer


def command(notebooks: Iterable[Path]) -> list[str]:
    """What compiles for these notebooks, in a process of its own."""
    return [sys.executable, str(Path(__file__).resolve()), *map(str, notebooks)]


# --- the magic -------------------------------------------------------------------------------------------


def load_ipython_extension(shell: Any) -> None:
    shell.register_magic_function(cython, "cell")


def cython(line: str, cell: str) -> None:
    """Cython's own %%cython, and a line on what can be called now."""
    import compiling
    from IPython import get_ipython

    try:
        compiling.c_compiler()
        from Cython.Build.IpythonMagic import CythonMagics
    except (compiling.Missing, ImportError) as missing:
        print(missing)
        return
    shell, names, start = get_ipython(), re.findall(r"^def (\w+)", cell, re.MULTILINE), time.monotonic()
    for name in names:
        shell.user_ns.pop(name, None)
    CythonMagics(shell).cython(line, cell)
    if all(name in shell.user_ns for name in names):
        print(f"Ready after {time.monotonic() - start:.2f} s: {', '.join(names)}")


def configure(ipython: Path) -> None:
    """Let every kernel that has this as its IPYTHONDIR load the extension."""
    profile = ipython / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    config = f"c = get_config()\nc.InteractiveShellApp.extensions = ['{Path(__file__).stem}']\n"
    (profile / "ipython_kernel_config.py").write_text(config, encoding="utf-8")


def main(notebooks: list[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    if hasattr(os, "nice"):
        os.nice(19)  # beside a talk
    paths = [Path(name) for name in notebooks]
    if texts := [text for path in paths for text in cells(path)]:
        shell = InteractiveShell.instance()
        load_ipython_extension(shell)
        for text in texts:
            shell.run_cell(text)
    for demo in demos(paths) if not os.environ.get("REPLAY") else []:
        running.compile_first(demo)


if __name__ == "__main__":
    main(sys.argv[1:])
