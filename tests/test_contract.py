"""What every demo promises. A demo is found by the run line in its docstring; no list is kept."""

import ast
import contextlib
import functools
import importlib
import json
import multiprocessing
import os
import runpy
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sources
from conftest import DEMOS, ROOT, run_line, skip_without_python
from jsonschema import Draft202012Validator
from test_recordings import CLASS, shape

DEMO_NAMES = sources.demos()
texts = functools.cache(sources.texts)
SCHEMA = Draft202012Validator(json.loads((DEMOS / "record.schema.json").read_text()))


def each(seldom=lambda name: False):
    """Each demo; of those that `seldom` is true of every third, and the others only in make test-all."""
    left_out = all_but_every_third(filter(seldom, DEMO_NAMES))
    marks = {name: pytest.mark.sweep if name in left_out else () for name in DEMO_NAMES}
    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks[name]) for name in DEMO_NAMES])


def all_but_every_third(names):
    return {name for number, name in enumerate(names) if number % 3}


def declared(name, what):
    """What a demo's test file declares: the options LONG (ten seconds) and PROCESSES, STARTS (workers)."""
    return getattr(importlib.import_module(f"test_{name}"), what, None)


def uses_processes(name):
    text = (DEMOS / f"{name}.py").read_text()
    return "multiprocessing" in text or "ProcessPoolExecutor" in text


@functools.cache
def standard_library_only(name):
    modules = set()
    for path, text in texts(name).items():
        for node in ast.walk(ast.parse(text)) if path.suffix == ".py" else ():
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module.partition(".")[0])
    return modules <= sys.stdlib_module_names | {path.stem for path in DEMOS.glob("*.py")}


def quick_run(words, tmp_path, **more):
    """Run a command with --quick: its record, which must be valid."""
    file = tmp_path / "record.json"
    more = {"text": True, "capture_output": True, "timeout": 60, "stdin": subprocess.DEVNULL} | more
    done = subprocess.run([*map(str, words), "--quick", "--json", str(file)], **more)
    skip_without_python(done.returncode, done.stderr)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    record = json.loads(file.read_text())
    SCHEMA.validate(record)
    assert record["runs"] or record["lanes"]
    assert [line for _, line in record["output"]] == done.stdout.splitlines()
    return record


@each()
def test_the_docstring_says_what_to_look_for_and_how_to_run_it(name):
    text = (DEMOS / f"{name}.py").read_text()
    doc = ast.get_docstring(ast.parse(text))
    assert "Look for:" in doc
    assert doc.splitlines()[0].endswith(".")
    assert len(text.splitlines()) <= 80
    assert (ROOT / "tests" / f"test_{name}.py").exists()


@each()
def test_main_is_six_lines_at_most_and_the_kernel_knows_no_harness(name):
    tree = ast.parse((DEMOS / f"{name}.py").read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    main = functions.pop("main")
    assert main.end_lineno - main.lineno <= 6
    imported = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "harness"
        for alias in node.names
    } - {"CannotRun", "ctrl_c_is_mine"}  # what no demo can do without
    for function in functions.values():
        used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        assert not used & imported, f"{function.name} uses {used & imported}"


@each()
def test_the_run_line_works_and_its_record_and_picture_say_so(name, tmp_path):
    """As it is typed; a demo that needs packages runs where it is hardest, below."""
    if not standard_library_only(name):
        pytest.skip("it runs from any directory, with the same Python")
    line, picture = sources.run_line(name), tmp_path / "picture.svg"
    binaries = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    words = [*line.split(), "--plot", picture]
    assert_says_so(name, quick_run(words, tmp_path, cwd=ROOT, env={**os.environ, "PATH": binaries}), picture)


def assert_says_so(name, record, picture, ours=True):
    assert record["demo"] == name
    assert record["command"] == f"{sources.run_line(name)} --quick"
    assert record["source"] == sources.source_hash(name)
    assert picture.read_text().startswith("<svg")
    for recorded in CLASS.glob(f"{name}.json") if ours else ():  # another Python may lack packages
        # test_recordings.py compares those with options
        assert shape(record) == shape(json.loads(recorded.read_text()))


@each(seldom=lambda name: not standard_library_only(name))  # their own tests run them, too
def test_it_runs_from_any_directory_a_read_only_checkout_and_on_the_oldest_python(name, tmp_path):
    bare = shutil.ignore_patterns("__pycache__")
    copy = shutil.copytree(DEMOS, tmp_path / "a path with spaces" / "demos", ignore=bare)
    elsewhere, picture = tmp_path / "elsewhere", tmp_path / "picture.svg"
    elsewhere.mkdir()
    namespace, why_not = read_only(copy)
    version, python = other_python(name, oldest=True)
    words = [*namespace, *run_line(name, python, copy), "--plot", picture]
    record = quick_run(words, tmp_path, cwd=elsewhere)
    assert record["interpreter"]["version"].startswith(version)
    assert_says_so(name, record, picture, python == sys.executable)
    assert list(elsewhere.iterdir()) == []
    if why_not:
        pytest.skip(f"it ran, but where it could write: no private mount namespace here: {why_not}")


