"""A notebook without a browser: its cells run in a real Jupyter kernel, which ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness import CannotRun, ctrl_c_is_mine, needs_packages

with needs_packages():
    import psutil
    from jupyter_client import KernelManager
    from jupyter_client.kernelspec import KernelSpecManager

START = 30  # seconds until the kernel answers; it takes one or two
PATIENCE = 40  # seconds for a cell
END = 2  # seconds that its processes have to leave in order
IPC = {"transport": "ipc"} if os.name == "posix" else {}  # sockets are files; else the loopback is used


@contextlib.contextmanager
def notebook(*cells: str) -> Iterator[Notebook]:
    """A notebook that has run these cells."""
    with tempfile.TemporaryDirectory() as folder:
        native = KernelSpecManager(kernel_dirs=[])  # this Python, whatever kernels are installed
        kernel = KernelManager(kernel_spec_manager=native, connection_file=f"{folder}/kernel", **IPC)
        try:
            book = Notebook(kernel, Path(folder))
            for cell in cells:
                book.run(cell)
            yield book
        finally:
            late: list[Any] = []  # a Ctrl-C from now on waits until all is in order
            before = signal.signal(signal.SIGINT, lambda *_: late.append(True))
            if kernel.has_kernel:
                end(kernel.provisioner.process.pid)
            kernel.shutdown_kernel(now=True)
            signal.signal(signal.SIGINT, before)
            if late:
                raise KeyboardInterrupt


def end(pid: int) -> None:
    """End a process and all below it; trackers of resources ignore it until they have tidied up."""
    family = []
    with contextlib.suppress(psutil.Error):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for step in (psutil.Process.terminate, psutil.Process.kill):
        for process in family:
            with contextlib.suppress(psutil.Error):
                step(process)
        _, family = psutil.wait_procs(family, timeout=END)


class Notebook:
    """Runs cells, one after the other."""

    def __init__(self, kernel: KernelManager, folder: Path) -> None:
        self.log = folder / "log"
        places = {"cwd": folder, "env": {**os.environ, "IPYTHONDIR": str(folder)}}
        with ctrl_c_is_mine(), open(self.log, "w") as log:
            kernel.start_kernel(stdout=log, stderr=log, **places)
        self.client = kernel.blocking_client()
        self.client.start_channels()
        try:
            self.client.wait_for_ready(timeout=START)
        except RuntimeError:
            raise CannotRun(f"the notebook's kernel did not answer in {START} s: run it again") from None

    def run(self, cell: str) -> tuple[float, str, str]:
        """The seconds that a cell took, what it printed, and its error."""
        printed: list[str] = []

        def listen(message: dict[str, Any]) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed.append(message["content"]["text"])

        start = time.perf_counter()
        try:
            reply = self.client.execute_interactive(cell, output_hook=listen, timeout=PATIENCE)["content"]
        except TimeoutError:
            raise CannotRun(f"a cell did not end in {PATIENCE} s: run it again") from None
        error = "" if reply["status"] == "ok" else f"{reply['ename']}: {reply['evalue']}"
        return time.perf_counter() - start, "".join(printed).strip(), error

    def complaints(self) -> str:
        """What its worker processes said before they died."""
        return self.log.read_text(encoding="utf-8", errors="replace")
