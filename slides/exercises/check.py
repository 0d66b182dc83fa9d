"""Who checks the exercises: each check says whether a solution is right, and if not, why.

A check takes nothing at its word. Its inputs are random; it counts and stamps by itself, and judges relations
within one run, again if need be: a busy machine makes nothing right wrong.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import faulthandler
import functools
import hashlib
import inspect
import itertools
import json
import math
import multiprocessing
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, ThreadPoolExecutor, wait
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

DEADLINE = 30.0  # seconds; a right solution takes five at most
GRACE = 10.0  # seconds that threads and processes of a solution have to end, after the verdict
deadlines: list[threading.Timer] = []


class NotYet(Exception):
    """What is wrong, because of what."""


class Lacking(Exception):
    """What this machine lacks, and the mend: nobody can judge a solution then."""


def judged(check: Callable[..., str], besides: float = 0) -> Callable[..., None]:
    """Print what the check says of a solution, and end: with status 0 if that is right.

    What the check itself does may take some seconds besides.
    """

    @functools.wraps(check)
    def verdict(*solution: object) -> None:
        set_deadline(DEADLINE + besides)
        status = 1
        try:
            print("Right:", check(*solution))
            status = 0
        except NotYet as why:
            print("Not yet:", why)
        except Lacking as what:
            print(f"{os.path.basename(script())}: {what}", file=sys.stderr)
            status = 2
        except KeyboardInterrupt:
            print("Interrupted")
            leave(130)
        except (Exception, SystemExit) as error:
            print("Not yet: it ended early, because", raised(error))
        set_deadline(None)
        after(GRACE, leave, status)
        sys.exit(status)

    return verdict


def after(seconds: float, function: Callable[..., None], *args: object) -> threading.Timer:
    timer = threading.Timer(seconds, function, args)
    timer.daemon = True
    timer.start()
    return timer


def set_deadline(seconds: float | None) -> None:
    """From now on, in place of the one before."""
    while deadlines:
        deadlines.pop().cancel()
    if seconds:
        deadlines.append(after(seconds, hangs))


def hangs() -> None:
    line = standing()
    where = f"line {line} waits, or repeats, without an end" if line else "something never comes"
    print(f"Not yet: there was no answer after {DEADLINE:g} s, because {where}")
    leave(1)


def leave(status: int) -> None:
    """End now, with everything that was started."""
    sys.stdout.flush()
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(status)


def raised(error: BaseException) -> str:
    lines, traceback = [], error.__traceback__
    while traceback:
        if traceback.tb_frame.f_code.co_filename == script():
            lines.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    where = f"line {lines[-1]}" if lines else "the check"
    said = "; ".join(str(error).splitlines()[:2])  # ipyparallel has many, the first one's comes second
    return f"{where} raised {type(error).__name__}: {said}"


def standing() -> int | None:
    """The first line of the solution in which a thread is now."""
    return min(filter(None, map(yours, sys._current_frames().values())), default=None)


def yours(frame: FrameType | None) -> int | None:
    """The line of the solution in which a thread is, if it is in it."""
    while frame and (frame.f_code.co_filename != script() or frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return frame and frame.f_lineno


def script() -> str:
    return str(sys.modules["__main__"].__file__)


DEMOS = Path(__file__).resolve().parents[2] / "demos"  # also seen from build/exercises


def from_demos(name: str) -> Any:
    """A module that the demos share."""
    if not (DEMOS / f"{name}.py").exists():
        raise Lacking(f"two folders above there is no demos/{name}.py: leave this one in build/exercises")
    if str(DEMOS) not in sys.path:
        sys.path.append(str(DEMOS))
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise Lacking(f"{error.name} is missing: pip install {error.name}") from None


# --- find_the_race ---------------------------------------------------------------------------------------

ITEMS = ("tea", "towel", "fish")
SELLERS = 4  # more than items: a lock for each item may not hold up payments either
ORDERS = 30  # for each seller
EACH_ROUND = SELLERS * ORDERS
ROUNDS = 5


class Witness:
    """Counts calls, and how many were under way at the same time at most."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.calls = self.now = self.most = 0

    def watch(self, seconds: float) -> None:
        with self.lock:
            self.calls += 1
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(seconds)
        with self.lock:
            self.now -= 1


payments, removals = Witness(), Witness()


def pay() -> None:
    payments.watch(0.002)


def remove(count: int) -> int:
    removals.watch(0.0002)
    return count - 1


@judged
def find_the_race(sell: Callable[[dict[str, int], list[str]], None]) -> str:
    """Every sale is in the stock, and all sellers wait for payments at the same time."""
    sys.setswitchinterval(1e-5)  # seconds; so that threads take turns at every chance
    for sales in range(EACH_ROUND, ROUNDS * EACH_ROUND + 1, EACH_ROUND):
        orders = [random.choices(ITEMS, k=ORDERS) for _ in range(SELLERS)]
        before = {item: random.randrange(1000, 9999) for item in ITEMS}
        stock = dict(before)
        at_the_same_time(sell, [(stock, some) for some in orders])
        for function, calls in (("pay", payments.calls), ("remove", removals.calls)):
            if calls != sales:
                raise NotYet(
                    f"{sales} sales made {calls} calls of {function}(), because there is to be one each"
                )
        sold = Counter(itertools.chain(*orders))
        missing = sum(abs(before[item] - sold[item] - stock[item]) for item in ITEMS)
        if missing:
            raise NotYet(
                f"{missing} of {EACH_ROUND} sales are missing in the stock, because a thread wrote what it"
                " had made of an old count, after another one had written a new one"
            )
    if payments.most < SELLERS:
        raise NotYet(
            f"no sale is lost, but at most {payments.most} of {SELLERS} threads waited for a payment at once,"
            " because a lock is held meanwhile"
        )
    return f"all {sales} sales are in the stock, and {payments.most} payments were under way at the same time"


def at_the_same_time(work: Callable[..., None], arguments: Sequence[Sequence[object]]) -> None:
    """Call work with all these arguments, a thread for each, from a barrier."""
    barrier = threading.Barrier(len(arguments))

    def start(*args: object) -> None:
        barrier.wait()
        work(*args)

    crew = ThreadPoolExecutor(len(arguments))
    done, _ = wait([crew.submit(start, *args) for args in arguments], return_when=FIRST_EXCEPTION)
    crew.shutdown(wait=False)
    for future in done:
        future.result()


# --- keep_the_heart_beating ------------------------------------------------------------------------------

