"""Options in; rows out as they finish; the same numbers as one record.

A demo names its options, hands its variants to compare(), sweep() or lanes(), and record() does the rest:

    args = parse_args(__doc__, argv, limit=(LIMIT, QUICK_LIMIT), workers=(None, 2))
    return record(args, compare(VARIANTS, blocks(args.limit), args.workers))

The record (record.schema.json) holds what was measured and where. Speedups, medians and fits are computed
from it, never stored. Standard library only, Python 3.9 or later.
"""
# ruff: noqa: E402  (the first lines are for a Ctrl-C while the rest is still imported)

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time


def leave_early(*signal_and_frame: object) -> None:
    """On a Ctrl-C before record() there is nothing to end."""
    say_interrupted()
    if RANKS is not None:
        import mpich_files  # this late, since a Ctrl-C may come before any import

        mpich_files.forget()
    if RANK:
        time.sleep(LET_SPEAK)
    os._exit(130)


def say_interrupted() -> None:
    """In one line, once."""
    if not SAID and RANK == 0:
        SAID.append(f"{os.path.basename(sys.argv[0])}: interrupted")
        print(*SAID, file=sys.stderr, flush=True)


def from_launcher(*names: str) -> int | None:
    """A number that mpiexec gave to this process, by the name that its MPI has for it."""
    return next((int(os.environ[name]) for name in names if name in os.environ), None)


RANK = from_launcher("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK") or 0  # rank 0 speaks for all
RANKS = from_launcher("PMI_SIZE", "OMPI_COMM_WORLD_SIZE")  # None: not started by mpiexec
LET_SPEAK = 0.2  # seconds for rank 0: when one rank is gone, mpiexec ends the others
SAID: list[str] = []


def stay_on_this_machine() -> None:
    """What MPI reads when it starts: no message leaves this machine, but for those of a site's own MPI."""
    if "MPI4PY_LIBMPI" not in os.environ:
        os.environ.setdefault("UCX_NET_DEVICES", "lo")


def prepare_rank() -> None:
    """Before MPI starts: its messages stay on this machine, and a Ctrl-C ends the rank even within MPI.

    A call of MPI lets no Python handler run, so a thread waits for the signal, which all others block.
    """
    stay_on_this_machine()
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        threading.Thread(target=lambda: leave_early(signal.sigwait({signal.SIGINT})), daemon=True).start()


IS_PROGRAM = os.path.dirname(os.path.realpath(sys.argv[0])) == os.path.dirname(os.path.realpath(__file__))
if IS_PROGRAM:
    with contextlib.suppress(ValueError):  # a subinterpreter hears no signals
        signal.signal(signal.SIGINT, leave_early)
    if RANKS is not None:
        prepare_rank()

import argparse
import functools
import importlib
import io
import json
import math
import operator
import re
import shlex
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from time import perf_counter, process_time
from types import FrameType
from typing import Any

from machine import commit, interpreter, machine, packages, usable_cores
from sources import RUN_LINE, source_hash
from terminal import ASCII, headline, lane_rows, run_rows

try:
    import resource
except ImportError:  # Windows: the CPU time of ended child processes is unknown there
    resource = None  # type: ignore[assignment]

SCHEMA = 1
REPEATS = 3  # of a call shorter than SHORT, after one call to warm up
SHORT = 1.0  # seconds; a longer call is measured once, its warm-up is a small part of it
MOMENT = 1.0  # seconds, for a pool to notice that its workers are gone
SOON = 0.001  # seconds
STARTS = 0.15  # seconds that a Python takes to start
REAPED = 0.01  # seconds in which a fork server notices that a child has ended
LAST = 4.0  # seconds after a Ctrl-C: whatever still waits then, waits for a lock that nobody frees any more
STARTED = perf_counter()  # the zero of the output's timestamps


class CannotRun(Exception):
    """What is missing and how to mend it, in one line: exit status 2."""


class WrongAnswer(Exception):
    """Two variants of one job disagree: exit status 1."""


