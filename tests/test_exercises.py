"""The exercises: what is handed out is not yet right, each solution is, and a wrong answer hears why."""

import ast
import importlib
import os
import re
import shutil
import signal
import subprocess
import sys

import exercise
import pytest
import talks
import test_slides
import watchdog
from conftest import DEMOS, ROOT, SLIDES, files, left_in_memory, shared_memory, until
from live import default_signals
from running import COLUMNS
from test_contract import interpreters
from test_notebooks import MOST_LINES

HERE = SLIDES / "exercises"
EXERCISES = sorted(path.stem.replace("_solved", "") for path in HERE.glob("*_solved.py"))
SOLVED = [f"{name}_solved" for name in EXERCISES]
each = pytest.mark.parametrize("name", EXERCISES)

# What is handed out, and why it is not right yet
NOT_YET = {
    "find_the_race": r"\d+ of 120 sales are missing in the stock, because a thread wrote",
    "keep_the_heart_beating": r"silent for \d{3,} ms, because fetch\(\) waits in the thread of the loop",
    "measure_it_right": r"of a function that sleeps, but .*, because a CPU clock stands still",
    "karp_flatt": r"speedup\(.*\) is .*, because it tells how many times sooner",
    "split_the_work": r"the workers are busy [5-8]\d % of the time, because one of them is done",
    "send_it_once": r"pickled 60 times for [23] workers, because it is an argument of each task",
    "count_in_parallel": r"values are missing, because a thread wrote",
    "compile_it_once": r"4 compilations served 4 calls, because @njit is called again for each",
    "type_the_loop": r"line 16 calls Python, because y and r are Python objects",
    "share_the_loop": r"one thread does all of the work, because range gives it all of the numbers",
    "pair_the_messages": r"1\d\d,\d{3} numbers never go round, because rank [0-2] of 3 waits .* in line 20",
    "sum_it_together": r"prices are missing, 1 of [\d,]+, because none of 2 ranks asks for price\(\d+\)",
    "push_it_once": r"came 6\d times to 2 engines, because it is sent along with each task",
    "balance_the_load": r"engine [01], which is slow, had 120 of 240 tasks, because they were dealt out",
    "make_it_once": r"4 threads made [234] connections to server \d\d, because they looked before the first",
    "share_an_iterator": r"line 19 raised ValueError: generator already executing, because a thread came for",
}
NUMBA = {"count_in_parallel", "compile_it_once"}  # these need it
CYTHON = {"type_the_loop", "share_the_loop"}  # these need Cython and a C compiler
MPI = {"pair_the_messages", "sum_it_together"}  # these need mpi4py and mpiexec
ENGINES = {"push_it_once", "balance_the_load"}  # these need ipyparallel; the others nothing

PAY, SALE = "        pay()", "            stock[item] = remove(stock[item])\n"
LOOP = "    for item in orders:\n"
LOCK_OF_EACH = "locks = {item: threading.Lock() for item in check.ITEMS}\n\n\ndef sell"
THREAD = "await asyncio.to_thread(fetch, number)"
PROCESS = "await loop.run_in_executor(pool, count_primes, page)"
WARM_UP, MEDIAN = "    function()  # to warm up\n", "return statistics.median(times)"
PIECES, REVERSED = "chunksize=8", "return answers[::-1]"
OWN_ROW = "rows[get_thread_id(), values[i]] += 1"
ONE_TYPE = "np.ascontiguousarray(points, np.float64)"
FRACTION, ONE = "(tp / t1 - 1 / p) / (1 - 1 / p)", " if p > 1 else math.nan"
TYPES, LONG, INT = "    cdef int x, y, square\n", "cdef long long total", "cdef int total"
PRANGE, NOGIL, ADDS = "prange(1, limit, nogil=True)", ", nogil=True", "total += 1"
SENDRECV = "comm.Sendrecv(mine, dest=following, recvbuf=theirs, source=before)"
ISEND, RECV = "comm.Isend(mine, dest=following)", "comm.Recv(theirs, source=before)"
ALLREDUCE, STRIDE = "int(comm.allreduce(mine))", "range(comm.rank, n, comm.size)"
KEPT, SIXES = 'Reference("atlas")', ", chunksize=6"
LOCKED, LOOK, CONNECT = (
    "    with lock:\n",
    "        if server not in made:\n",
    "made[server] = Connection(server)",
)
TAKES, EACH = "        with lock:\n            task = next(tasks, None)\n", "    while True:\n"