BEAT = 0.002  # seconds
WAITS = 0.3  # seconds, for a page
PAGE = 160_000  # to count the primes below takes about as long
ATTEMPTS = 3  # with a busy machine something else may be the cause of a silence
GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
called: list[tuple[str, int]] = []  # a function and its thread, of the calls under this interpreter's GIL


def fetch(number: int) -> int:
    called.append(("fetch", threading.get_ident()))
    time.sleep(WAITS)
    return PAGE + 7 * number


def count_primes(limit: int) -> int:
    called.append(("count_primes", threading.get_ident()))
    return sum(all(n % d for d in range(2, math.isqrt(n) + 1)) for n in range(2, limit))


def sieved(limit: int) -> int:
    """The number of primes below limit, in another way."""
    prime = bytearray([0, 0]) + bytearray([1]) * (limit - 2)
    for n in range(2, math.isqrt(limit) + 1):
        if prime[n]:
            prime[n * n :: n] = bytes(len(prime[n * n :: n]))
    return sum(prime)


@judged
def keep_the_heart_beating(answer: Callable[[int], Awaitable[int]]) -> str:
    """The heart is never silent for as long as a call takes, and who computes has a GIL of its own."""
    start = time.process_time()
    count_primes(PAGE)
    computes = time.process_time() - start
    for _ in range(ATTEMPTS):
        called.clear()
        numbers = random.sample(range(1000), 2)
        answers, silence, cpu = asyncio.run(listen(answer, numbers))
        right = [sieved(PAGE + 7 * number) for number in numbers]
        if answers != right:
            raise NotYet(
                f"answer({numbers[0]}) and answer({numbers[1]}) gave {answers}, not {right}, because"
                " answer(n) is to be count_primes(fetch(n))"
            )
        stalls = silence > min(WAITS, computes) / 2
        words = f"the heart was silent for {1000 * silence:.0f} ms, because"
        in_the_loop = [name for name, thread in called if thread == threading.get_ident()]
        if stalls and in_the_loop:
            verb = "waits" if in_the_loop[0] == "fetch" else "computes"
            raise NotYet(f"{words} {in_the_loop[0]}() {verb} in the thread of the loop")
        if GIL and "count_primes" in dict(called):
            raise NotYet(
                f"the heart had to share the GIL for {1000 * cpu:.0f} ms, because a thread beside it computed"
            )
        if not stalls:
            return (
                f"the heart was silent for {1000 * silence:.0f} ms at most, beside calls that wait"
                f" {1000 * WAITS:.0f} ms and compute some {1000 * computes:.0f} ms"
            )
    raise NotYet(f"{words} something blocks that is not awaited, such as result() or shutdown()")


async def listen(
    answer: Callable[[int], Awaitable[int]], numbers: Sequence[int]
) -> tuple[list[int], float, float]:
    """The answers, the longest silence of the heart, and the CPU seconds of this process meanwhile."""
    silences: list[float] = []
    heart = asyncio.create_task(beat(silences))
    await asyncio.sleep(5 * BEAT)
    start = time.process_time()
    answers = await asyncio.gather(*map(answer, numbers))
    cpu = time.process_time() - start
    await asyncio.sleep(5 * BEAT)
    heart.cancel()
    return list(answers), max(silences), cpu


async def beat(silences: list[float]) -> None:
    while True:
        last = time.perf_counter()
        await asyncio.sleep(BEAT)
        silences.append(time.perf_counter() - last)


# --- measure_it_right ------------------------------------------------------------------------------------

Measure = Callable[[Callable[[], object]], float]
REPEATS = 5  # at least
NEAR = 1.5  # a measured time is right within this factor of the stamped one
TRIES = 3