def read_only(folder):
    """The beginning of a command that cannot write into the folder; or why there is none."""
    if not shutil.which("unshare"):
        return [], "there is no unshare"
    private = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    script = f'mount --bind "{folder}" "{folder}" && mount -o remount,bind,ro "{folder}" && exec "$@"'
    namespace = [*private, "sh", "-c", script, "sh"]
    probe = subprocess.run([*namespace, "true"], capture_output=True, text=True)
    if probe.returncode:
        return [], probe.stderr.strip()
    assert subprocess.run([*namespace, "touch", folder / "x"], capture_output=True).returncode != 0
    return namespace, ""


BAD = [["--workers", "0"], ["--workers", "many"], ["--no-such-option"], ["--json", "no/such/folder/x"]]


@each()
@pytest.mark.parametrize("bad", BAD)
def test_bad_input_gives_one_line_and_status_2(name, bad, demo, in_process):
    done = (demo if uses_mpi(name) else in_process)(name, *bad)
    if uses_mpi(name) and done.returncode == 9:  # on a busy machine mpiexec tells of a rank that it killed,
        done.returncode, done.stdout = 2, ""  # instead of the one that ended before
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert bad[0] in done.stderr


def uses_mpi(name):
    return "mpi4py" in (DEMOS / f"{name}.py").read_text()


@pytest.fixture
def in_process(monkeypatch, capfd):
    """Run a demo like the fixture demo, but in this process, for what ends before it measures."""

    def call(name, *options):
        script = str(DEMOS / f"{name}.py")
        monkeypatch.setattr(sys, "argv", [script, *options])
        with pytest.raises(SystemExit) as ended:
            runpy.run_path(script, run_name="__main__")
        return subprocess.CompletedProcess(sys.argv, ended.value.code, *capfd.readouterr())

    before = signal.getsignal(signal.SIGINT)
    yield call
    signal.signal(signal.SIGINT, before)


@each()
@pytest.mark.parametrize("method", ["spawn", pytest.param("forkserver", marks=pytest.mark.sweep)])
def test_processes_work_under_every_start_method(name, method, tmp_path):
    if not uses_processes(name):
        pytest.skip("it starts no processes")
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("there is none here")
    _, python = other_python(name)
    quick_run([*forced(name, method, python), *declared(name, "PROCESSES")], tmp_path)


def forced(name, method, python=sys.executable):
    """The command that runs the unchanged script under a start method."""
    script = str(DEMOS / f"{name}.py")
    return [
        python,
        "-c",
        f"import multiprocessing, runpy, sys; multiprocessing.set_start_method({method!r}); "
        f"sys.path.insert(0, {str(DEMOS)!r}); sys.argv[0] = {script!r}; "
        f"runpy.run_path({script!r}, run_name='__main__')",
    ]


@functools.cache
def interpreters():
    """The executable of each Python 3.9 to 3.15 on this machine, besides ours."""
    found = {}
    for minor in range(9, 16):
        if sys.version_info[1] != minor:
            pyenv = Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python3")
            for place in filter(None, [shutil.which(f"python3.{minor}"), *pyenv]):
                with contextlib.suppress(OSError):
                    if subprocess.run([place, "-c", ""], capture_output=True).returncode == 0:
                        found[f"3.{minor}"] = str(place)
                        break
    return found


def other_python(name, oldest=False):
    """The version and executable of the newest or oldest other Python that can run the demo; else ours."""
    ours = f"3.{sys.version_info[1]}", sys.executable
    found = list(interpreters().items()) if standard_library_only(name) else []
    return [*found, ours][0] if oldest else [ours, *found][-1]


@each(seldom=lambda name: standard_library_only(name) and not uses_processes(name))  # all run on the oldest
def test_standard_library_demos_run_on_the_newest_python(name, tmp_path):
    if not standard_library_only(name):
        pytest.skip("it needs packages")
    if uses_processes(name):
        pytest.skip("it starts processes: by each method")
    version, python = other_python(name)
    record = quick_run(run_line(name, python), tmp_path)
    assert record["interpreter"]["version"].startswith(version)
    if python == sys.executable:
        pytest.skip("it ran, but on this Python: no other from 3.9 to 3.15 found")