@contextlib.contextmanager
def needs_packages() -> Iterator[None]:
    """Around the imports that a demo cannot do without: where one fails, a line and exit status 2."""
    try:
        yield
    except ImportError as error:
        package = (error.name or "a package").partition(".")[0]
        missing = isinstance(error, ModuleNotFoundError)
        why = f"is missing: pip install {package}" if missing else f"cannot be imported: {error}"
        if RANK == 0:
            print(f"{os.path.basename(sys.argv[0])}: {package} {' '.join(why.split())}", file=sys.stderr)
        sys.exit(2)


# --- options ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Number:
    """A numeric option: its default (None: one a usable core), its value under --quick, its limits."""

    default: float | None
    quick: float | None = None
    least: float = 0
    most: float = math.inf
    about: str = ""

    def parse(self, text: str) -> float:
        kind = float if isinstance(self.default, float) else int
        with contextlib.suppress(ValueError):
            value = kind(text)
            if math.isfinite(value) and value > 0 and self.least <= value <= self.most:
                return value
        kinds = "number" if kind is float else "whole number"
        limits = f"from {self.least:g} to {self.most:g}" if self.most < math.inf else f"above {self.least:g}"
        raise argparse.ArgumentTypeError(f"must be a {kinds} {limits}, not {text!r}")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, under MPI once."""

    def error(self, message: str) -> Any:
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")

    def exit(self, status: int = 0, message: str | None = None) -> Any:
        if message and RANK == 0:
            print(message, end="", file=sys.stderr)
        if "mpi4py.MPI" in sys.modules and IS_PROGRAM:
            # All ranks come here. Without this, `-m mpi4py` would abort; with os._exit, mpiexec would.
            sys.modules["mpi4py.MPI"].Finalize()
        sys.exit(status)

    def print_help(self, file: Any = None) -> None:
        if RANK == 0:
            super().print_help(file)


def parse_args(doc: str | None, argv: Sequence[str] | None = None, **options: Any) -> argparse.Namespace:
    """Read the command line of the demo whose docstring is given; --quick, --json, --plot come with it.

    Each option is (default, quick), a Number, the choices (a dict or list, the first is the default), or the
    help for a text that may be given.
    A number must be positive. Anything else prints one line and exits with status 2. Where the run line
    starts with mpiexec, workers are the ranks: its -n, no option; a Number limits them. python is what
    --python is by default: "here", "all", or one of elsewhere.NEWEST.
    """
    found = RUN_LINE.search(doc or "")
    if not found:
        raise ValueError("the docstring has no run line: '    $ python demos/….py'")
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser(f"{found['demo']}.py", description=doc, formatter_class=raw, allow_abbrev=False)
    line = found["line"].strip()
    ranks = options.pop("workers", Number(None)) if line.startswith("mpiexec") else None
    python = options.pop("python", "here")
    numbers = {}
    for name, option in options.items():
        if isinstance(option, (dict, list)):
            choices = list(option)
            parser.add_argument(f"--{name}", choices=choices, default=choices[0])
            continue
        if isinstance(option, str):
            parser.add_argument(f"--{name}", default="", metavar="NAME", help=option)
            continue
        number = option if isinstance(option, Number) else Number(*option)
        if name == "workers":
            most = 61 if sys.platform == "win32" else most_workers()  # 61: Windows' largest pool
            number = Number(number.default, number.quick, 1, most, "threads, processes or ranks")
        numbers[name] = number
        default = "one a usable core" if number.default is None else f"{number.default:g}"
        words = f"{number.about}{' ' * bool(number.about)}(default: {default})"
        parser.add_argument(f"--{name}", type=number.parse, metavar="N", help=words)
    if not ranks:
        which = "here, or another Python: a version such as 3.14t, a path, or all (from 3.9 on)"
        parser.add_argument("--python", metavar="WHICH", default=python, help=which)
    parser.add_argument("--quick", action="store_true", help="small numbers: the same code paths in a blink")
    parser.add_argument("--json", metavar="FILE", type=writable, help="write the record")
    parser.add_argument("--plot", metavar="FILE", type=writable, help="write the picture, an SVG file")
    args = parser.parse_args(argv)
    if args.json and args.json == args.plot:
        parser.error("--json and --plot name the same file")
    for name, number in numbers.items():
        if getattr(args, name) is None:
            quick = number.quick if args.quick else None
            setattr(args, name, quick or number.default or min(usable_cores(), number.most))
    args.doc, args.demo = doc, found["demo"]
    args.parameters = {name: getattr(args, name) for name in options}
    if ranks:
        args.workers = args.parameters["workers"] = check_ranks(parser, line, ranks)
        line = re.sub(r"-n \d+", f"-n {args.workers}", line)
    given = sys.argv[1:] if argv is None else argv
    args.command = f"{line} {shlex.join(without(given, '--json', '--plot'))}".strip()
    args.given = list(without(given, "--json", "--plot", "--python"))
    return args


def most_workers() -> int:
    """A slip of the finger must not start 10,000 processes."""
    return max(64, 4 * usable_cores())


def check_ranks(parser: Parser, line: str, ranks: Number) -> int:
    """How many ranks mpiexec started; exit with one line where it did not, or with too few or too many."""
    lacking = "" if shutil.which("mpiexec") else " (mpiexec comes with: pip install mpich)"
    if RANKS is None:
        parser.exit(2, f"{parser.prog}: runs under MPI; type: {line}{lacking}\n")
    elif not ranks.least <= RANKS <= ranks.most:
        most = f"at most {ranks.most:g}" if ranks.most < RANKS else f"at least {ranks.least:g}"
        parser.exit(2, f"{parser.prog}: needs {most} ranks, not {RANKS}; type: {line}\n")
    importlib.import_module("ranks")  # leaves nothing in shared memory, whatever the demo needs of it
    return RANKS or 0


def writable(name: str) -> Path:
    """A path where a file can be made; asked before the demo runs, so that nothing measured is lost."""
    path = Path(name)
    if path.is_dir() or not path.resolve().parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"cannot write {name!r}: name a file in a folder of yours")
    return path


def without(argv: Iterable[str], *names: str) -> Iterator[str]:
    """The options but for these, each of which has a value."""
    words = iter(argv)
    for word in words:
        if word in names:
            next(words)
        elif not word.startswith(tuple(f"{name}=" for name in names)):
            yield word


# --- measuring -------------------------------------------------------------------------------------------


@dataclass
class Run:
    """One row: a variant, measured at least once."""

    variant: str
    values: list[float]  # every repeat, in `unit`
    measure: str = "time"
    unit: str = "s"
    parameters: dict[str, Any] = field(default_factory=dict)  # a sweep's x
    warm_up: float | None = None  # seconds of a first call that is not among the values
    cpu_seconds: float | None = None  # of all repeats together, this process, its threads and ended children
    result: Any = None
    interpreter: dict[str, Any] | None = None  # where it differs from the record's


@dataclass
class Lanes:
    """Who was running when: spans of (start, end, state) in ms of the window, one list a worker.

    kind "ran": the worker stamped the clock; states ran, waiting, no core, unknown, or idle.
    kind "assigned": a task's start and end; the state is the task's name.
    Several lanes of one record are told apart by their parameters.
    """

    variant: str
    kind: str
    window: float  # ms
    workers: dict[str, list[tuple[float, float, str]]]
    parameters: dict[str, Any] = field(default_factory=dict)
    interpreter: dict[str, Any] | None = None


@dataclass
class Attachment:
    """A picture that a demo made itself."""

    name: str
    alt: str
    svg: str


Experiment = Iterable["Run | Lanes | Attachment"]


def compare(
    variants: Iterable[Callable[..., Any]],
    *args: Any,
    same: Callable[[Any, Any], bool] = operator.eq,
    measure: str = "time",
    unit: str = "s",
    timed: Callable[..., Run] | None = None,
    **parameters: Any,
) -> Iterator[Run]:
    """Measure each variant(*args, **parameters); the first is the baseline, and all must give its answer.

    With another measure than time a variant returns its own values, in `unit`. Ranks of MPI are timed by
    timed=ranks.slowest_rank.
    """
    baseline = None
    for variant in variants:
        if measure == "time":
            run = (timed or time_calls)(variant, *args, **parameters)
        else:
            cpu = cpu_clock()
            values = list(variant(*args, **parameters))
            run = Run(variant.__name__, values, measure, unit, parameters, cpu_seconds=since(cpu))
        baseline = baseline or run
        if not same(run.result, baseline.result):
            answers = f"{run.variant} answered {run.result!r}, {baseline.variant} {baseline.result!r}"
            raise WrongAnswer(answers)
        yield run


def sweep(
    variants: Iterable[Callable[..., Any]], *args: Any, rounds: int = 0, **options: Any
) -> Iterator[Run]:
    """compare() for each value of the one option that is a list: sweep(VARIANTS, job, workers=[1, 2, 4]).

    With rounds the values take turns, so that a slow moment of the machine hits all alike.
    """
    (name, values), *others = [item for item in options.items() if isinstance(item[1], (list, range))]
    if others:
        raise ValueError("a sweep has one parameter")
    variants, settings = list(variants), [{**options, name: value} for value in values]
    if rounds:
        yield from in_turns(variants, args, settings, rounds)
    else:
        for setting in settings:
            yield from compare(variants, *args, **setting)


def in_turns(
    variants: Sequence[Callable[..., Any]], args: Any, settings: Sequence[dict[str, Any]], rounds: int
) -> Iterator[Run]:
    """Call each variant in each setting, to warm up, then in rounds; a row is done in the last of them.

    The CPU seconds are unknown: of a pool that lives on nobody has them.
    """
    runs = [
        (i, each, Run(each.__name__, [], parameters=dict(s)))
        for i, s in enumerate(settings)
        for each in variants
    ]
    answers: dict[int, Any] = {}  # for each setting
    print(f"{rounds} rounds of {', '.join(each.__name__ for each in variants)} ...")
    for number in range(rounds + 1):
        for i, variant, run in runs:
            start = perf_counter()
            run.result = variant(*args, **settings[i])
            seconds = perf_counter() - start
            if run.result != answers.setdefault(i, run.result):
                raise WrongAnswer(f"{run.variant} answered {run.result!r}, the first {answers[i]!r}")
            if number:
                run.values.append(seconds)
            else:
                run.warm_up = seconds
            if number == rounds:
                yield run


def time_calls(function: Callable[..., Any], *args: Any, **parameters: Any) -> Run:
    """Call the function once, and when that was short, REPEATS times more: the first was the warm-up."""
    result: Any = None

    def call() -> float:
        nonlocal result
        start = perf_counter()
        result = function(*args, **parameters)
        return perf_counter() - start

    cpu = cpu_clock()
    first = call()
    if first >= SHORT:
        return Run(function.__name__, [first], parameters=parameters, cpu_seconds=since(cpu), result=result)
    cpu = cpu_clock()
    values = [call() for _ in range(REPEATS)]
    return Run(
        function.__name__, values, parameters=parameters, warm_up=first, cpu_seconds=since(cpu), result=result
    )


def lanes(
    mechanism: Callable[..., tuple[tuple[int, int], Mapping[str, Any]]],
    *args: Any,
    kind: str = "ran",
    **parameters: Any,
) -> Iterator[Lanes]:
    """Call mechanism(*args, **parameters): the window (start, end), and {worker: [(start, end, state)]}.

    All are ns of one clock.
    """
    if kind == "ran":
        settle()
    (start, end), workers = mechanism(*args, **parameters)
    ms = {
        worker: [(round((a - start) / 1e6, 3), round((b - start) / 1e6, 3), state) for a, b, state in spans]
        for worker, spans in workers.items()
    }
    yield Lanes(mechanism.__name__, kind, (end - start) / 1e6, ms, parameters)


@functools.cache
def settle() -> None:
    """Have the cores free for workers: the resource tracker, a Python, takes one while it starts."""
    if start_tracker():
        time.sleep(STARTS)


def cpu_clock() -> float | None:
    """CPU seconds so far of this process, its threads and its ended children."""
    if resource is None:
        return None
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = process_time() + children.ru_utime + children.ru_stime
    others = forkserver_seconds()
    return None if others is None else own + others


def forkserver_seconds() -> float | None:
    """CPU seconds of multiprocessing's fork server and its ended children, which are not ours."""
    server = getattr(sys.modules.get("multiprocessing.forkserver"), "_forkserver", None)
    pid = getattr(server, "_forkserver_pid", None)
    if pid is None:
        return 0.0
    time.sleep(REAPED)
    try:
        _, _, fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")
    except OSError:
        return None  # not Linux
    return sum(map(int, fields.split()[11:15])) / os.sysconf("SC_CLK_TCK")  # proc(5): utime to cstime