def burn(seconds: float) -> None:
    """Compute in two threads, in C code that lets the GIL go."""
    end = time.perf_counter() + seconds

    def work() -> None:
        while time.perf_counter() < end:
            hashlib.sha256(bytes(200_000))

    crew = [threading.Thread(target=work) for _ in range(2)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()


class Trap(NamedTuple):
    """A function whose calls take known times, and why a measured time may be less or more than typical."""

    what: str
    work: Callable[[float], None]
    typical: float  # each time is a factor
    first: float
    then: Sequence[float]  # shuffled, again and again
    less: str
    more: str


OTHER = "that is not the time of a typical call"
TRAPS = [
    Trap("sleeps", time.sleep, 1, 1, [1], "a CPU clock stands still meanwhile", OTHER),
    Trap("computes in two threads", burn, 4, 1, [1], OTHER, OTHER),
    Trap("is slow the first time", time.sleep, 1, 50, [1], OTHER, "the first call is in it"),
    Trap(
        "is interrupted at one call in five, and finds another answer in a cache",
        time.sleep, 1, 1, [1, 1, 1, 30, 0.1],
        "the shortest call is not typical", "the longest call is in it",
    ),
]  # fmt: skip


class Stamped:
    """The function of a trap; it stamps how long its typical calls take."""

    def __init__(self, trap: Trap, seconds: float) -> None:
        self.work, self.lengths = trap.work, lengths(trap, seconds)
        self.took: list[float] = []
        self.calls = 0

    def __call__(self) -> None:
        length, typical = next(self.lengths)
        start = time.perf_counter()
        self.work(length)
        self.calls += 1
        if typical:
            self.took.append(time.perf_counter() - start)


def lengths(trap: Trap, seconds: float) -> Iterator[tuple[float, bool]]:
    """The seconds of each call, and whether it is a typical one."""
    endless = (factor for _ in itertools.count() for factor in random.sample(trap.then, len(trap.then)))
    for factor in itertools.chain([trap.first], endless):
        yield factor * trap.typical * seconds, factor == 1


@judged
def measure_it_right(measure: Measure) -> str:
    """What is measured is near what was stamped, for functions that are traps for bad habits."""
    seconds = random.uniform(0.005, 0.01)
    for trap in TRAPS:
        calls = spring(trap, seconds, measure)
        if calls < REPEATS:
            raise NotYet(
                f"{calls} calls are no measurement, because one outlier among them decides; make more"
            )
    return f"four functions of {1000 * seconds:.1f} to {4000 * seconds:.1f} ms are measured well enough"


def spring(trap: Trap, seconds: float, measure: Measure) -> int:
    """Have the function of the trap measured; how often it was called."""
    for _ in range(TRIES):
        stamped = Stamped(trap, seconds)
        measured = measure(stamped)
        if not isinstance(measured, (int, float)):
            raise NotYet(f"measure() returned {measured}, because its seconds get lost")
        if not stamped.calls:
            raise NotYet(
                "measure() knows the time before it has measured, because it never calls the function"
            )
        typical = statistics.median(stamped.took) if stamped.took else math.inf
        if typical / NEAR < measured < typical * NEAR:
            return stamped.calls
    raise NotYet(
        f"measure() says {1000 * measured:.2f} ms of a function that {trap.what}, but a typical call took"
        f" {1000 * typical:.2f} ms, because {trap.less if measured < typical else trap.more}"
    )


# --- karp_flatt ------------------------------------------------------------------------------------------


@judged
def karp_flatt(
    speedup: Callable[[float, float], float],
    efficiency: Callable[[float, float, int], float],
    serial_fraction: Callable[[float, float, int], float],
    predict: Callable[[float, float], float],
) -> str:
    """Programs with a known serial fraction; then those at the edges."""
    for _ in range(100):
        serial, t1, p = random.uniform(0.01, 0.99), random.uniform(1, 100), random.randint(2, 64)
        tp = t1 * serial + t1 * (1 - serial) / p
        faster = p / (1 + serial * (p - 1))
        equal(speedup, (t1, tp), faster, "it tells how many times sooner the work is done")
        equal(efficiency, (t1, tp, p), faster / p, "it is the share of each worker in the speedup")
        equal(serial_fraction, (t1, tp, p), serial, "the times were made from this fraction")
        equal(predict, (serial, 16), 16 / (1 + serial * 15), "the serial part takes as long as before")
        equal(predict, (serial, math.inf), 1 / serial, "the serial part is all that is left")
    equal(serial_fraction, (5.0, 5.0, 1), math.nan, "one worker tells nothing of more")
    equal(serial_fraction, (8.0, 1.6, 4), -1 / 15, "such a speedup has a cause that Amdahl did not think of")
    equal(serial_fraction, (4.0, 5.0, 2), 1.5, "overhead counts as serial, too")
    equal(predict, (0, math.inf), math.inf, "without a serial part there is no ceiling")
    equal(predict, (1, math.inf), 1, "workers cannot help where all is serial")
    return (
        f"100 programs and 5 at the edges; with {100 * serial:.0f} % serial, the ceiling is {1 / serial:.1f}"
    )


def equal(function: Callable[..., float], args: tuple[float, ...], right: float, why: str) -> None:
    answer = function(*args)
    call = f"{function.__name__}({', '.join(f'{arg:.4g}' for arg in args)})"
    if not isinstance(answer, (int, float)):
        raise NotYet(f"{call} is {answer}, because it returns no number")
    if not (math.isclose(answer, right, rel_tol=1e-6) or (math.isnan(answer) and math.isnan(right))):
        raise NotYet(f"{call} is {answer:.4g}, not {right:.4g}, because {why}")


# --- split_the_work --------------------------------------------------------------------------------------

TASKS = 200
SHORTEST, LONGEST = 0.001, 0.015  # seconds; they sleep, so that a busy machine is no slower
MOST_PIECES = 40
BUSY = 0.9  # of the time, each worker, on average


class Answer(NamedTuple):
    """What a task gave, and when and by which process it was done."""

    task: float
    worker: int
    start: float
    end: float


def work(task: float) -> Answer:
    start = time.perf_counter()
    time.sleep(task)
    return Answer(task, os.getpid(), start, time.perf_counter())


class CountingPool(ProcessPoolExecutor):
    """A pool that counts the pieces of work that it sends."""

    pieces = 0

    def submit(self, *args: Any, **options: Any) -> Any:
        self.pieces += 1
        return super().submit(*args, **options)


@judged
def split_the_work(share: Callable[[CountingPool, list[float]], list[Answer]]) -> str:
    """All tasks are done, in few pieces, and both workers are busy to the end."""
    step = (LONGEST - SHORTEST) / TASKS
    tasks = [SHORTEST + (i + random.random()) * step for i in range(TASKS)]
    with CountingPool(2) as pool:
        list(pool.map(work, [LONGEST] * 4))  # both are there
        for _ in range(TRIES):
            pool.pieces = 0
            answers = list(share(pool, list(tasks)))
            done = [getattr(answer, "task", None) for answer in answers]
            if done != tasks and sorted(done, key=str) == sorted(tasks, key=str):
                raise NotYet(
                    "the answers are not in the order of the tasks, because they came in another one"
                )
            if done != tasks:
                raise NotYet(
                    f"{len(answers)} answers came for {TASKS} tasks, and not theirs, because share() is to"
                    " give work(task) for each of them"
                )
            if os.getpid() in (answer.worker for answer in answers):
                raise NotYet("the script itself did a task, because the pool was not asked to")
            span = max(answer.end for answer in answers) - min(answer.start for answer in answers)
            busy = sum(answer.end - answer.start for answer in answers) / (2 * span)
            if pool.pieces > MOST_PIECES:
                raise NotYet(
                    f"both are busy {100 * busy:.0f} % of the time, but {pool.pieces} pieces were sent,"
                    f" because one holds {TASKS // pool.pieces} of {TASKS} tasks; {MOST_PIECES} will do"
                )
            if busy >= BUSY:
                return f"both are busy {100 * busy:.0f} % of the time, with {pool.pieces} pieces"
    begin, ends = min(answer.start for answer in answers), {}
    for answer in sorted(answers, key=lambda answer: answer.end):
        ends[answer.worker] = answer.end - begin
    early = f"one of them is done after {100 * min(ends.values()) / span:.0f} % of it"
    why = early if len(ends) > 1 else "one of them did all"
    raise NotYet(f"the workers are busy {100 * busy:.0f} % of the time, because {why}")


# --- send_it_once ----------------------------------------------------------------------------------------

PLACES = 60
pickled: list[int] = []  # the process that pickled an atlas, for each time
arrivals: list[int] = []  # the process to which one came, for each time


class Atlas:
    """Where the places are, and much else; it notes when it is pickled."""

    def __init__(self, where: dict[str, int]) -> None:
        self.where, self.much_else = where, bytes(300_000)

    def __reduce__(self) -> tuple[Any, ...]:
        pickled.append(os.getpid())
        return arrived, (self.where,)


def arrived(where: dict[str, int]) -> Atlas:
    arrivals.append(os.getpid())
    return Atlas(where)


class Found(NamedTuple):
    """Where a place is, and which process looked it up."""

    where: int
    worker: int


def find(atlas: Atlas, place: str) -> Found:
    time.sleep(0.001)  # so that one worker alone does not find all
    return Found(atlas.where[place], os.getpid())


@judged
def send_it_once(look_up: Callable[[Atlas, list[str], int], list[Found]]) -> str:
    """The workers find all places, and the atlas is pickled once for each of them at most."""
    workers = random.randint(2, 3)
    where = {f"place {i}": random.randrange(10**6) for i in range(PLACES)}
    places = random.sample(sorted(where), PLACES)
    found = look_up(Atlas(where), places, workers)
    if [getattr(each, "where", None) for each in found] != [where[place] for place in places]:
        raise NotYet(
            f"{len(found)} answers came for {PLACES} places, and not theirs in their order, because"
            " look_up() is to give find(atlas, place) for each of them"
        )
    if os.getpid() in (each.worker for each in found):
        raise NotYet("the script itself looked places up, because the workers were not asked to")
    times = pickled.count(os.getpid())
    if times > workers:
        raise NotYet(
            f"the atlas was pickled {times} times for {workers} workers, because it is an argument of each"
            f" {'task' if times >= PLACES else 'piece of work'}"
        )
    how = (
        f"was pickled {times} times"
        if times
        else "was never pickled: each had it in its copy of this process"
    )
    return f"{workers} workers found {PLACES} places, and the atlas {how}"


# --- count_in_parallel, compile_it_once ------------------------------------------------------------------


@contextlib.contextmanager
def needs_packages() -> Iterator[None]:
    """Around the imports that an exercise cannot do without: where one fails, a line and status 2."""
    try:
        yield
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        why = f"is missing: pip install {error.name}" if missing else f"cannot be imported: {error}"
        print(f"{os.path.basename(script())}: {error.name or 'a package'} {why}", file=sys.stderr)
        sys.exit(2)


VALUES = 50_000_000  # so that the threads are at it at the same time, even on a busy machine
BLOCK = 1_000_000  # of them are random, and repeated
COUNTS = 10  # attempts to see something lost


def with_a_core_each(call: Callable[[], object]) -> None:
    """Call it; this thread and those that it starts then have a core each, where a system can be told so.

    A busy system may let two threads take turns on one core, where they lose nothing.
    """
    before = system_threads()
    call()
    born = sorted(system_threads() - before)
    if born:
        cores = itertools.cycle(sorted(os.sched_getaffinity(0)))
        for thread, core in zip([threading.get_native_id(), *born], cores):  # noqa: B905  (Python 3.9)
            with contextlib.suppress(OSError):  # it is over
                os.sched_setaffinity(thread, {core})


def system_threads() -> set[int]:
    """All threads of this process, on Linux."""
    folder = "/proc/self/task"
    return set(map(int, os.listdir(folder))) if os.path.isdir(folder) else set()


@judged
def count_in_parallel(count: Any) -> str:
    """Threads share the loop over the values, and nothing is lost."""
    import numba
    import numpy as np

    if not getattr(count, "targetoptions", {}).get("parallel"):
        raise NotYet("the threads have nothing to do, because count() is not compiled with parallel=True")
    calls = [
        node.func
        for node in ast.walk(ast.parse(inspect.getsource(count.py_func)))
        if isinstance(node, ast.Call)
    ]
    if not any(ast.unparse(call).endswith("prange") for call in calls):
        raise NotYet("one thread counts alone, because there is no prange any more")
    with_a_core_each(lambda: count(np.zeros(BLOCK, np.uint8), 3))
    for _ in range(COUNTS):
        numbers = random.randint(3, 9)
        block = np.random.default_rng().integers(0, numbers, BLOCK, np.uint8)
        values, right = np.tile(block, VALUES // BLOCK), VALUES // BLOCK * np.bincount(block, None, numbers)
        counts = count(values, numbers)
        if len(counts) != numbers:
            raise NotYet(f"there are {len(counts)} counters, because count() is to have one for each number")
        missing = int(right.sum()) - int(sum(counts))
        if missing > 0:
            raise NotYet(
                f"{missing:,} of {VALUES:,} values are missing, because a thread wrote what it had made of"
                " an old count, after another one had written a new one"
            )
        if list(counts) != list(right):
            raise NotYet(
                f"{-missing:,} values are too many, because some are counted more than once, or wrongly"
            )
    threads = numba.get_num_threads()
    if threads == 1:
        raise NotYet("nobody knows, because one thread alone loses nothing; try it where there are two cores")
    return f"{threads} threads counted {VALUES:,} values {COUNTS} times, and all are there"


@judged
def compile_it_once(length: Callable[[Any], float]) -> str:
    """One compilation serves all types and layouts."""
    import numpy as np
    from numba.core import event

    path = [(random.randrange(100), random.randrange(100)) for _ in range(50)]
    right = math.fsum(math.dist(a, b) for a, b in zip(path, path[1:]))  # noqa: B905, RUF007  (Python 3.9)
    whole = np.array(path)
    calls = {
        "an array of float64": whole.astype(float),
        "an array of int64": whole,
        "an array in Fortran's order": np.asfortranarray(whole, float),
        "a list of pairs": path,
    }
    with event.install_recorder("numba:compile") as recorder:
        for what, points in calls.items():
            answer = length(points)
            if not math.isclose(answer, right, rel_tol=1e-6):
                raise NotYet(f"length() of {what} is {answer:.6g}, not {right:.6g}, because steps are lost")
    yours = [each.data["dispatcher"] for _, each in recorder.buffer if each.is_start]
    yours = [each for each in yours if each.py_func.__code__.co_filename == script()]
    if len(yours) > 1:
        functions = len({id(each) for each in yours})
        why = "@njit is called again for each" if functions > 1 else "each had a type of its own"
        raise NotYet(f"{len(yours)} compilations served {len(calls)} calls, because {why}")
    if not yours and not any(hasattr(each, "signatures") for each in vars(sys.modules["__main__"]).values()):
        raise NotYet("nothing was compiled at all, because numba is not used any more")
    when = "one compilation" if yours else "what was compiled before the first of them"
    return f"{len(calls)} calls with {len(calls)} types of points took {when}"


# --- type_the_loop, share_the_loop -----------------------------------------------------------------------

COMPILES = 90.0  # seconds that Cython and a C compiler may take, on a busy machine
RADII = 300, 600  # of these discs the sum needs more than 32 bits
SMALL_RADII = 10, 90
NUMBERS = 1_000_000
STEPS = 131_434_272  # of all numbers below, counted in two ways
THREADS = 2  # however many cores there are
MOST_OF_IT = 0.75  # of the CPU time: of two threads that share, one has about half


class Translated(NamedTuple):
    """What Cython makes of a text: C, a score for each line that calls Python, and warnings."""

    c: str
    scores: dict[int, int]
    warnings: str


class Call(NamedTuple):
    """What a compiled function gave, and the seconds: on the wall, of all threads, of the calling one."""

    answer: Any
    wall: float
    cpu: float
    alone: float


def at_its_line(text: str) -> str:
    """The text after blank lines, so that its lines have the numbers that they have in the script."""
    tree = ast.parse(Path(script()).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == text]
    return "\n" * (found[0].lineno - 1 if found else 0) + text


def translated(text: str, function: str) -> Translated:
    """By Cython, which says of each line how much it calls Python: the yellow of cython -a."""
    if not re.search(rf"^(def|cpdef)\b.*\b{function} *\(", text, re.MULTILINE):
        raise NotYet(f"Python cannot call {function}(), because only def and cpdef make functions for Python")
    if not find_spec("cython"):
        raise Lacking("Cython is missing: pip install cython")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "loop.pyx")
        source.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "cython", "-3", "--annotate", source.name]
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        words = done.stdout + done.stderr
        if done.returncode:
            fault = re.search(r"^loop\.pyx:(\d+):\d+: (.*)$", words, re.MULTILINE)
            where, why = fault.groups() if fault else ("?", words.strip().splitlines()[-1])
            raise NotYet(f"line {where} cannot be compiled, because Cython says: {why}")
        page = source.with_suffix(".html").read_text(encoding="utf-8")
        scores = re.findall(r'class="cython line score-(\d+)".*?<span class="">0*(\d+)</span>', page)
        c = source.with_suffix(".c").read_text(encoding="utf-8")
        return Translated(c, {int(line): int(score) for score, line in scores}, words)


