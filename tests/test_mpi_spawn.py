"""mpi_spawn: as many children as asked, from a program and from a notebook, and nothing of them is left."""

import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from types import SimpleNamespace

import psutil
import pytest
import watchdog
from conftest import DEMOS, run_line, until
from harness import CannotRun

mpi_spawn = pytest.importorskip("mpi_spawn", reason="mpi4py or its MPI is missing")
children = sys.modules["children"]
LONG = ["--n", "100000000000"]
SLOW_CHILD = """
import os, time
from mpi4py import MPI
import numpy as np
parent = MPI.Comm.Get_parent()
parent.Bcast(np.zeros((), "i8"), root=0)
time.sleep(60)
"""
PARENT = """
import sys
_, script, demos = sys.argv
sys.path.insert(0, demos); sys.argv = [demos + "/probe.py"]
import mpi_spawn
mpi_spawn.CHILD[-1] = script
sys.exit(mpi_spawn.main(["--n", "1000", "--workers", "3"]))
"""


def test_children_share_the_work_and_their_start_is_a_measure_of_its_own(demo, tmp_path):
    done = demo("mpi_spawn", "--n", 1000, "--workers", 3, "--json", tmp_path / "r.json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    alone, spawned, start = record["runs"]
    assert [run["variant"] for run in record["runs"]] == ["alone", "spawned", "spawned_without_work"]
    assert [run["measure"] for run in record["runs"]] == ["time", "time", "start"]
    for run in (alone, spawned):
        assert run["result"] == pytest.approx(math.pi + 1 / (12 * 1000**2), abs=1e-13)
    assert start["result"] == 0
    assert {run["cpu_seconds"] for run in record["runs"]} == {None}
    assert record["parameters"] == {"n": 1000, "workers": 3}


def test_a_notebook_starts_as_many_children_as_it_wants():
    cells = pytest.importorskip("cells")
    first = f"import sys; sys.path.insert(0, {str(DEMOS)!r})\nfrom mpi_spawn import spawned"
    with cells.notebook(first) as book:
        assert book.run("print(spawned(3, 100))")[1:] == ("3.1416009869231245", "")
        assert book.run("print(spawned(1, 10))")[1:] == (str(mpi_spawn.alone(1, 10)), "")
        left = "from psutil import *\nfamily = Process().children(recursive=True)\n"
        left += "print([p.name() for p in family if p.status() != STATUS_ZOMBIE])"
        found = {"['python', 'mpiexec', 'hydra_pmi_proxy']", "['mpiexec', 'hydra_pmi_proxy', 'python']"}
        assert until(lambda: book.run(left)[1] in found, 5), book.run(left)[1]


def test_the_parent_sends_once_gets_once_and_takes_its_leave(monkeypatch):
    calls = []

    class Children:
        def Bcast(self, n, root):
            calls.append(("Bcast", int(n), root))

        def Ireduce(self, mine, total, op, root):
            calls.append(("Ireduce", mine, op, root))
            total[...] = 3.25
            return SimpleNamespace(Test=lambda: True)

        def Disconnect(self):
            calls.append("Disconnect")

    def spawn(*command):
        calls.append(command)
        return Children()

    names = {"COMM_SELF": SimpleNamespace(Spawn=spawn), "ROOT": "ROOT", "SUM": "SUM"}
    monkeypatch.setattr(mpi_spawn, "MPI", SimpleNamespace(**names))
    monkeypatch.setattr(mpi_spawn, "launcher", contextlib.nullcontext)
    assert mpi_spawn.spawned(7, 1234) == 3.25
    (python, options, workers), *others = calls
    assert (python, options[:2], workers) == (sys.executable, ["-m", "mpi4py"], 7)
    assert options[2:] == [str(DEMOS / "mpi_spawn_child.py")]
    assert others == [("Bcast", 1234, "ROOT"), ("Ireduce", None, "SUM", "ROOT"), "Disconnect"]


@contextmanager
def parent(script):
    """A program that waits for its children, who run the script; and these."""
    mark = watchdog.mark("SPAWN_TEST")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    words = [sys.executable, "-c", PARENT, str(script), str(DEMOS)]
    child = subprocess.Popen(words, text=True, env=os.environ | mark, start_new_session=True, **pipes)
    try:
        assert until(lambda: len(of(mark, str(script))) == 3, 20)
        yield child, of(mark, str(script))
        _, errors = child.communicate(timeout=5)
        assert until(lambda: not watchdog.marked(mark), 2)
        child.errors = errors
    finally:
        watchdog.end(mark)


def of(mark, name):
    return [process for process in watchdog.marked(mark) if name in process.cmdline()[-1:]]


@pytest.fixture
def slow(tmp_path):
    (tmp_path / "slow child.py").write_text(SLOW_CHILD)
    return tmp_path / "slow child.py"


@pytest.mark.parametrize("child", ["in Spawn", "in Ireduce"])
def test_ctrl_c_ends_parent_and_children(child, slow):
    if child == "in Spawn":
        slow.write_text("import time\ntime.sleep(60)\n" + SLOW_CHILD)
    with parent(slow) as (program, _):
        time.sleep(0.5)
        program.send_signal(signal.SIGINT)
    assert program.returncode == 130
    assert program.errors == "probe.py: interrupted\n"


def test_a_childs_death_is_told_of(slow):
    with parent(slow) as (program, children):
        time.sleep(0.5)
        children[1].kill()
    assert program.returncode == 2
    assert program.errors == "probe.py: a child died, and all with it\n"


def test_a_child_that_fails_says_why(slow):
    slow.write_text(SLOW_CHILD.replace("time.sleep(60)", "time.sleep(1); raise ValueError('no more')"))
    with parent(slow) as (program, _):
        pass
    assert program.returncode == 2
    assert "ValueError: no more\n" in program.errors
    assert program.errors.endswith("probe.py: a child died, and all with it\n")


def test_the_launcher_has_a_session_of_its_own_and_ends_with_a_parent_that_was_killed(slow):
    with parent(slow) as (program, _):
        (launcher,) = (p for p in psutil.Process(program.pid).children() if p.name() == "mpiexec")
        assert os.getsid(launcher.pid) == launcher.pid
        program.kill()


def test_without_mpiexec_one_line_says_so(demo, tmp_path):
    words = f"import sys, shutil; sys.path.insert(0, {str(DEMOS)!r}); sys.argv[0] = 'mpi_spawn.py'\n"
    words += "import mpi_spawn; shutil.which = lambda *_, **__: None; sys.exit(mpi_spawn.main(['--quick']))"
    done = subprocess.run([sys.executable, "-c", words], text=True, capture_output=True)
    assert done.returncode == 2
    assert done.stderr == "mpi_spawn.py: mpiexec is missing: pip install mpich\n"


def test_open_mpi_cannot_and_one_line_says_so(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(children, "MPI", SimpleNamespace(Get_library_version=lambda: "Open MPI v5.0.11"))
        with pytest.raises(CannotRun, match="pip install mpich instead"):
            mpi_spawn.spawned(2, 100)


@pytest.mark.parametrize("package", ["numpy", "mpi4py", "psutil"])
def test_without_a_package_one_line_says_so(package, tmp_path):
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('not here', name={package!r})")
    text = {"text": True, "capture_output": True}
    done = subprocess.run(run_line("mpi_spawn"), env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == f"mpi_spawn.py: {package} is missing: pip install {package}\n"
