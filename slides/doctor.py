"""make doctor: what works on this machine, and the mend for what does not.

    $ python slides/doctor.py [CHECK ...]

A line a check: ok; note, for what a talk can do without; MEND, with what to do behind the arrow. The checks
compute something and compare it with the known answer. Exit status 1 when anything is to be mended.
"""

import argparse
import contextlib
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import present
import setup
import talks
import watchdog

ROOT = Path(__file__).resolve().parent.parent
SLIDES = ROOT / "slides"
TALK = present.EMERGENCY
BUILD = ROOT / "build" / "doctor"
sys.path.append(str(ROOT / "demos"))
import compiling  # noqa: E402  (demos/ is not a package)
import interpreters  # noqa: E402
from compiling import C_COMPILER, install  # noqa: E402
from compiling import OPENMP as OPENMP_LIBRARY  # noqa: E402
from harness import CannotRun  # noqa: E402
from machine import cores, machine  # noqa: E402

DEADLINE = 25.0  # seconds; the checks run side by side, so it bounds them all
FINDING = "finding.json"
FIRST_PRIMES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]
SUM = 435  # of the numbers below 30
PROGRAMS = ("firefox", "chromium", "chromium-browser", "google-chrome", "microsoft-edge")
MAC_PROGRAMS = ("Firefox", "Google Chrome", "Chromium", "Microsoft Edge", "Safari")

PRIMES = """
def first(int count):
    cdef int number = 2, divisor
    found = []
    while len(found) < count:
        for divisor in range(2, number):
            if number % divisor == 0:
                break
        else:
            found.append(number)
        number += 1
    return found
"""

OPENMP = """
#include <stdio.h>

int main(void) {
    int sum = 0, threads = 0;
    #pragma omp parallel reduction(+: sum, threads)
    {
        threads += 1;
        #pragma omp for
        for (int i = 0; i < 30; i++) sum += i;
    }
    printf("%d %d", sum, threads);
}
"""


class Note(Exception):
    """What was found, and what could be done about it."""


class Mend(Exception):
    """What is wrong, and what to do about it: until then, a slide fails."""