def built(text: str, openmp: bool) -> str:
    """The file of the module that a C compiler makes of the text; it is kept, as are those of the demos."""
    compiling = from_demos("compiling")
    with tempfile.TemporaryDirectory() as folder:
        compiling.HERE = Path(folder)
        (compiling.HERE / "loop.pyx").write_text(text, encoding="utf-8")
        try:
            return str(compiling.compiled("loop.pyx", openmp=openmp).__spec__.origin)
        except from_demos("harness").CannotRun as error:
            raise Lacking(str(error)) from None


def outcomes(module: str, function: str, *arguments: int) -> list[Call]:
    """Call a compiled function in a process of its own: compiled code may never end, or crash."""
    command = [sys.executable, __file__, module, function, json.dumps(arguments)]
    threads = {"OMP_NUM_THREADS": str(THREADS), "OMP_DYNAMIC": "false", "OMP_WAIT_POLICY": "passive"}
    try:
        done = subprocess.run(
            command, env={**os.environ, **threads}, timeout=DEADLINE,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise NotYet(
            f"{function}() had no answer after {DEADLINE:g} s, because it repeats something without an end"
        ) from None
    if done.returncode:
        error = (done.stderr.strip() or f"it crashed, with status {done.returncode}").splitlines()[-1]
        raise NotYet(f"{function}() has no answer, because {error}")
    return [Call(*each) for each in json.loads(done.stdout.splitlines()[-1])]


def call_here(path: str, function: str, arguments: str) -> None:
    """In a process of its own: call, and print the answers and the times."""
    spec = spec_from_file_location("loop", path)
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    calls = []
    for argument in json.loads(arguments):
        clocks = time.perf_counter, time.process_time, time.thread_time
        start = [clock() for clock in clocks]
        answer = getattr(module, function)(argument)
        calls.append((answer, *(clock() - began for clock, began in zip(clocks, start))))  # noqa: B905
    print(json.dumps(calls))


def repeated(text: str) -> Iterator[int]:
    """The numbers of the lines that a loop repeats."""
    loops: list[int] = []  # how far the loops are indented in which a line is
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip())
        loops = [loop for loop in loops if loop < indent]
        if loops:
            yield number
        if re.match(r"\s*(for|while)\b", line):
            loops.append(indent)


