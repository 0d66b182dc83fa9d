"""Two ranks of MPI that may hang or abort: under an mpiexec of their own, which a deadline ends.

Ranks that wait for each other say nothing, though they compute all the time (MPI polls). So the deadline is a
silence, and a longer one where the start tells that the machine is busy.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from subprocess import DEVNULL, PIPE, STDOUT, Popen
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import launcher
import textpicture
from harness import Attachment, CannotRun, Run, ctrl_c_is_mine, needs_packages

with needs_packages():
    import mpi4py  # noqa: F401  (this starts no MPI: the process that looks on is no rank)
    import watchdog

HERE = Path(__file__).resolve().parent
FOLDER = "DOOMED_RANKS_STACKS"  # in the ranks' environment: where they write where they stand
BEGUN = "two ranks began"
Outcome = tuple[str, float, str, list[str]]  # variant, value, a word for it, lines of the picture
START = 60.0  # seconds until then; a fraction of one will do, but other programs may be in the way
TIMES = 3  # after so many times the longest silence so far, the start included, nothing comes any more
MOMENT = 2.0  # seconds, for the ranks to write where they stand
SOON = 0.02  # seconds
ASK = getattr(signal, "SIGUSR1", None)  # mpiexec hands it on to the ranks; Windows has none


@dataclass
class Told:
    """What two ranks printed, and how it ended."""

    lines: list[str] = field(default_factory=list)
    seconds: float = 0.0  # from their beginning to the end, or to the deadline
    hangs: bool = False
    stacks: list[str] = field(default_factory=list)  # of each rank that hung and can be asked


def watch(words: Iterable[str], least: float) -> Told:
    """Have two ranks run `python words` until they end, or have been silent for `least` seconds or longer."""
    told = Told()
    with tempfile.TemporaryDirectory() as folder, two_ranks(words, folder) as (mpiexec, said):
        silence, moments = START, [perf_counter()]
        try:
            while (line := said.get(timeout=silence)) is not None:
                told.lines.append(line)
                moments.append(perf_counter())
                silence = max(least, TIMES * max(b - a for a, b in zip(moments, moments[1:])))
        except Empty:
            told.hangs = True
        told.seconds = perf_counter() - moments[:2][-1]
        if BEGUN not in told.lines:
            last = next(filter(None, reversed(told.lines)), f"no word from the ranks within {START:g} s")
            raise CannotRun(f"mpiexec: {last}")
        if told.hangs:
            told.stacks = stacks(mpiexec, Path(folder))
    return told


@contextmanager
def two_ranks(words: Iterable[str], folder: str) -> Iterator[tuple[Popen[str], Queue[str | None]]]:
    """A running mpiexec, and the lines of its ranks, with None after the last.

    Nothing is left of them at the end, nor if this process is killed.
    """
    program, said = launcher.mpiexec(), Queue[Any]()
    mark = watchdog.mark("DOOMED_RANKS")
    guard = watchdog.guard(mark, folder)
    try:
        with ctrl_c_is_mine():
            mpiexec = Popen(
                [program, "-n", "2", sys.executable, "-u", *words],
                cwd=HERE,
                env=os.environ | mark | {FOLDER: folder},
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        Thread(target=read, args=[mpiexec, said], daemon=True).start()
        yield mpiexec, said
    finally:
        watchdog.end(mark)
        guard.kill()
        guard.wait()


def read(mpiexec: Popen[str], said: Queue[Any]) -> None:
    for line in mpiexec.stdout or ():
        said.put(line.rstrip())
    mpiexec.wait()
    said.put(None)


def stacks(mpiexec: Popen[str], folder: Path) -> list[str]:
    """Where each rank stands, by faulthandler; nothing where they cannot be asked."""
    files = sorted(folder.iterdir())
    if files and ASK:
        mpiexec.send_signal(ASK)
    end, found = perf_counter() + MOMENT, [""] * len(files)
    while not all("<module>" in each for each in found) and perf_counter() < end:
        sleep(SOON)
        found = [file.read_text() for file in files]
    return found


def begin() -> Any:
    """On each rank: start MPI and say so; the communicator."""
    import ranks  # noqa: F401  (it leaves nothing in shared memory)
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    if comm.rank == 0:
        print(BEGUN)
    comm.Barrier()
    return comm


def tell_when_asked(rank: int) -> None:
    """Be ready to write where this rank stands, even from within MPI."""
    if ASK:
        file = open(os.path.join(os.environ[FOLDER], str(rank)), "w")  # noqa: SIM115  (open to the end)
        faulthandler.register(ASK, file)


def shown(tried: Iterable[Outcome], measure: str, unit: str, marked: str) -> Iterator[Run | Attachment]:
    """A row for each that was tried; a picture of all, where what the pattern matches stands out."""
    print("Starting two ranks ...")
    lines: list[str] = []
    for variant, value, outcome, more in tried:
        lines += more
        yield Run(variant, [value], measure, unit, {"outcome": outcome})
    yield Attachment("outcomes", "\n".join(lines), textpicture.draw(lines, marked))