# What to change in a solution, and why that is wrong then
WRONG = {
    "find_the_race": [
        ({"with lock:": "with threading.Lock():"}, NOT_YET["find_the_race"]),
        (
            {SALE: "            old = stock[item]\n        stock[item] = remove(old)\n"},
            NOT_YET["find_the_race"],
        ),
        (
            {"with lock:": "if item:", LOOP: "    with lock:\n     for item in orders:\n"},
            "at most 1 of 4 threads waited",
        ),
        (
            {PAY: "        with locks[item]: pay()", "def sell": LOCK_OF_EACH},
            "at most [123] of 4 threads waited",
        ),
        ({"remove(stock[item])": "stock[item] - 1"}, r"120 sales made 0 calls of remove\(\)"),
        ({PAY: "        # pay()"}, r"120 sales made 0 calls of pay\(\)"),
        ({SALE: "            1 / 0\n"}, "line 15 raised ZeroDivisionError: division by zero"),
    ],
    "keep_the_heart_beating": [
        ({THREAD: "fetch(number)"}, NOT_YET["keep_the_heart_beating"]),
        (
            {PROCESS: "count_primes(page)"},
            r"silent for \d+ ms, because count_primes\(\) computes in the thread",
        ),
        (
            {PROCESS: "await asyncio.to_thread(count_primes, page)"},
            r"share the GIL for \d+ ms, because a thread beside it",
        ),
        (
            {PROCESS: "pool.submit(count_primes, page).result()"},
            r"silent for \d+ ms, because something blocks",
        ),
        ({"count_primes, page": "count_primes, 50_000"}, r"gave \[5133, 5133\], not \[\d+, \d+\], because"),
    ],
    "measure_it_right": [
        ({"time.perf_counter": "time.process_time"}, "because a CPU clock stands still"),
        ({WARM_UP: "", "median": "mean"}, "first time, but .*, because the first call is in it"),
        ({"median": "mean"}, "interrupted .*, because the longest call is in it"),
        (
            {"statistics.median": "max"},
            "because (the longest call is in it|that is not the time of a typical)",
        ),
        ({"statistics.median": "min"}, "cache, but .*, because the shortest call is not typical"),
        ({"range(9)": "range(2)"}, "3 calls are no measurement, because one outlier"),
        ({MEDIAN: "return 0.007"}, "but a typical call took"),
        ({MEDIAN: "pass"}, "returned None, because its seconds get lost"),
        ({WARM_UP: "    return 0.007\n"}, "because it never calls the function"),
    ],
    "karp_flatt": [
        ({"t1 / tp\n": "tp / t1\n"}, NOT_YET["karp_flatt"]),
        (
            {"speedup(t1, tp) / p": "speedup(t1, tp)"},
            r"efficiency\(.*\) is .*, because it is the share of each",
        ),
        (
            {FRACTION: "tp / t1 - 1 / p"},
            r"serial_fraction\(.*\) is .*, because the times were made from this",
        ),
        ({FRACTION: f"max(0, {FRACTION})"}, r"serial_fraction\(8, 1.6, 4\) is 0, not -0.06667, because"),
        ({ONE: ""}, "line 17 raised ZeroDivisionError"),
        ({ONE: " if p > 1 else 0"}, "is 0, not nan, because one worker tells nothing"),
        (
            {"serial + (1 - serial) / p": "1 / (p - serial * (p - 1))"},
            r"predict\(.*, because the serial part",
        ),
        ({" if time else math.inf": ""}, "line 22 raised ZeroDivisionError"),
    ],
    "split_the_work": [
        ({PIECES: "chunksize=1"}, "but 200 pieces were sent, because one holds 1 of 200 tasks; 40 will do"),
        ({PIECES: "chunksize=200"}, r"busy (4\d|50) % of the time, because one of them did all"),
        ({REVERSED: "return answers"}, "the answers are not in the order of the tasks"),
        (
            {"pool.map(work, tasks[::-1], chunksize=8)": "map(work, tasks[::-1])"},
            "the script itself did a task",
        ),
    ],
    "send_it_once": [
        ({"(find_in_kept, places)": "(find, [atlas] * len(places), places)"}, NOT_YET["send_it_once"]),
        (
            {"find_in_kept, places": "find_in_kept, sorted(places)"},
            "60 places, and not theirs in their order",
        ),
        ({"pool.map": "keep(atlas) or map"}, "the script itself looked places up"),
    ],
    "count_in_parallel": [
        ({OWN_ROW: "rows[0, values[i]] += 1"}, NOT_YET["count_in_parallel"]),
        ({"prange(len(values))": "range(len(values))"}, "because there is no prange any more"),
        ({"(parallel=True)": ""}, r"because count\(\) is not compiled with parallel=True"),
    ],
    "compile_it_once": [
        (
            {ONE_TYPE: "np.array(points)"},
            "[234] compilations served 4 calls, because each had a type of its own",
        ),
        ({"@njit\n": ""}, "because numba is not used any more"),
        ({"range(1, len(p))": "range(2, len(p))"}, "an array of float64 is .*, because steps are lost"),
    ],
    "type_the_loop": [
        ({", square\n": "\n"}, "line 11 calls Python, because square is a Python object"),
        ({"(int r)": "(r)"}, "line 10 calls Python, because r is a Python object"),
        ({"square <=": "abs(len([square])) <="}, "line 12 calls Python, because what it calls is"),
        ({TYPES: ""}, "line 9 calls Python, because y is a Python object"),
        ({"= x * x": "= x x"}, "line 11 cannot be compiled, because Cython says: Syntax error"),
        (
            {LONG: INT},
            r"moment\((3|4|5|6)\d\d\) is -?\d+, not \d+, because an int of C ends at 2,147,483,647",
        ),
        ({"square <=": "square <"}, r"moment\(\d\d\) is \d+, not \d+, because it is to add up"),
        (
            {"def moment": "cdef moment"},
            "Python cannot call moment.., because only def and cpdef make functions for Python",
        ),
    ],
    "share_the_loop": [
        ({PRANGE: "range(1, limit)"}, NOT_YET["share_the_loop"]),
        ({f"{PRANGE}:": "range(1, limit):  # not in prange(1, limit)"}, NOT_YET["share_the_loop"]),
        ({ADDS: "total = total + 1"}, r"steps\(\d+\) is \d+, not \d+, because each thread has a total"),
        ({NOGIL: ""}, "because prange keeps the GIL without nogil=True"),
        ({ADDS: "total += 2"}, "because it counts something else, too"),
        ({NOGIL: f"{NOGIL}, num_threads=1"}, r"one thread did (9\d|100) % of the work, because it got most"),
        ({ADDS: "total += len([n])"}, r"line 14 cannot be compiled, because Cython says: .*(GIL|gil)"),
    ],
    "pair_the_messages": [
        (
            {SENDRECV: f"{ISEND}\n    {RECV}"},
            r"rank \d of 3 has not the numbers of rank \d but others, because what Isend and Irecv began",
        ),
        (
            {SENDRECV: f"comm.Irecv(theirs, source=before)\n    {ISEND}.wait()"},
            r"rank \d of [23] has not the numbers of rank \d but others, because what Isend and Irecv began",
        ),
        (
            {"dest=following": "dest=before", "source=before": "source=following"},
            "rank 0 of 3 has not the numbers of rank 2 but those of rank 1, because they are to come from",
        ),
        (
            {"return theirs": "return mine"},
            "rank 0 of 2 has not the numbers of rank 1 but those of rank 0, because they are to come from",
        ),
        ({"return theirs": "return theirs / 0 if comm.rank else 1 / 0"}, "rank 0 of 2 .* ZeroDivisionError"),
    ],
    "sum_it_together": [
        (
            {
                f"sum(price(i) for i in {STRIDE})": f"[price(i) for i in {STRIDE}]",
                ALLREDUCE: "sum(map(sum, comm.allgather(mine)))",
            },
            r"rank [01] of 2 sent [\d,]{5,} bytes, because it sends each price, where its sum would do",
        ),
        ({ALLREDUCE: "comm.reduce(mine)"}, r"None on rank 1 of 2, not \d+, because only other ranks get"),
        ({ALLREDUCE: "mine"}, r"\d+ on rank 0 of 2, not \d+, because it is to be the sum of all"),
        ({"(comm.rank, n": "(comm.rank + 1, n"}, r"missing, 1 of [\d,]+, because .* price\(0\)"),
        ({STRIDE: "range(n)"}, "prices are asked for again, because ranks have some in common"),
        (
            {STRIDE: "range(n if comm.rank else 0)"},
            "one of 2 ranks asked for .*, because the others got less",
        ),
        (
            {"    return int": "    if comm.rank == 0:\n        return int"},
            "there is no sum, because rank 0 of 2 waits without an end in line 10",
        ),
        ({"allreduce(mine)": "reduce(mine)"}, "rank 1 of 2 ended early, because line 9 raised TypeError"),
    ],
    "push_it_once": [
        ({KEPT: "atlas"}, NOT_YET["push_it_once"]),
        (
            {f"{KEPT}), places": "atlas), places, chunksize=6"},
            "came 12 times to 2 engines, because .* message",
        ),
        ({f"{KEPT}), places": f"{KEPT}), sorted(places)"}, "60 places, and not theirs in their order"),
        ({f"view.map_sync(partial(find, {KEPT})": "map(partial(find, atlas)"}, "the script itself looked"),
    ],
    "balance_the_load": [
        ({"load_balanced": "direct", SIXES: ""}, NOT_YET["balance_the_load"]),
        ({SIXES: ""}, "in 240 messages, because one has 1 of 240 tasks; 60 will do"),
        ({SIXES: ", chunksize=120"}, NOT_YET["balance_the_load"]),
        ({"small_task, tasks": "small_task, tasks[::-1]"}, "240 tasks, .* because they came in another one"),
        ({f"view.map_sync(small_task, tasks{SIXES})": "map(small_task, tasks)"}, "the script itself did"),
    ],
    "make_it_once": [
        ({"with lock:": "with threading.Lock():"}, NOT_YET["make_it_once"]),
        (
            {
                LOCKED: "    if True:\n",
                f"            {CONNECT}": f"            with lock:\n                {CONNECT}",
            },
            NOT_YET["make_it_once"],
        ),
        (
            {LOOK: "", f"            {CONNECT}": "        made.setdefault(server, Connection(server))"},
            r"another connection to server \d\d was made, though there was one, because",
        ),
        ({CONNECT: "return Connection(server)"}, r"another connection to server \d\d .* it was not kept"),
        (
            {LOOK: "        if not made:\n", "return made[server]": "return next(iter(made.values()))"},
            r"gave the connection to server \d\d, because it is to give the one to server \d\d",
        ),
        ({"return made[server]": "pass"}, r"gave None, because it is to give the one to server \d\d"),
    ],
    "share_an_iterator": [
        ({"with lock:": "with threading.Lock():"}, "line 17 raised ValueError: generator already executing"),
        (
            {TAKES: TAKES.replace("with lock", "try") + "        except ValueError:\n            continue\n"},
            r"\d+ times a thread came for a task while another .* because no lock lets it wait",
        ),
        (
            {"with lock:": "if True:", EACH: "    with lock:\n     while True:\n"},
            "at most 1 of 4 threads worked",
        ),
        (
            {"        do(task)": "        return do(task)"},
            "36 of 40 tasks were not done, because nobody took them",
        ),
        (
            {"do(task)": "task.number % 8 and do(task)"},
            "5 of 40 tasks .*, because a thread took them, and did",
        ),
        ({"do(task)": "do(task) or do(task)"}, "40 tasks were done 80 times, because some were done again"),
        ({", None)": ")"}, "line 17 raised StopIteration"),
    ],
}