@functools.partial(judged, besides=COMPILES)
def type_the_loop(loop: str) -> str:
    """No line that a loop repeats calls Python, and the sums are right, though they are large."""
    text = at_its_line(loop)
    found, lines = translated(text, "moment"), text.splitlines()
    inside = list(repeated(text))
    if not inside:
        raise NotYet("nobody can tell whether a loop calls Python, because there is no loop any more")
    for number in inside:
        if found.scores.get(number):
            words = re.findall(r"\w+", lines[number - 1])
            objects = re.findall(r"PyObject \*__pyx_v_(\w+)", found.c)
            names = [name for name in dict.fromkeys(words) if name in objects]
            are = "is a Python object" if len(names) == 1 else "are Python objects"
            why = f"{' and '.join(names)} {are}" if names else "what it calls is a function of Python"
            raise NotYet(f"line {number} calls Python, because {why}")
    small, large = random.randint(*SMALL_RADII), random.randint(*RADII)
    first, call = outcomes(built(text, openmp=False), "moment", small, large)
    for radius, answer in ((small, first.answer), (large, call.answer)):
        if answer != in_columns(radius):
            fits = "it is to add up x² + y² where that is r² at most"
            why = "an int of C ends at 2,147,483,647" if radius == large else fits
            raise NotYet(f"moment({radius}) is {answer}, not {in_columns(radius)}, because {why}")
    start = time.perf_counter()
    in_python(large)
    times = (time.perf_counter() - start) / max(call.wall, 1e-6)
    return (
        f"no line in the loops calls Python; moment({large}) takes {1000 * call.wall:.2g} ms, Python"
        f" {times:.0f} times as long"
    )


def in_columns(r: int) -> int:
    """The sum of x² + y² over a disc, column by column, by the formula for the sum of squares."""
    total = 0
    for x in range(-r, r + 1):
        y = math.isqrt(r * r - x * x)
        total += (2 * y + 1) * x * x + y * (y + 1) * (2 * y + 1) // 3
    return total


def in_python(r: int) -> int:
    """As the exercise has it, to see how long Python takes."""
    total = 0
    for x in range(-r, r + 1):
        for y in range(-r, r + 1):
            square = x * x + y * y
            if square <= r * r:
                total += square
    return total