def since(cpu: float | None) -> float | None:
    now = cpu_clock()
    return None if cpu is None or now is None else now - cpu


# --- the record ------------------------------------------------------------------------------------------


class Tee(io.TextIOBase):
    """Writes on to a stream, and keeps each line with the second at which it was complete."""

    def __init__(self, stream: Any, lines: list[Any]) -> None:
        self.stream, self.lines, self.rest = stream, lines, ""

    def write(self, text: str) -> int:
        *whole, self.rest = (self.rest + text).split("\n")
        self.lines += [[round(perf_counter() - STARTED, 3), line] for line in whole]
        try:
            self.stream.write(text)
        except UnicodeEncodeError:  # a terminal without Unicode
            self.stream.write(text.translate(ASCII).encode("ascii", "replace").decode())
        self.stream.flush()
        return len(text)


def record(args: argparse.Namespace, experiment: Experiment) -> int:
    """Run the experiment, print its rows as they finish, write the record and the picture asked for.

    Under MPI all ranks run it, and rank 0 prints and writes.

    Returns the exit status: 0; 1 where variants disagree; 2 where something is missing, or a worker was
    killed. Ctrl-C ends the demo and its worker processes at once, with status 130.
    """
    taken: dict[str, Any] = {
        "schema": SCHEMA,
        "demo": args.demo,
        "claim": args.doc.strip().splitlines()[0],
        "source": source_hash(args.demo),
        "command": args.command,
        "parameters": args.parameters,
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "interpreter": interpreter(),
        "packages": {},
        "commit": None,
        "runs": [],
        "lanes": [],
        "output": [],
        "attachments": [],
    }
    if getattr(args, "python", "here") != "here":
        from elsewhere import runs

        experiment = runs(args)
    before = signal.signal(signal.SIGINT, end_workers)
    terminal = sys.stdout if RANK == 0 else io.StringIO()
    try:
        with contextlib.redirect_stdout(Tee(terminal, taken["output"])):
            print(headline(taken))
            for item in experiment:
                for line in take(item, taken):
                    print(line)
        if RANK == 0:
            write(taken, args.json, args.plot)
    except (CannotRun, WrongAnswer) as error:
        if RANK == 0:
            print(f"{args.demo}.py: {error}", file=sys.stderr)
        return 2 if isinstance(error, CannotRun) else 1
    except KeyboardInterrupt:
        if isinstance(experiment, Generator):
            experiment.close()  # what it holds ends before we do
        say_interrupted()
        if threads_are_busy():
            os._exit(130)  # leaving in order would wait for them
        return 130
    except BrokenPipeError:  # `... | head` has seen enough
        stop_workers()
        os._exit(1)
    except OSError as error:  # a full disk, say
        print(f"{args.demo}.py: {error.strerror}: {error.filename or 'the output'}", file=sys.stderr)
        stop_workers()
        os._exit(2)  # leaving in order would try to write again
    except broken_pool():
        stop_workers()
        killed = "a worker was killed, perhaps for want of memory: use fewer --workers or smaller numbers"
        print(f"{args.demo}.py: {killed}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGINT, before)  # there is nothing to end any more
    return 0


def broken_pool() -> type[Exception]:
    """What a pool raises when one of its processes is gone; not imported where nothing went wrong."""
    from concurrent.futures.process import BrokenProcessPool

    return BrokenProcessPool


def write(taken: dict[str, Any], json_file: Path | None, svg_file: Path | None) -> None:
    """Write the record and its picture, where asked for."""
    if json_file:
        # Asked now, since an import in between may have switched the GIL of a free-threaded build on.
        taken.update(interpreter=interpreter(), packages=packages(), commit=commit())
        replace(json_file, json.dumps(taken, indent=1) + "\n")
    if svg_file:
        import plots

        replace(svg_file, plots.draw(taken))


def take(item: Run | Lanes | Attachment, taken: dict[str, Any]) -> Iterator[str]:
    """Put a finished item into the record; the lines that show it."""
    entry = asdict(item)
    if isinstance(item, Run):
        taken["runs"].append(entry)
        yield from run_rows(entry, taken["runs"])
    elif isinstance(item, Lanes):
        taken["lanes"].append(entry)
        yield from lane_rows(entry, (item.interpreter or taken["interpreter"])["gil"])
    else:
        taken["attachments"].append(entry)
        yield f"picture: {item.alt}"


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all; a pipe or a device as it is."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    draft = path.with_name(path.name + ".draft")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


@contextlib.contextmanager
def ctrl_c_is_mine() -> Iterator[None]:
    """Processes started inside never see Ctrl-C, from their first moment on: their parent ends them.

    A blocked signal is inherited, a handler is not; the parent gets a Ctrl-C of this time right after it.
    Windows has no such thing: there a worker may print its own KeyboardInterrupt.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    start_tracker()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_tracker() -> bool:
    """Start multiprocessing's resource tracker, where it is needed: its start unblocks Ctrl-C."""
    used = sys.modules.get("multiprocessing")
    if used and (used.get_start_method(allow_none=True) or used.get_all_start_methods()[0]) != "fork":
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()
        return True
    return False


def end_workers(number: int = 0, frame: FrameType | None = None) -> None:
    """On Ctrl-C end the worker processes first, since leaving a pool waits for their tasks.

    Not those of a multiprocessing.Pool: it ends its own, and would wait for the lock of one that is gone.
    """
    if hasattr(signal, "pthread_sigmask") and signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()):
        signal.raise_signal(signal.SIGINT)  # another thread got it (BLAS has some): after ctrl_c_is_mine()
        return
    if hasattr(signal, "setitimer") and is_no_time(frame):
        call_after(SOON, end_workers)
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, 0)
    sys.unraisablehook = raise_again
    if hasattr(signal, "setitimer") and IS_PROGRAM:
        call_after(LAST, leave_early)
    threading.excepthook = lambda _: None  # a pool's thread may complain of the workers that go now
    stop_workers([worker for worker in workers() if "PoolWorker" not in worker.name])
    raise KeyboardInterrupt


