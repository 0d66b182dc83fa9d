"""From a fresh machine to a Python that has everything: slides/setup.py, the Makefile, environment.yml."""

import ast
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import sysconfig
import time
import tomllib
import zipfile
from pathlib import Path

import packaging
import psutil
import pytest
import setup
import yaml
from conftest import DEMOS, ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SETUP = ROOT / "slides" / "setup.py"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
NEEDS = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["test"]]

# A project that is as small as can be: it needs one module, kernel, and for its tests another, probe.
TINY = """
[project]
name = "tiny"
version = "1"
requires-python = ">=3.11"
dependencies = ["kernel=={kernel}"]

[dependency-groups]
test = ["probe"]

[tool.uv]
package = false
default-groups = []

[[tool.uv.index]]
name = "here"
url = "wheels"
format = "flat"
default = true
"""


# --- three files that say the same -------------------------------------------------------------------------


def test_the_lock_is_of_this_pyproject():
    metadata = LOCK[PROJECT["project"]["name"]]["metadata"]
    locked = [*metadata["requires-dist"], *metadata["requires-dev"]["test"]]
    assert {(need["name"], need.get("specifier", ""), need.get("marker", "")) for need in locked} == {
        (canonicalize_name(need.name), str(need.specifier), str(need.marker or "").replace('"', "'"))
        for need in map(Requirement, NEEDS)
    }


def test_conda_gets_the_locked_versions_of_what_the_project_needs():
    (packages,) = (item["pip"] for item in environment_yml() if isinstance(item, dict))
    assert {str(Requirement(line)) for line in packages} == {
        str(Requirement(f"{need.name}=={LOCK[canonicalize_name(need.name)]['version']}; {need.marker}"))
        if need.marker
        else f"{need.name}=={LOCK[canonicalize_name(need.name)]['version']}"
        for need in map(Requirement, NEEDS)
    }
    assert {"jupyter", "rise", "numba", "cython", "mpi4py", "ipyparallel"} <= {
        Requirement(line).name for line in packages
    }


def test_conda_itself_gives_python_a_compiler_and_pip_and_no_second_mpi():
    python, *others = (item for item in environment_yml() if isinstance(item, str))
    assert others == ["c-compiler", "pip"]
    assert python.startswith(f"python {PROJECT['project']['requires-python']}")


def environment_yml():
    return yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]


# --- an old Python -----------------------------------------------------------------------------------------


def test_an_older_python_is_told_so_in_one_line():
    oldest = tuple(map(int, re.search(r">=(\d+)\.(\d+)", PROJECT["project"]["requires-python"]).groups()))
    older = (oldest[0], oldest[1] - 1, 9, "final", 0)
    pretend = f"import runpy, sys; sys.version_info = {older}; runpy.run_path(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", pretend, SETUP], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert "This is Python 3.10, the slides need 3.11 or later" in done.stderr
    ast.parse(SETUP.read_text(), feature_version=(3, 6))  # it must parse the file to get that far


# --- .venv -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def uv():
    """The uv that sets up this project; without one the test skips, but in CI it fails."""
    if found := shutil.which("uv") or shutil.which(setup.OWN_UV):
        return found
    reason = f"no uv, neither on PATH nor as {setup.OWN_UV.relative_to(ROOT)}"
    pytest.fail(f"{reason}: CI must have one") if os.environ.get("CI") else pytest.skip(reason)