@functools.partial(judged, besides=COMPILES)
def share_the_loop(loop: str) -> str:
    """Two threads share the CPU time, whatever else the machine does, and no step is lost."""
    text = at_its_line(loop)
    found = translated(text, "steps")
    if "without releasing the GIL" in found.warnings and GIL:
        raise NotYet(
            "no Python thread could run beside this loop, because prange keeps the GIL without nogil=True"
        )
    if not re.search(r"^[^#\n]*\bin\s+(\w+\.)*prange\b", text, re.MULTILINE):
        raise NotYet("one thread does all of the work, because range gives it all of the numbers")
    more = random.randint(1, 3000)
    right = STEPS + sum(map(collatz, range(NUMBERS, NUMBERS + more)))
    module = built(text, openmp=True)
    for _ in range(TRIES):
        _, call = outcomes(module, "steps", 100, NUMBERS + more)
        if call.answer != right:
            share = "each thread has a total of its own after a plain =, and the last one is kept"
            why = share if call.answer < right else "it counts something else, too"
            raise NotYet(f"steps({NUMBERS + more}) is {call.answer}, not {right}, because {why}")
        part = call.alone / call.cpu
        if part <= MOST_OF_IT:
            did = f"one of two threads did {100 * part:.0f} % of the work"
            return f"{did}, and none of {call.answer:,} steps is missing"
    raise NotYet(f"one thread did {100 * part:.0f} % of the work, because it got most of the numbers")


def collatz(n: int) -> int:
    count = 0
    while n != 1:
        n, count = n // 2 if n % 2 == 0 else 3 * n + 1, count + 1
    return count


# --- pair_the_messages, sum_it_together ------------------------------------------------------------------

Comm = Any  # mpi4py.MPI.Comm; to import that starts MPI, and the process that judges is no rank
TO_RANKS = "EXERCISE_RANKS"  # in the ranks' environment: the folder with their arguments and answers
STANDSTILL = 1.0  # CPU seconds; a rank that waits spends them, and an answer takes a tenth
SOON, MOMENT = 0.02, 0.5  # seconds
FEW, MANY = (2, 9), (100_000, 200_000)  # numbers; few are sent before anybody receives, many are not
LATE = 0.1  # seconds
PRICES = 1000, 2000  # six times, and five
MOST_BYTES = 500  # that a rank sends; a number takes five or so
prices: list[int] = []
asked: list[int] = []  # for which prices


def with_ranks(part: Callable[..., Any]) -> Callable[[Callable[..., str]], Callable[[Any], None]]:
    """A check with ranks, which run the script again: there it does its part, here it judges them."""

    def decorate(check: Callable[..., str]) -> Callable[[Any], None]:
        @functools.wraps(check)
        def here_or_there(solution: Any) -> None:
            if TO_RANKS in os.environ:
                as_a_rank(functools.partial(part, solution))
            else:
                judged(check)(solution)

        return here_or_there

    return decorate


def by_ranks(size: int, **arguments: Any) -> list[Any]:
    """What the parts of all ranks give; nothing is left of them, be they stuck, or this process killed."""
    watchdog = from_demos("watchdog")
    if not find_spec("mpi4py"):
        raise Lacking("mpi4py is missing: pip install mpi4py")
    try:
        launcher = from_demos("launcher").mpiexec()
    except from_demos("harness").CannotRun as error:
        raise Lacking(str(error)) from None
    mark = watchdog.mark("EXERCISE")
    command = [launcher, "-n", str(size), sys.executable, "-m", "mpi4py", script()]
    with tempfile.TemporaryDirectory() as place, watchdog.guard(mark, place) as guard:
        printed, said = Path(place, "printed"), Path(place, "said")
        Path(place, "arguments").write_text(json.dumps(arguments))
        environment = {"UCX_NET_DEVICES": "lo", **os.environ, **mark, TO_RANKS: place}
        try:
            with printed.open("wb") as output, said.open("wb") as words:
                mpiexec = subprocess.Popen(
                    command, env=environment, start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=output, stderr=words,
                )  # fmt: skip
            while mpiexec.poll() is None and not all(told_by(rank, place) for rank in range(size)):
                time.sleep(SOON)
            with contextlib.suppress(subprocess.TimeoutExpired):  # they are stuck
                mpiexec.wait(MOMENT)
        finally:
            watchdog.end(mark)
            guard.kill()
        mpiexec.wait()
        told = [told_by(rank, place) for rank in range(size)]
        by_them, _, _ = printed.read_text(errors="replace").partition("=" * 80)  # mpiexec's own words follow
        complaint = [*said.read_text(errors="replace").splitlines(), "no word from the ranks"][0]
    if by_them.strip():
        print(by_them.rstrip())
    for rank, each in enumerate(told):
        if "raised" in each:
            raise NotYet(f"rank {rank} of {size} ended early, because {each['raised']}")
    if not any(told):
        raise Lacking(f"mpiexec: {complaint}")
    if {} in told:
        raise NotYet(f"rank {told.index({})} of {size} gave no answer, because it crashed: {complaint}")
    return told


def told_by(rank: int, place: str) -> dict[str, Any]:
    """What a rank's part gives, or raised, or the line in which it waits; nothing if it goes on."""
    answer, stack = Path(place, f"{rank}.answer"), Path(place, f"{rank}.stack")
    if answer.exists():
        return dict(json.loads(answer.read_text()))
    words = stack.read_text() if stack.exists() else ""
    if "<module>" not in words:  # it is not whole yet
        return {}
    lines = re.findall(rf'File "{re.escape(script())}", line (\d+) in (?!<module>)', words)
    return {"waits": lines[0] if lines else None}


def as_a_rank(part: Callable[..., Any]) -> None:
    """Do this rank's part, and write what it gives, or what it raised.

    A rank that spends too much CPU time writes where it is: a signal sees to that, even if MPI holds the GIL.
    """
    from_demos("ranks")  # so that nothing stays in shared memory
    from mpi4py import MPI

    place, comm = Path(os.environ[TO_RANKS]), MPI.COMM_WORLD
    if hasattr(signal, "SIGPROF"):  # Windows has none: the deadline must do
        faulthandler.register(signal.SIGPROF, (place / f"{comm.rank}.stack").open("w"))
        signal.setitimer(signal.ITIMER_PROF, STANDSTILL)

    def tell(**what: Any) -> None:
        sys.stdout.flush()
        file = place / f"{comm.rank}.new"
        file.write_text(json.dumps(what, default=plain))
        file.replace(place / f"{comm.rank}.answer")

    try:
        tell(gives=part(comm, **json.loads((place / "arguments").read_text())))
    except (Exception, SystemExit) as error:
        tell(raised=raised(error))
        raise


def plain(value: Any) -> Any:
    """A number of NumPy as one of Python; of what else is no JSON its type."""
    return value.item() if getattr(value, "shape", None) == () else type(value).__name__