ANEW = "remove .venv, or make the conda environment anew; then make doctor"
BROWSER = install("chromium", "chromium", "brew install --cask firefox", "install Firefox")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("check", nargs="*", help=f"only these: {', '.join(CHECKS)}")
    names = parser.parse_args().check or list(CHECKS)
    if unknown := set(names) - CHECKS.keys():
        print(
            f"make doctor: no check is called {min(unknown)}; there are {', '.join(CHECKS)}", file=sys.stderr
        )
        return 2
    try:
        return examine(names)
    except KeyboardInterrupt:
        print("make doctor: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # as by: make doctor | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def examine(names: Sequence[str]) -> int:
    """Start all checks side by side and print what each found, in order; 1 when one says MEND."""
    BUILD.mkdir(parents=True, exist_ok=True)
    mark = watchdog.mark("DOCTOR_RUN")
    watchdog.guard(mark)
    worst = 0
    deadline = time.monotonic() + DEADLINE
    with TemporaryDirectory(dir=BUILD) as folder:
        try:
            children = {name: start(name, Path(folder, name), mark) for name in names}
            for name, child in children.items():
                state, text, mend = finding(child, Path(folder, name), deadline)
                arrow = f"  ->  {mend}" if mend else ""
                print(f"{state:<6}{name:<14}{text}{arrow}", flush=True)
                worst |= state == "MEND"
        finally:
            watchdog.end(mark)
    return worst


def start(name: str, folder: Path, mark: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a check in a process and a folder of its own, with nobody's Jupyter but that folder's."""
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, __file__, "--child", name],
            cwd=folder,
            env=present.environment(folder) | mark,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def finding(child: subprocess.Popen[bytes], folder: Path, deadline: float) -> tuple[str, str, str]:
    """What the check found, once it is done: state, text, mend."""
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
        state, text, mend = json.loads((folder / FINDING).read_text(encoding="utf-8"))
        return state, text, mend
    except subprocess.TimeoutExpired:
        return "MEND", f"no answer within {DEADLINE:g} s", "end what keeps the cores busy; then make doctor"
    except FileNotFoundError:
        words = (folder / "log").read_text(encoding="utf-8", errors="replace")
        return "MEND", f"ended with status {child.returncode}: {cause(words)}", ANEW


def run_check(name: str) -> None:
    """What the child does: the check's finding goes to a file."""
    try:
        found = ("ok", CHECKS[name](), "")
    except Note as note:
        found = ("note", *note.args)
    except Mend as mend:
        found = ("MEND", *mend.args)
    except Exception as error:  # whatever a broken installation raises
        found = ("MEND", f"{type(error).__name__}: {cause(str(error))}", ANEW)
    Path(FINDING).write_text(json.dumps(found), encoding="utf-8")


# --- the checks: each returns what works, or raises a Note or a Mend ---------------------------------------


def python() -> str:
    if faults := setup.lacking([]):
        raise Mend(f"{sys.prefix}: {', '.join(faults)}", ANEW)
    prefix = Path(sys.prefix)
    place = prefix.relative_to(ROOT) if prefix.is_relative_to(ROOT) else prefix
    return f"{sys.version.split()[0]} in {place}, with every package"


def usable_cores() -> str:
    found, load = cores(), machine()["load"]
    quota = f"quota {found['quota']:g}" if found["quota"] else "no quota"
    text = f"{found['usable']} usable ({found['logical']} in all, {found['affinity']} by affinity, {quota})"
    if found["usable"] < 2:
        raise Note(text, "give this machine two: on one core nothing runs in parallel")
    if load is None:  # Windows
        return text
    text += f", load {load:.1f}"
    if load > 0.75 * found["usable"]:
        raise Note(text, "end what keeps the cores busy, or every picture shows it")
    return text


def compiler() -> str:
    """A Cython function is translated, compiled against Python.h, imported and called."""
    command = c_compiler()
    Path("primes.pyx").write_text(PRIMES, encoding="utf-8")
    module = Path(f"primes{compiling.SUFFIX}")
    with to_be_mended():
        compiling.build(Path("primes.pyx"), module, ([], []), {})
    found = output([sys.executable, "-c", "import primes; print(primes.first(10))"], C_COMPILER)
    expect(found, str(FIRST_PRIMES), C_COMPILER)
    return f"{version(command)}, Python.h; the first primes by Cython"


def openmp() -> str:
    command = c_compiler()
    compile_flags, link_flags = compiling.openmp_flags(command)
    Path("sum.c").write_text(OPENMP, encoding="utf-8")
    output([*command, *compile_flags, "sum.c", "-o", "sum", *link_flags], OPENMP_LIBRARY)
    total, threads = output([str(Path("sum").resolve())], OPENMP_LIBRARY).split()
    expect(int(total), SUM, OPENMP_LIBRARY)
    if threads == "1" and cores()["usable"] > 1:
        limit = os.environ.get("OMP_NUM_THREADS", "not set")
        raise Note("one thread only", f"set OMP_NUM_THREADS (now {limit}) to the number of cores")
    return f"a sum by {threads} threads"


def numba() -> str:
    import numba

    @numba.njit(parallel=True)
    def total(n):  # type: ignore[no-untyped-def]
        result = 0
        for i in numba.prange(n):
            result += i
        return result

    expect(total(30), SUM, ANEW)
    layer = numba.threading_layer()
    return f"{numba.__version__}, a sum by {numba.get_num_threads()} threads ({layer})"


def processes() -> str:
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(2) as pool:
        prime = pool.map(is_prime, range(30))
        expect([number for number, yes in enumerate(prime) if yes], FIRST_PRIMES, ANEW)
    return "the first primes by a pool of 2"


def is_prime(number: int) -> bool:
    return number > 1 and all(number % divisor for divisor in range(2, number))


def mpi() -> str:
    mpiexec = shutil.which("mpiexec")
    if not mpiexec:
        raise Mend("no mpiexec", ANEW)
    os.environ["UCX_NET_DEVICES"] = "lo"  # else Linux ranks listen to the network
    command = [mpiexec, "-n", "2", sys.executable, "-m", "mpi4py", __file__, "--rank"]
    ranks, pi, *library = output(command, ANEW).splitlines()[-1].split()  # UCX may warn before
    if ranks != "2":
        raise Mend(f"{mpiexec} is of another MPI than mpi4py's {' '.join(library)}", ANEW)
    expect(round(float(pi), 6), round(math.pi, 6), ANEW)
    return f"{' '.join(library)}, pi by 2 ranks"


def run_rank() -> None:
    """What each rank does: its share of pi = the integral of 4 / (1 + x²); the first says what they found."""
    from mpi4py import MPI

    comm, steps = MPI.COMM_WORLD, 1000
    points = ((i + 0.5) / steps for i in range(comm.rank, steps, comm.size))
    pi = comm.allreduce(sum(4 / (1 + x * x) for x in points) / steps)
    if comm.rank == 0:
        vendor, release = MPI.get_vendor()
        print(comm.size, pi, vendor, ".".join(map(str, release)))


def cluster() -> str:
    import ipyparallel

    with ipyparallel.Cluster(n=2, controller_args=["--HeartMonitor.period=500"]) as client:  # default: 7 s
        engines = client[:]
        expect(sum(engines.map_sync(abs, range(30))), SUM, ANEW)
        expect(len(set(engines.apply_sync(os.getpid))), 2, ANEW)
    return f"ipyparallel {ipyparallel.__version__}, a sum by 2 engines"


def rise() -> str:
    """The server of make present answers for both engines."""
    talk, home = talks.chosen(), Path("talk").resolve()
    present.prepare(talk, home)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = present.start(home, port, present.environment(home) | {"JUPYTER_TOKEN": "doctor"})
    try:
        first = f"{talk.parts[0].stem}.ipynb"
        pages = ("stage", f"rise/{first}", f"nbclassic/notebooks/{first}", "nbextensions/rise/main.js")
        for page in pages:
            status = answer(f"http://127.0.0.1:{port}/{page}?token=doctor", server)
            if status != 200:
                raise Mend(f"the server answers {status} to /{page}", ANEW)
    finally:
        server.kill()  # it has no kernels yet; a TERM this early was seen to be lost
        server.wait()
    names = ("jupyterlab-rise", "rise")
    return f"{', '.join(f'{name} {metadata.version(name)}' for name in names)}; the server answers for both"


def answer(url: str, server: subprocess.Popen[bytes]) -> int:
    """The HTTP status that the server answers with, once it listens; no proxy stands between."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while server.poll() is None:
        try:
            with direct.open(url) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code
        except urllib.error.URLError:  # not yet
            time.sleep(0.05)
    raise Mend(f"the server ended with status {server.returncode}", ANEW)


def fallbacks() -> str:
    """Each run of the slides has a recording to fall back on, made on a machine like this."""
    import recordings
    from record import runs

    found = {recordings.name(*run): recordings.best(*run) for run in runs()}
    if missing := [name for name, taken in found.items() if taken is None]:
        named = ", ".join(missing[:2]) + (f" and {len(missing) - 2} more" if len(missing) > 2 else "")
        raise Mend(f"no fresh one of {named}", "make record")
    here = cores()["usable"]
    others = {taken["machine"]["cores"]["usable"] for taken in found.values() if taken} - {here}
    if others:
        made = f"{', '.join(map(str, sorted(others)))} cores; this machine has {here}"
        raise Note(f"{len(found)}, some made with {made}", "make record")
    return f"{len(found)}, one for each run of the slides"


def emergency() -> str:
    """The whole talk in one file, for when everything else fails, is there and no older than the slides."""
    if not TALK.exists():
        raise Note("no emergency deck", "make slides")
    sources = [*SLIDES.glob("*.ipynb"), *SLIDES.glob("drawings/*.py"), *SLIDES.glob("recorded/*/*.json")]
    if TALK.stat().st_mtime < max(source.stat().st_mtime for source in sources):
        raise Note("the emergency deck is older than the slides", "make slides")
    return str(TALK.relative_to(ROOT))


def browser() -> str:
    for program in filter(None, map(shutil.which, PROGRAMS)):
        return version([program])
    for program in MAC_PROGRAMS:
        if Path(f"/Applications/{program}.app").exists():
            return program
    raise Mend("none found", BROWSER)


def free_threads() -> str:
    """There is a free-threaded Python, and it runs with its GIL off."""
    free = [each for each in interpreters.find()[0] if each.build == "free-threaded"]
    if free:
        newest = free[-1]
        expect(str(newest.gil), "False", "unset PYTHON_GIL")
        return f"{newest.version}, GIL off: {newest.executable}"
    raise Note("none found; a demo that wants one says so", "make free-threaded")


CHECKS = {
    "python": python,
    "cores": usable_cores,
    "compiler": compiler,
    "openmp": openmp,
    "numba": numba,
    "processes": processes,
    "mpi": mpi,
    "cluster": cluster,
    "rise": rise,
    "recordings": fallbacks,
    "emergency": emergency,
    "browser": browser,
    "free-threads": free_threads,
}


# --- their tools -------------------------------------------------------------------------------------------


def c_compiler() -> list[str]:
    with to_be_mended():
        return compiling.c_compiler()


@contextlib.contextmanager
def to_be_mended() -> Iterator[None]:
    """Say what compiling says as a check does."""
    try:
        yield
    except compiling.Missing as missing:
        raise Mend(missing.what, missing.mend) from None
    except CannotRun as error:
        raise Mend(str(error), C_COMPILER) from None


def output(command: Sequence[str], mend: str) -> str:
    """What the command prints; Mend when it fails."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        raise Mend(f"{Path(command[0]).name}: {cause(done.stderr or done.stdout)}", mend)
    return done.stdout.strip()


def version(command: Sequence[str]) -> str:
    """For example: gcc 12.2.0."""
    found = re.search(r"\d+(\.\d+)+", output([*command, "--version"], "see why it does not start"))
    return f"{Path(command[0]).name} {found[0] if found else ''}".strip()


def expect(found: object, answer: object, mend: str) -> None:
    if found != answer:
        raise Mend(f"the answer is {found}, not {answer}", mend)


def cause(words: str) -> str:
    """The line that says what went wrong: the first with the word error, else the last."""
    lines = words.strip().splitlines() or ["no words"]
    return next((line.strip() for line in lines if "error" in line.lower()), lines[-1].strip())[:200]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        run_check(sys.argv[2])
    elif sys.argv[1:] == ["--rank"]:
        run_rank()
    else:
        sys.exit(main())