def call_after(seconds: float, function: Callable[..., Any]) -> None:
    """Have the main thread call it, even if it waits for a lock then; where a system has setitimer.

    Again and again, until it stops the timer: a call that begins to wait just then does not hear the first.
    """
    signal.signal(signal.SIGALRM, function)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)


def is_no_time(frame: FrameType | None) -> bool:
    """Whether an exception raised now would be lost, or leave a semaphore or shared memory behind."""
    while frame:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        if function == "__del__" or module.startswith("llvmlite."):  # LLVM calls back while numba compiles
            return True
        if module == "threading" and function == "__enter__":  # a Condition's lock would stay locked
            return True
        if module in OF_NAMES and function in STEPS:  # a name outlives this process
            return True
        frame = frame.f_back
    return False


OF_NAMES = {"multiprocessing.synchronize", "multiprocessing.shared_memory"}
STEPS = {"__init__", "_cleanup", "unlink"}  # they make or remove what they then have noted; none waits


def raise_again(lost: Any) -> None:
    """A Ctrl-C within a callback is lost, and comes once more; other exceptions are told of."""
    if issubclass(lost.exc_type, KeyboardInterrupt) and hasattr(signal, "setitimer"):
        call_after(SOON, end_workers)
    else:
        sys.__unraisablehook__(lost)


def threads_are_busy() -> bool:
    """Whether there are threads that an exit would wait for; a pool's own one ends soon after its workers."""
    end = perf_counter() + (MOMENT if "concurrent.futures.process" in sys.modules else 0)
    others = [thread for thread in threading.enumerate()[1:] if not thread.daemon]
    for thread in others:
        if thread.is_alive():  # not one that Ctrl-C kept from starting
            thread.join(max(0, end - perf_counter()))
    return any(thread.is_alive() for thread in others)


def stop_workers(some: Sequence[Any] | None = None) -> None:
    """End these worker processes, or all."""
    ended = workers() if some is None else some
    for worker in ended:
        worker.terminate()
    for worker in ended:
        worker.join(0.5)
        worker.kill()


def workers() -> list[Any]:
    """The living child processes that multiprocessing started, where a demo uses it."""
    used = sys.modules.get("multiprocessing")
    return used.active_children() if used else []