def passed(pass_on: Callable[..., Any], comm: Comm, length: int, seed: int, late: int) -> Any:
    """A rank's part: pass numbers on, and say which rank's numbers came, if it is one's."""
    import numpy as np

    everyones = np.random.default_rng(seed).random((comm.size, length))
    mine = everyones[comm.rank].copy()
    if comm.rank == late:  # what others gave to MPI waits for it
        time.sleep(LATE)
    theirs = np.array(pass_on(comm, mine))  # a copy: what arrives later is too late
    mine[:] = math.nan  # it is free for something else
    comm.Barrier()
    return [rank for rank in range(comm.size) if np.array_equal(theirs, everyones[rank])]


@with_ranks(passed)
def pair_the_messages(pass_on: Callable[..., Any]) -> str:
    """Few numbers and many go round in a ring, and arrive as they were when they were sent."""
    passes = {random.randint(*FEW): 2, random.randint(*MANY): 3}
    for length, size in passes.items():
        told = by_ranks(size, length=length, seed=random.randrange(10**9), late=random.randrange(size))
        for rank, each in enumerate(told):
            if each.get("waits"):
                raise NotYet(
                    f"{length:,} numbers never go round, because rank {rank} of {size} waits without an end"
                    f" in line {each['waits']}"
                )
        for rank, each in enumerate(told):
            before, has = (rank - 1) % size, each.get("gives")
            if has != [before]:
                came = f"those of rank {has[0]}" if has else "others"
                early = "what Isend and Irecv began may not be over before the wait() of their requests"
                why = "they are to come from the rank before" if has else early
                raise NotYet(
                    f"rank {rank} of {size} has not the numbers of rank {before} but {came}, because {why}"
                )
    lengths = " and ".join(f"{length:,}" for length in passes)
    return f"{lengths} numbers went round in rings of 2 and 3 ranks"


def price(i: int) -> int:
    asked.append(i)
    return prices[i]


def summed(total: Callable[..., Any], comm: Comm, n: int, seed: int) -> Any:
    """A rank's part: what total() returned, which prices it asked for, how many bytes it pickled."""
    from mpi4py import MPI

    pickle, sent = MPI.Pickle(), []

    def dumps(*args: Any, **options: Any) -> bytes:
        data = pickle.dumps(*args, **options)
        sent.append(len(data))
        return data

    prices[:] = random.Random(seed).choices(range(10**6), k=n)
    MPI.Pickle.__init__(MPI.pickle, dumps, pickle.loads)
    answer = total(comm, n)
    return answer, asked, sum(sent), sum(prices)


@with_ranks(summed)
def sum_it_together(total: Callable[..., Any]) -> str:
    """Each price is asked for once, by all ranks alike; few bytes are sent; and all have the sum."""
    n = 6 * random.randint(*PRICES) + 5  # neither two nor three divide it
    for size in (2, 3):
        told = by_ranks(size, n=n, seed=random.randrange(10**9))
        for rank, each in enumerate(told):
            if "waits" in each:
                where = f"line {each['waits']} for the others"
                raise NotYet(
                    f"there is no sum, because rank {rank} of {size} waits without an end in {where}"
                )
        answers, asked, sent, sums = zip(*(each["gives"] for each in told))  # noqa: B905  (Python 3.9)
        times, most = Counter(itertools.chain(*asked)), max(map(len, asked))
        if missing := sorted(set(range(n)) - set(times)):
            raise NotYet(
                f"prices are missing, {len(missing):,} of {n:,}, because none of {size} ranks asks for"
                f" price({missing[0]})"
            )
        if more := sum(times.values()) - n:
            raise NotYet(f"{more:,} prices are asked for again, because ranks have some in common")
        if most > n / size + size:
            raise NotYet(
                f"one of {size} ranks asked for {most:,} of {n:,} prices, because the others got less to do"
            )
        if max(sent) > MOST_BYTES:
            raise NotYet(
                f"rank {sent.index(max(sent))} of {size} sent {max(sent):,} bytes, because it sends each"
                " price, where its sum would do"
            )
        for rank, answer in enumerate(answers):
            if answer != sums[rank]:
                why = "it is to be the sum of all prices" if answer else "only other ranks get the sum"
                raise NotYet(f"total() is {answer} on rank {rank} of {size}, not {sums[rank]}, because {why}")
    return f"{n:,} prices are added up by 2 and by 3 ranks, which sent at most {max(sent)} bytes each"


# --- push_it_once, balance_the_load ----------------------------------------------------------------------

Engines = Any  # ipyparallel.Client
ENGINES = 2
SMALL_TASKS = 240
QUICK, SLOW = 0.001, 0.006  # seconds for each of them, on a fast engine and on a slow one; they sleep
MOST_MESSAGES = 60
STARTS = 60.0  # seconds that a cluster may take, on a busy machine
MORE = 0.6  # of the tasks; the fast engine can have five out of six, and half of them in two blocks
pace: list[float] = []  # on an engine, its seconds


@contextlib.contextmanager
def cluster() -> Iterator[Engines]:
    """Engines that can import what is here; nothing is left of them, even if this process is killed."""
    starts, here = from_demos("cluster"), str(Path(__file__).parent)
    try:
        engines = starts.start(ENGINES)
    except from_demos("harness").CannotRun as error:
        raise Lacking(str(error)) from None
    try:
        engines[:].execute(f"import sys; sys.path.insert(0, {here!r})", block=True)
        yield engines
    finally:
        starts.stop()


@functools.partial(judged, besides=STARTS)
def push_it_once(look_up: Callable[[Engines, Atlas, list[str]], list[Found]]) -> str:
    """The engines find all places, and the atlas comes once to each of them at most."""
    with cluster() as engines:
        set_deadline(DEADLINE)
        return pushed_once(engines, look_up)


def pushed_once(engines: Engines, look_up: Callable[[Engines, Atlas, list[str]], list[Found]]) -> str:
    where = {f"place {i}": random.randrange(10**6) for i in range(PLACES)}
    places = random.sample(sorted(where), PLACES)
    before = sum(engines[:].apply_sync(times_arrived))
    found = look_up(engines, Atlas(where), places)
    if [getattr(each, "where", None) for each in found] != [where[place] for place in places]:
        raise NotYet(
            f"{len(found)} answers came for {PLACES} places, and not theirs in their order, because"
            " look_up() is to give find(atlas, place) for each of them"
        )
    if os.getpid() in (each.worker for each in found):
        raise NotYet("the script itself looked places up, because the engines were not asked to")
    times = sum(engines[:].apply_sync(times_arrived)) - before
    if times > len(engines):
        raise NotYet(
            f"the atlas came {times} times to {len(engines)} engines, because it is sent along with each"
            f" {'task' if times >= PLACES else 'message'}"
        )
    return f"{len(engines)} engines found {PLACES} places, and the atlas came to them {times} times"