@pytest.fixture
def answer(tmp_path):
    """Run what somebody wrote, as they do: answer("x = 1") -> CompletedProcess with text."""

    def call(text, python=sys.executable, **environment):
        folder = tmp_path / "build" / "my exercises"
        folder.mkdir(parents=True)
        (tmp_path / "demos").symlink_to(DEMOS)
        shutil.copy(HERE / "check.py", folder)
        (folder / "mine.py").write_text(text, encoding="utf-8")
        return subprocess.run(
            [python, "build/my exercises/mine.py"], cwd=tmp_path, env=os.environ | environment,
            capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    return call


LACKS = r"mine.py: (Cython is missing: pip install cython|no (C compiler|Python\.h|OpenMP).*: \S.*)\n"


def text_of(script):
    return (HERE / f"{script}.py").read_text(encoding="utf-8")


COMPILING = r"(?:Compiling loop\.pyx, once \.\.\.\n)?"  # unless it is kept from an earlier time
STARTING = r"(?:Starting 2 engines \.\.\.\n2 engines after \d+\.\d s\n)?"
FIRST = f"{COMPILING}{STARTING}"


def assert_not_yet(done, why):
    assert done.stderr == ""
    assert re.fullmatch(f"{FIRST}Not yet: .*{why}.*\n", done.stdout), done.stdout
    assert done.returncode == 1


# --- what is asked, and what is right --------------------------------------------------------------------


@each
def test_what_is_handed_out_is_not_yet_right_and_hears_why(name, answer):
    assert_not_yet(answer(text_of(name)), NOT_YET[name])


@pytest.mark.parametrize("version", ["this", "3.9"])
@each
def test_the_solution_is_right(name, version, answer):
    found = {"this": sys.executable} | interpreters()
    if version not in found:
        pytest.skip(f"no Python {version} found")
    done = answer(text_of(f"{name}_solved"), found[version])
    if name in NUMBA and done.returncode == 2:
        assert version != "this"
        assert re.fullmatch(r"mine.py: (numba|numpy) is missing: pip install \1\n", done.stderr)
        pytest.skip(f"Python {version} has no numba, and it says so")
    if name in CYTHON and done.returncode == 2:
        assert re.fullmatch(LACKS, done.stderr)
        assert version != "this" or not shutil.which("cc")
        pytest.skip(f"Python {version} has no Cython or no compiler, and it says so")
    if name in MPI | ENGINES and done.returncode == 2:
        assert version != "this"
        assert re.fullmatch(r"mine.py: (\w+) is missing: pip install \1\n", done.stderr)
        pytest.skip(f"Python {version} has no MPI or no ipyparallel, and it says so")
    assert done.stderr == ""
    assert re.fullmatch(rf"{FIRST}Right: .*\d.*\n", done.stdout), done.stdout
    assert done.returncode == 0


FIRST_WRONG = 2  # of an exercise, for make test; all are in make test-all


def wrong(names, first=FIRST_WRONG):
    """For each wrong answer to one of these: its name, what is changed in the solution, why that is wrong."""
    cases = [
        pytest.param(name, *wrong, marks=pytest.mark.sweep if number >= first else ())
        for name in sorted(names)
        for number, wrong in enumerate(WRONG[name])
    ]
    return pytest.mark.parametrize(("name", "changes", "why"), cases)


def changed(name, changes):
    text = text_of(f"{name}_solved")
    for right, wrong in changes.items():
        assert right in text
        text = text.replace(right, wrong)
    return text


@wrong(set(EXERCISES) - ENGINES)
def test_a_wrong_answer_hears_why(name, changes, why, answer):
    assert_not_yet(answer(changed(name, changes)), why)


@pytest.fixture(scope="module")
def check_with_engines():
    """The module check, and engines: to start them for each wrong answer would take too long."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        check = importlib.import_module("check")
        with check.cluster() as engines:
            yield check, engines


@wrong(ENGINES, first=99)  # they share their engines
def test_a_wrong_answer_of_engines_hears_why(name, changes, why, check_with_engines):
    check, engines = check_with_engines
    judge, function = {
        "push_it_once": (check.pushed_once, "look_up"),
        "balance_the_load": (check.balanced, "share"),
    }[name]
    mine = {"__name__": "mine"}
    exec(changed(name, changes), mine)
    with pytest.raises(check.NotYet, match=why):
        judge(engines, mine[function])


@each
def test_a_stub_is_short_says_how_to_run_it_and_needs_nothing(name):
    text = text_of(name)
    assert len(text.splitlines()) < 40
    assert f"\n    $ python build/exercises/{name}.py\n" in ast.get_docstring(ast.parse(text), clean=False)
    for script in (name, f"{name}_solved", "check", "hand_out"):
        nodes = list(ast.walk(ast.parse(text_of(script))))
        modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        more = {"numba", "numpy"} if script == "check" or name in NUMBA else set()
        more |= {"mpi4py"} if script == "check" else set()
        more |= {"numpy"} if name in MPI else {"ipyparallel"} if name in ENGINES else set()
        assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names | {"check"} | more
    assert ("import numpy" in text) == ("with check.needs_packages():\n    import numpy" in text)


# --- what needs a compiler -------------------------------------------------------------------------------


def assert_lacks(done, what):
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"mine.py: {what}\n", done.stderr)


@pytest.mark.parametrize("name", sorted(CYTHON))
def test_without_a_compiler_one_line_says_so(name, answer):
    done = answer(text_of(f"{name}_solved"), CC="no-such-compiler")
    assert_lacks(done, r"no C compiler, no-such-compiler: \S.*")


def test_without_cython_one_line_says_so(answer):
    hidden = "check.sys.modules['cython'] = None\n\n\nif __name__"
    done = answer(text_of("type_the_loop").replace("if __name__", hidden))
    assert_lacks(done, "Cython is missing: pip install cython")


def test_elsewhere_one_line_says_where_it_must_be(answer):
    moved = "check.DEMOS /= 'lost'\n\n\nif __name__"
    done = answer(text_of("type_the_loop_solved").replace("if __name__", moved))
    assert_lacks(done, "two folders above there is no demos/compiling.py: .*")


# --- what needs MPI or ipyparallel -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "package"), [("sum_it_together", "mpi4py"), ("push_it_once", "ipyparallel")]
)
def test_without_a_package_one_line_says_so(name, package, answer):
    hidden = f"check.sys.modules['{package}'] = None\n\n\nif __name__"
    assert_lacks(
        answer(text_of(name).replace("if __name__", hidden)), f"{package} is missing: pip install .*"
    )


def test_without_mpiexec_one_line_says_so(answer):
    done = answer(text_of("sum_it_together"), MPIEXEC="no-such-launcher")
    assert_lacks(done, "no-such-launcher is missing: pip install mpich")


def test_what_ranks_print_is_shown(answer):
    text = text_of("pair_the_messages_solved").replace("return theirs", "print('I pass'); return theirs")
    done = answer(text)
    first, *more = sorted(done.stdout.splitlines(), reverse=True)
    assert re.match("Right: ", first)
    assert (more, done.stderr) == (5 * ["I pass"], "")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be given one core here")
def test_on_one_core_two_threads_share_the_loop_too(answer):
    one = "    check.os.sched_setaffinity(0, {min(check.os.sched_getaffinity(0))})\n    check.share"
    done = answer(text_of("share_the_loop_solved").replace("    check.share", one))
    assert re.search("^Right: one of two threads did [3-7]", done.stdout, re.MULTILINE)


# --- what does not end -----------------------------------------------------------------------------------

SOON = "check.DEADLINE = 2\n\n\nif __name__"


def test_compiled_code_without_an_end_is_ended(answer):
    text = text_of("share_the_loop_solved").replace("while n != 1", "while n == n")
    assert_not_yet(answer(text.replace("if __name__", SOON)), r"steps\(\) had no answer after 2 s, because")


def test_a_deadlock_ends_at_the_deadline_and_its_line_is_named(answer):
    text = text_of("find_the_race_solved").replace("with lock:\n", "if lock.acquire():\n")
    line = 1 + text[: text.index("lock.acquire")].count("\n")
    done = answer(text.replace("if __name__", SOON))
    assert_not_yet(done, f"no answer after 2 s, because line {line} waits")


def test_at_the_deadline_its_processes_end_too(answer):
    mark = watchdog.mark("EXERCISE_RUN")
    text = text_of("keep_the_heart_beating_solved").replace("count_primes, page", "time.sleep, 1000")
    done = answer(
        text.replace("import asyncio", "import asyncio\nimport time").replace("if __name__", SOON), **mark
    )
    assert_not_yet(done, "no answer after 2 s, because something never comes")
    assert until(lambda: not watchdog.marked(mark), 10)


@pytest.mark.parametrize(
    ("name", "what"), [("pair_the_messages", "theirs = np"), ("push_it_once", "view = engines")]
)
def test_ranks_and_engines_that_do_nothing_end_too(name, what, answer):
    mark, before = watchdog.mark("EXERCISE_RUN"), shared_memory()
    text = text_of(name).replace(what, f"check.time.sleep(1000)\n    {what}")
    done = answer(text.replace("if __name__", SOON.replace("2", "4")), **mark)
    assert_not_yet(done, "no answer after 4 s, because (something never comes|line 19 waits)")
    assert until(lambda: not watchdog.marked(mark), 10)
    assert until(lambda: not left_in_memory(before), 10)


def test_ctrl_c_ends_it(tmp_path):
    shutil.copy(HERE / "check.py", tmp_path)
    text = text_of("find_the_race").replace(
        "        pay()", "        print(item, flush=True)\n        while True: pay()"
    )
    (tmp_path / "mine.py").write_text(text)
    command = [sys.executable, tmp_path / "mine.py"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, preexec_fn=default_signals, **pipes) as running:
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        printed, complained = running.communicate(timeout=60)
    assert (running.returncode, complained) == (130, "")
    assert "Interrupted" in printed.splitlines()


# --- handing out -----------------------------------------------------------------------------------------


@pytest.fixture
def make(tmp_path):
    """make exercises, in a copy in a folder with spaces."""
    folder = tmp_path / "a talk"
    shutil.copytree(HERE, folder / "slides" / "exercises")
    shutil.copy(ROOT / "Makefile", folder)
    user = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    def call():
        command = ["make", f"PYTHON={sys.executable}", "exercises"]
        return subprocess.run(command, cwd=folder, env=user, capture_output=True, text=True)

    call.folder = folder
    return call


def test_make_exercises_hands_them_out_with_a_line_to_run_each(make):
    done = make()
    assert (done.returncode, done.stderr) == (0, "")
    lines = [f"python build/exercises/{name}.py" for name in EXERCISES]
    assert done.stdout.splitlines() == lines
    handed = files(make.folder / "build" / "exercises")
    assert sorted(map(str, handed)) == sorted(["check.py", *(f"{name}.py" for name in EXERCISES)])
    words = [sys.executable, "build/exercises/find_the_race.py"]
    run = subprocess.run(words, cwd=make.folder, capture_output=True, text=True)
    assert_not_yet(run, NOT_YET["find_the_race"])


def test_what_was_edited_is_kept_and_it_says_so(make):
    make()
    edited, untouched = (make.folder / "build" / "exercises" / f"{name}.py" for name in EXERCISES[:2])
    edited.write_text("mine = True\n")
    (edited.parent / "check.py").write_text("an older one")
    done = make()
    lines = done.stdout.splitlines()
    assert lines[0] == f"python build/exercises/{edited.name}   (kept as you left it)"
    assert lines[1] == f"python build/exercises/{untouched.name}"
    assert edited.read_text() == "mine = True\n"
    assert (edited.parent / "check.py").read_text() == text_of("check")


def test_where_nothing_can_be_written_one_line_says_so(make):
    (make.folder / "build").write_text("a file")
    done = make()
    assert done.returncode != 0
    first, *more = done.stderr.splitlines()
    assert re.fullmatch(r"make exercises: .*build.*: .*; mend that, and repeat", first)
    assert all(line.startswith("make: ***") for line in more)


def test_the_readme_names_one():
    (script,) = re.findall(
        r"^python build/exercises/(\w+)\.py$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert script in EXERCISES


# --- on a slide ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", EXERCISES + SOLVED)
def test_the_code_on_a_slide_is_short_and_all_there_is_to_mend(script):
    lines = exercise.code(script).splitlines()
    assert 3 <= len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= COLUMNS
    text = text_of(script)
    for node in ast.parse(text).body:
        if isinstance(
            node, (ast.Expr, ast.Import, ast.ImportFrom, ast.With, ast.If)
        ):  # docstring, …, call of the check
            text = text.replace(ast.get_source_segment(text_of(script), node), "")
    left = [line for line in text.splitlines() if line and '"""' not in line]  # around what is Cython
    assert [line for line in lines if line] == left


def test_a_cell_with_an_exercise_runs_at_once():
    cell = {"cell_type": "code", "metadata": {}, "source": "from exercise import exercise\nexercise('x')"}
    assert talks.at_once(cell)


WORDS = "Words that an audience reads to know what is asked of them, and they go on to a second line of text."
SHOWN = "() => [...document.querySelectorAll('.present .exercise pre')].map((pre) => pre.checkVisibility())"


def test_an_exercise_fits_its_slide_and_its_solution_too(browser, tmp_path):
    notebook = test_slides.notebook_of({})
    for name in EXERCISES:
        notebook.cells.append(test_slides.markdown(f"## {name}\n\n{WORDS}"))
        source = f"from exercise import exercise\nexercise('{name}')"
        notebook.cells.append(test_slides.new_code_cell(source))
    path = tmp_path / "20-exercises.ipynb"
    test_slides.nbformat.write(notebook, path)
    faults = test_slides.Faults()
    with test_slides.reading(browser, "1280x720", "light") as (page, *_):
        deck = test_slides.Exported(page, test_slides.export(tmp_path / "pages", path))
        deck.open(path.stem)
        for _ in range(2):  # behind the title and the sound slide
            deck.page.keyboard.press("ArrowRight")
        for name in EXERCISES:
            for shown in ([False, True], [True, False]):
                assert deck.page.evaluate(SHOWN) == shown
                slide = deck.page.evaluate(
                    test_slides.INSPECT, {"least": test_slides.LEAST, "ran": True, "above": []}
                )
                assert slide["heading"] == name
                faults.add(test_slides.read(path), slide, slide["found"])
                deck.page.locator(".present .exercise summary").focus()
                deck.page.keyboard.press("Enter")
            deck.page.keyboard.press("ArrowRight")
    test_slides.assert_none(list(faults))