class Tiny:
    """A tiny project in a folder with a space, a PATH with nothing but uv, caches of its own."""

    def __init__(self, folder, uv):
        self.folder = folder / "a project"
        self.uv = uv
        self.programs = folder / "programs"
        self.venv = self.folder / ".venv"
        self.python = self.venv / "bin" / "python"
        (self.folder / "slides").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(SETUP, self.folder / "slides")
        for name, version in (("kernel", 1), ("kernel", 10), ("probe", 1)):
            wheel(self.folder / "wheels", name, version, {f"{name}.py": f"version = {version}\n"})
        user = ("UV_", "PIP_", "CONDA", "VIRTUAL_ENV", "PYTHON", "MAKE")
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(user)
        } | {
            "PATH": str(self.programs),
            "HOME": str(folder / "home"),
            "UV_CACHE_DIR": str(folder / "cache"),
        }
        self.use_uv(f'exec "{uv}" "$@"')
        self.need(kernel=1)

    def use_uv(self, script):
        program(self.programs / "uv", script)

    def need(self, kernel):
        (self.folder / "pyproject.toml").write_text(TINY.format(kernel=kernel))
        lock = [self.uv, "lock", "--quiet", "--python", sys.executable]
        subprocess.run(lock, cwd=self.folder, env=self.environment, check=True)

    def start(self, *options, **environment):
        command = [sys.executable, self.folder / "slides" / "setup.py", *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, env=self.environment | environment, start_new_session=True, **pipes)

    def run(self, *options, **environment):
        """Set up; the exit status, what it printed, and the lines it said."""
        child = self.start(*options, **environment)
        printed, said = child.communicate()
        assert "Traceback" not in said, said
        return child.returncode, printed, said.splitlines()

    def version(self, module):
        """The version of a module in .venv; None where it cannot be imported."""
        ask = f"import {module}; print({module}.version)"
        done = subprocess.run([self.python, "-c", ask], capture_output=True, text=True)
        return int(done.stdout) if done.returncode == 0 else None


@pytest.fixture
def tiny(tmp_path, uv):
    return Tiny(tmp_path, uv)


def ends(pid):
    """Whether the process ends, within a few seconds at most."""
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE or process.wait(timeout=10) is None
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False