def times_arrived() -> int:
    return len(arrivals)


@functools.partial(judged, besides=STARTS)
def balance_the_load(share: Callable[[Engines, list[float]], list[Answer]]) -> str:
    """A fast engine has more of the tasks than a slow one, in few messages."""
    with cluster() as engines:
        set_deadline(DEADLINE)
        return balanced(engines, share)


def small_task(task: float) -> Answer:
    start = time.perf_counter()
    time.sleep(pace[0] if pace else QUICK)
    return Answer(task, os.getpid(), start, time.perf_counter())


def set_pace(seconds: float) -> int:
    pace[:] = [seconds]
    return os.getpid()


def balanced(engines: Engines, share: Callable[[Engines, list[float]], list[Answer]]) -> str:
    slow = random.choice(engines.ids)
    workers = {engines[i].apply_sync(set_pace, SLOW if i == slow else QUICK): i for i in engines.ids}
    for _ in range(TRIES):
        tasks = [random.random() for _ in range(SMALL_TASKS)]
        before = len(engines.history)
        answers = list(share(engines, list(tasks)))
        messages = len(engines.history) - before
        done = [getattr(answer, "task", None) for answer in answers]
        if done != tasks:
            order = sorted(done, key=str) == sorted(tasks, key=str)
            raise NotYet(
                f"{len(answers)} answers came for {SMALL_TASKS} tasks, and not theirs in their order, because"
                f" {'they came in another one' if order else 'share() is to give small_task(task) for each'}"
            )
        had = Counter(workers.get(answer.worker) for answer in answers)
        if None in had:
            raise NotYet("the script itself did a task, because the engines were not asked to")
        fast = (SMALL_TASKS - had[slow]) / SMALL_TASKS
        if fast >= MORE:
            break
    else:
        raise NotYet(
            f"engine {slow}, which is slow, had {had[slow]} of {SMALL_TASKS} tasks, because they were dealt"
            " out before anybody knew that"
        )
    if messages > MOST_MESSAGES:
        raise NotYet(
            f"the fast engine had {100 * fast:.0f} % of the tasks, but in {messages} messages, because one"
            f" has {SMALL_TASKS // messages} of {SMALL_TASKS} tasks; {MOST_MESSAGES} will do"
        )
    return f"the fast engine had {100 * fast:.0f} % of {SMALL_TASKS} tasks, in {messages} messages"


# --- make_it_once, share_an_iterator ---------------------------------------------------------------------

CALLERS = 4
SERVERS = 5
connected: list[str] = []  # the server, of each connection


class Connection:
    """To make one takes a moment, in which other threads come; it notes that it was made."""

    def __init__(self, server: str) -> None:
        connected.append(server)
        time.sleep(0.05)
        self.server = server

    def __repr__(self) -> str:
        return f"the connection to {self.server}"


@judged
def make_it_once(connection: Callable[[dict[str, Connection], str], Connection]) -> str:
    """One connection to each server, however many threads ask for it, and however often."""
    made: dict[str, Connection] = {}

    def ask(server: str, got: list[Connection]) -> None:
        got.append(connection(made, server))

    for server in random.sample([f"server {number}" for number in range(10, 100)], SERVERS):
        got: list[Connection] = []
        at_the_same_time(ask, [(server, got)] * CALLERS)
        at_once = connected.count(server)
        ask(server, got)
        for each in got:
            if getattr(each, "server", None) != server:
                raise NotYet(f"connection() gave {each}, because it is to give the one to {server}")
        if connected.count(server) > at_once:
            raise NotYet(
                f"another connection to {server} was made, though there was one, because it was not kept, or"
                " nobody looked first"
            )
        if at_once > 1:
            raise NotYet(
                f"{CALLERS} threads made {at_once} connections to {server}, because they looked before the"
                " first one was there, and did not look again"
            )
    return (
        f"{CALLERS} threads at once asked for each of {SERVERS} servers, and one connection to each was made"
    )


SHARED_TASKS = 40
did: list[int] = []  # the numbers of the tasks that were done
doing = Witness()


class Task(NamedTuple):
    number: int


def do(task: Task) -> None:
    doing.watch(0.01)
    did.append(task.number)


class OneAtATime:
    """A generator of tasks; it refuses a second thread, as generators do, and notes that.

    It does so by itself: without a GIL, Python 3.14 may let it in, and abort.
    """

    def __init__(self) -> None:
        self.tasks = map(Task, range(SHARED_TASKS))
        self.inside = threading.Lock()
        self.taken: list[Task] = []
        self.refused: list[int] = []  # the threads

    def __iter__(self) -> OneAtATime:
        return self

    def __next__(self) -> Task:
        if not self.inside.acquire(blocking=False):
            self.refused.append(threading.get_ident())
            raise ValueError("generator already executing")
        try:
            time.sleep(0.001)
            self.taken.append(next(self.tasks))
            return self.taken[-1]
        finally:
            self.inside.release()


@judged
def share_an_iterator(do_all: Callable[[Iterator[Task]], None]) -> str:
    """Threads do each task once, at the same time, and never meet in the generator of the tasks."""
    tasks = OneAtATime()
    why = "a thread came for a task while another one was in the generator"
    try:
        at_the_same_time(do_all, [(tasks,)] * CALLERS)
    except ValueError as error:
        raise NotYet(f"{raised(error)}, because {why}" if tasks.refused else raised(error)) from None
    if tasks.refused:
        raise NotYet(f"{len(tasks.refused)} times {why}, because no lock lets it wait")
    if missing := SHARED_TASKS - len(set(did)):
        left = SHARED_TASKS - len(tasks.taken)
        lost = "nobody took them" if left == missing else "a thread took them, and did not do them"
        raise NotYet(f"{missing} of {SHARED_TASKS} tasks were not done, because {lost}")
    if len(did) > SHARED_TASKS:
        raise NotYet(f"{SHARED_TASKS} tasks were done {len(did)} times, because some were done again")
    if doing.most < 2:
        raise NotYet(
            f"no task is lost, but at most {doing.most} of {CALLERS} threads worked at once, because a lock"
            " is held meanwhile, or one thread takes all"
        )
    return f"{SHARED_TASKS} tasks were done once each, up to {doing.most} at the same time"


if __name__ == "__main__":
    call_here(*sys.argv[1:])