def program(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def wheel(folder, name, version, files):
    """Write a wheel that installs the files."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in (*files, *about, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in (files | about | {f"{info}/RECORD": record}).items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (stat.S_IFREG | 0o755) << 16  # a script is to be executable
            archive.writestr(entry, text)


def test_the_first_run_makes_venv_and_prints_its_python_alone(tiny):
    before = set(tiny.folder.iterdir())
    tiny.use_uv(f'echo uv speaks; exec "{tiny.uv}" "$@"')
    status, printed, said = tiny.run()
    assert (status, printed) == (0, f"{tiny.python}\n")
    assert said[0].startswith("Setting up")
    assert (tiny.version("kernel"), tiny.version("probe")) == (1, None)
    assert {path.name for path in set(tiny.folder.iterdir()) - before} == {".venv", ".uv"}


def test_the_next_run_asks_nobody_and_says_nothing(tiny):
    tiny.run("--group", "test")
    tiny.use_uv("exit 9")
    for options in (["--group", "test"], []):
        assert tiny.run(*options) == (0, f"{tiny.python}\n", [])


def test_a_group_is_added_when_it_is_asked_for(tiny):
    tiny.run()
    assert tiny.run("--group", "test")[0] == 0
    assert (tiny.version("kernel"), tiny.version("probe")) == (1, 1)


def test_a_changed_lock_is_followed_and_what_is_more_stays(tiny):
    tiny.run("--group", "test")
    tiny.need(kernel=10)
    tiny.run()
    assert (tiny.version("kernel"), tiny.version("probe")) == (10, 1)


def test_a_change_that_failed_can_be_taken_back(tiny):
    tiny.run()
    tiny.need(kernel=10)
    tiny.use_uv(f'"{tiny.uv}" "$@"; exit 1')
    assert tiny.run()[0] == 2
    tiny.need(kernel=1)
    tiny.use_uv(f'exec "{tiny.uv}" "$@"')
    tiny.run()
    assert tiny.version("kernel") == 1


def test_a_lock_that_does_not_fit_is_refused(tiny):
    (tiny.folder / "pyproject.toml").write_text(TINY.format(kernel=10))
    status, printed, said = tiny.run()
    assert (status, printed) == (2, "")
    assert said[-1].startswith("Setting up .venv failed")


@pytest.mark.parametrize(
    "cut",
    [
        # while .venv is made, before its pyvenv.cfg
        'mkdir -p .venv/bin; ln -s "{python}" .venv/bin/python',
        # while kernel is installed, after its dist-info
        '"{uv}" "$@"; rm .venv/lib/*/site-packages/kernel.py',
    ],
    ids=["venv", "package"],
)
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_set_up_that_is_cut_short_is_repaired_by_the_next(cut, number, status, tiny):
    tiny.environment["PATH"] += os.pathsep + os.defpath
    base = os.path.realpath(sys.executable)
    tiny.use_uv(cut.format(python=base, uv=tiny.uv) + "; echo $$ > pid; exec sleep 300")
    child = tiny.start()
    pid = tiny.folder / "pid"
    while not (pid.exists() and pid.read_text()):
        time.sleep(0.01)
    if number == signal.SIGTERM:
        child.send_signal(number)
    else:  # the terminal's, or a power cut
        os.killpg(child.pid, number)
    _, said = child.communicate()
    assert child.returncode == status
    assert "Traceback" not in said
    assert ends(int(pid.read_text()))
    tiny.use_uv(f'exec "{tiny.uv}" "$@"')
    assert tiny.run()[:2] == (0, f"{tiny.python}\n")
    assert tiny.version("kernel") == 1
    assert tiny.python.is_relative_to(tiny.venv)
    assert (tiny.venv / "pyvenv.cfg").exists(), "else kernel went into the user's own Python"


def test_two_at_once_do_the_work_once(tiny):
    log = tiny.folder / "log"
    tiny.use_uv(f'echo sync >> "{log}"; exec "{tiny.uv}" "$@"')
    children = [tiny.start() for _ in range(3)]
    printed = {child.communicate()[0] for child in children}
    assert printed == {f"{tiny.python}\n"}
    assert log.read_text() == "sync\n"
    assert tiny.version("kernel") == 1


def test_a_folder_that_is_no_environment_is_left_alone(tiny):
    (tiny.venv / "bin").mkdir(parents=True)
    tiny.python.symlink_to(os.path.realpath(sys.executable))
    tiny.use_uv("exit 9")  # the real one would install into the Python that is linked to
    status, printed, said = tiny.run()
    assert (status, printed) == (2, "")
    assert said == [
        f"{tiny.venv} is no virtual environment (it has no pyvenv.cfg): move it away and run this again."
    ]


def test_an_environment_whose_python_is_gone_is_made_anew(tiny):
    tiny.run()
    tiny.python.unlink()
    tiny.python.symlink_to("/nowhere/python3")
    assert tiny.run()[0] == 0
    assert tiny.version("kernel") == 1


def test_an_environment_that_was_moved_gets_new_scripts(tiny):
    wheel(
        tiny.folder / "wheels",
        "kernel",
        1,
        {
            "kernel.py": "version = 1",
            "kernel-1.dist-info/entry_points.txt": "[console_scripts]\nkernel = kernel:print\n",
        },
    )
    tiny.need(kernel=1)
    tiny.run()
    moved = tiny.folder.rename(tiny.folder.with_name("moved"))
    tiny.folder, tiny.venv, tiny.python = moved, moved / ".venv", moved / ".venv" / "bin" / "python"
    assert tiny.run()[:2] == (0, f"{tiny.python}\n")
    assert str(moved) in (tiny.venv / "bin" / "kernel").read_text()


def test_another_python_is_taken_only_when_it_is_asked_for(tiny):
    tiny.run()
    stamp = tiny.venv / "in-step.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"python": "3.99"}))
    assert tiny.run() == (0, f"{tiny.python}\n", [])
    status, _, said = tiny.run(PYTHON="python3")
    assert (status, said[0][:10]) == (0, "Setting up")


def test_what_counts_for_being_in_step(tmp_path, monkeypatch):
    names = {"PROJECT": "pyproject.toml", "LOCK": "uv.lock", "VENV_PYTHON": "python", "STAMP": "in-step.json"}
    for constant, name in names.items():
        monkeypatch.setattr(setup, constant, tmp_path / name)
        (tmp_path / name).touch()
    stamp = {"folder": str(setup.VENV), "source": setup.source(), "python": sys.version, "groups": []}
    setup.STAMP.write_text(json.dumps(stamp))
    monkeypatch.setenv("PYTHON", "python3")
    assert setup.in_step([])
    for file in (setup.PROJECT, setup.LOCK):
        file.write_text("changed")
        assert not setup.in_step([])
        file.write_text("")
    setup.VENV_PYTHON.unlink()
    assert not setup.in_step([])


def test_the_users_own_environment_is_neither_used_nor_changed(tiny, tmp_path):
    own = tmp_path / "own"
    subprocess.run([tiny.uv, "venv", "--quiet", "--python", sys.executable, own], check=True)
    before = sorted(own.rglob("*"))
    status, printed, said = tiny.run(VIRTUAL_ENV=str(own), UV_PROJECT_ENVIRONMENT=str(own))
    assert (status, printed) == (0, f"{tiny.python}\n")
    assert not any("VIRTUAL_ENV" in line for line in said)
    assert sorted(own.rglob("*")) == before


def test_without_the_packages_one_line_says_what_to_do(tiny):
    away = (tiny.folder / "wheels").rename(tiny.folder / "away")
    status, printed, said = tiny.run()
    assert (status, printed) == (2, "")
    assert said[-1] == f"Setting up .venv failed, see above. {setup.MEND}"
    away.rename(tiny.folder / "wheels")
    assert tiny.run()[0] == 0
    assert tiny.version("kernel") == 1


# --- our own uv --------------------------------------------------------------------------------------------


def test_uv_is_fetched_where_there_is_none(tiny, tmp_path):
    (tiny.programs / "uv").unlink()
    links = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "links"), "PIP_USER": "1"}

    status, printed, said = tiny.run(**links)  # nobody has it
    assert (status, printed) == (2, "")
    assert len(said) == 2
    assert said[-1].startswith("Fetching uv failed: ERROR: ")
    assert said[-1].endswith(setup.MEND)

    next(tiny.folder.glob(".uv/maker/lib/*/site-packages/pip/__main__.py")).unlink()  # as if cut short
    script = {f"uv-{setup.OWN_UV_VERSION}.data/scripts/uv": f'#!/bin/sh\nexec "{tiny.uv}" "$@"\n'}
    wheel(tmp_path / "links", "uv", setup.OWN_UV_VERSION, script)
    children = [tiny.start(**links) for _ in range(2)]
    printed, said = zip(*(child.communicate() for child in children), strict=True)
    assert set(printed) == {f"{tiny.python}\n"}, said
    assert "".join(said).count("fetching uv") == 1
    assert tiny.version("kernel") == 1
    assert {path.name for path in (tiny.folder / ".uv").iterdir()} == {"bin", "lock"}


def test_a_python_that_cannot_make_environments_is_told_so(tiny, tmp_path):
    (tiny.programs / "uv").unlink()
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['ensurepip'] = None")
    status, printed, said = tiny.run(PYTHONPATH=str(tmp_path))
    assert (status, printed, len(said)) == (2, "", 1)
    assert "apt install python3-venv" in said[0]


# --- conda, which is simulated: an environment is what CONDA_PREFIX names ----------------------------------


def test_a_conda_environment_that_has_everything_is_used(tmp_path):
    for name in ("pyproject.toml", "uv.lock", "slides/setup.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, tmp_path / "slides" / "setup.py", "--group", "test"],
        env=os.environ | {"CONDA_PREFIX": sys.prefix},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == (f"{Path(sys.prefix, 'bin', 'python')}\n", "")
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def conda(tiny, tmp_path):
    """A conda environment that satisfies the tiny project, but for its group test."""
    prefix = tmp_path / "envs" / "mine"
    subprocess.run([tiny.uv, "venv", "--quiet", "--python", sys.executable, prefix], check=True)
    site = prefix / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    (site / "packaging").symlink_to(Path(packaging.__file__).parent)
    info = site / "kernel-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kernel\nVersion: 1\n")
    return prefix


def test_a_conda_environment_that_will_do_needs_no_venv(tiny, conda):
    assert tiny.run(CONDA_PREFIX=str(conda)) == (0, f"{conda / 'bin' / 'python'}\n", [])
    assert not tiny.venv.exists()


def remove_python(conda):
    (conda / "bin" / "python").unlink()


def add_an_mpi(conda):
    (conda / "conda-meta").mkdir()
    (conda / "conda-meta" / "mpich-4.3.0-h1a8bee6_100.json").touch()


def remove_packaging(conda):
    next(conda.glob("lib/*/site-packages/packaging")).unlink()


def age_kernel(conda):
    metadata = next(conda.glob("lib/*/site-packages/kernel-1.dist-info")) / "METADATA"
    metadata.write_text("Metadata-Version: 2.1\nName: kernel\nVersion: 0.5\n")


@pytest.mark.parametrize(
    ("change", "options", "fault"),
    [
        (lambda conda: None, ["--group", "test"], "it lacks probe"),
        (age_kernel, [], "its kernel 0.5 is not ==1"),
        (remove_python, [], "it has no Python"),
        (add_an_mpi, [], "conda's mpich is a second MPI in it"),
        (remove_packaging, [], "it lacks packaging, which Jupyter brings"),
    ],
)
def test_a_conda_environment_that_will_not_do_is_named_and_left_alone(change, options, fault, tiny, conda):
    change(conda)
    before = sorted(conda.rglob("*"))
    status, printed, said = tiny.run(*options, CONDA_PREFIX=str(conda))
    assert (status, printed) == (0, f"{tiny.python}\n")
    assert said[0] == f"The conda environment mine will not do: {fault}. Using .venv."
    assert sorted(conda.rglob("*")) == before


# --- the Makefile ------------------------------------------------------------------------------------------

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE)


@pytest.fixture
def make(tmp_path):
    """make("present", REPLAY=1) in a folder with spaces, with a Python that says what it is to run."""
    folder = tmp_path / "a talk"
    shutil.copytree(DEMOS, folder / "demos")
    (folder / "Makefile").write_text(MAKEFILE)
    python = folder / "my python"
    program(
        python,
        'case "$1" in slides/setup.py) shift; echo "set up $*" >&2; [ -z "$NO_SETUP" ] && echo "$0";;\n'
        '*) echo "ran $* with REPLAY=$REPLAY"; exit ${STATUS:-0};; esac',
    )

    def call(*words, **environment):
        user = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        command = ["make", f"PYTHON={python}", *words]
        return subprocess.run(command, cwd=folder, env=user | environment, capture_output=True, text=True)

    return call


def test_make_alone_lists_every_target_and_every_demo(make):
    done = make()
    assert done.returncode == 0, done.stderr
    assert TARGETS
    for target in TARGETS:
        assert re.search(rf"^  make {target} +\w+", done.stdout, re.MULTILINE), target
    assert set(re.search(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)[1].split()) == set(TARGETS)
    run_lines = [
        line
        for demo in DEMOS.glob("*.py")
        for line in re.findall(r"^    \$ (.*)", demo.read_text(), re.MULTILINE)
    ]
    for line in run_lines:
        assert f"    {line}\n" in done.stdout
    assert done.stdout == make("help").stdout


@pytest.mark.parametrize(
    ("words", "ran", "groups"),
    [
        (["present", "REPLAY=1"], "slides/present.py with REPLAY=1", ""),
        (["slides"], "slides/export.py with REPLAY=", ""),
        (["doctor"], "slides/doctor.py with REPLAY=", ""),
        (["record"], "slides/record.py with REPLAY=", ""),
        (["test", "TESTS=-k one"], "-m pytest -n auto -k one with REPLAY=", "--group test"),
        (["test-all", "TESTS=-k one"], "-m pytest -n auto -m  -k one with REPLAY=", "--group test"),
    ],
)
def test_each_target_sets_up_and_runs_with_its_variables(words, ran, groups, make):
    done = make(*words)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ran {ran}\n", f"set up {groups}\n")
    assert make(*words, STATUS="1").returncode != 0
    failed = make(*words, NO_SETUP="1")
    assert (failed.returncode != 0, failed.stdout) == (True, "")
    assert all(line.startswith(("set up", "make: ***")) for line in failed.stderr.splitlines()), failed.stderr


def test_every_script_that_make_runs_exists():
    scripts = re.findall(r"slides/\w+\.py", MAKEFILE)
    assert scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []


def test_clean_removes_what_was_generated(make, tmp_path):
    (tmp_path / "a talk" / "build" / "slides").mkdir(parents=True)
    assert make("clean").returncode == 0
    assert not (tmp_path / "a talk" / "build").exists()
