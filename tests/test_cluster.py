"""cluster: engines on this machine only, signed or encrypted messages; nothing is left, however it ends."""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest
import watchdog
from conftest import DEMOS, until

cluster = pytest.importorskip("cluster", reason="ipyparallel is missing")
import cells  # noqa: E402
from ipyparallel import Client  # noqa: E402

NAME = "CLUSTER_TEST"
MPI = pytest.mark.skipif(not cluster.shutil.which("mpiexec"), reason="there is no mpiexec")


@pytest.fixture
def world(monkeypatch, tmp_path):
    """What starts in it carries a mark, which is given, and has a folder of its own for what is temporary.

    In the end nothing must be left.
    """
    mark = watchdog.mark(NAME)
    monkeypatch.setenv(NAME, mark[NAME])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    try:
        yield mark
        assert_nothing_is_left(mark, tmp_path)
    finally:
        watchdog.end(mark)


def assert_nothing_is_left(mark, folder, but=()):
    """Neither processes, but for some, nor files; it may take a moment."""
    assert until(lambda: {process.pid for process in watchdog.marked(mark)} == set(but), 10)
    assert until(lambda: not list(folder.glob("cluster-*")), 5)


def commands(mark):
    return [" ".join(process.cmdline()) for process in watchdog.marked(mark)]


def listeners(process):
    """The addresses where a process waits for others."""
    found = process.net_connections("inet")
    return {tuple(one.laddr) for one in found if one.status == psutil.CONN_LISTEN or one.type != 1}


def connection(folder):
    """What the controller wrote for clients; no other user may read it, nor what it wrote for engines."""
    files = list(folder.glob("cluster-*/security/*.json"))
    assert {file.name for file in files} == {"ipcontroller-client.json", "ipcontroller-engine.json"}
    for file in [*files, *folder.glob("cluster-*/ready")]:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    return json.loads(next(file for file in files if "client" in file.name).read_text())


def segments(mark):
    """The shared memory of the ranks of MPI: it must have no name any more, which a death would leave."""
    found = watchdog.mpi_segments(watchdog.marked(mark))
    assert not [segment for segment in found if Path(segment).exists()]
    return found


def test_an_exception_ends_it_and_messages_are_encrypted_where_asked(world, tmp_path, capfd):
    before = psutil.Process().children()
    with pytest.raises(ZeroDivisionError), cluster.cluster(1, encrypted=True) as engines:
        told = connection(tmp_path)
        assert len(told["curve_serverkey"]) == 40
        assert engines[:].apply_sync(sum, [1, 2, 3]) == [6]
        assert capfd.readouterr().out.startswith("Starting 1 engine ...\n1 engine after ")
        1 / 0  # noqa: B018
    assert capfd.readouterr() == ("", "")
    assert commands(world) == []  # at once
    assert psutil.Process().children() == before  # no zombie either


SUM = "from mpi4py import MPI; comm = MPI.COMM_WORLD; held = comm.rank, comm.allreduce(comm.rank + 1)"


@MPI
def test_with_mpi_the_engines_are_ranks_of_one_world(world):
    with cluster.cluster(3, "mpi") as engines:
        engines[:].execute(SUM, block=True)
        assert engines[:].pull("held", block=True) == [(0, 6), (1, 6), (2, 6)]
        assert segments(world)
        processes = watchdog.marked(world)
        (launcher,) = [process for process in processes if "mpiexec" in process.name()]
        its_port = listeners(launcher)
        assert len(its_port) == 1  # the one that is not on the loopback
        for process in processes:  # the ranks inherit it
            assert all(ip == "127.0.0.1" for ip, _ in listeners(process) - its_port)


SCRIPT = "import cluster; cluster.start(1, 'mpi'); print('up', flush=True); input()"
ENDS = [0, -signal.SIGINT, -signal.SIGKILL]  # all without stop()


@MPI
def test_nothing_is_left_when_who_started_it_ends_or_dies(world, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(DEMOS))
    more = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", SCRIPT]
    scripts = [subprocess.Popen(command, preexec_fn=default_interrupt, **more) for _ in ENDS]
    for script in scripts:
        assert "up\n" in script.stdout
    assert len(segments(world)) == len(ENDS)
    for script, end in zip(scripts, ENDS, strict=True):
        script.send_signal(-end)  # 0 is none
        _, errors = script.communicate("\n", timeout=60)
        assert script.returncode == end
        assert ("KeyboardInterrupt" if end == -signal.SIGINT else "") == errors[-18:-1]


def default_interrupt():
    """A shell that runs the tests in the background has Ctrl-C ignored, by all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("at", "fault"), [("launch", KeyboardInterrupt), ("launch", OSError), ("Client", KeyboardInterrupt)]
)
def test_nothing_is_left_of_a_start_that_fails(at, fault, world, monkeypatch):
    where = cluster.ipp if at == "Client" else cluster
    calls, real = [], getattr(where, at)

    def some(*args, **more):
        calls.append(args)
        if len(calls) == 2 or at == "Client":
            raise fault
        return real(*args, **more)

    monkeypatch.setattr(where, at, some)
    with pytest.raises(fault):
        cluster.start(2)
    assert commands(world) == []
    assert cluster.STARTED == []


def test_a_ctrl_c_in_the_middle_of_a_start_leaves_no_zombie(world, monkeypatch):
    real, launched = cluster.launch, []

    def launch(*args):
        launched.append(real(*args))
        signal.raise_signal(signal.SIGINT)
        return launched[-1]

    monkeypatch.setattr(cluster, "launch", launch)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            cluster.start(1)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [process.returncode is None for process in launched] == [False, False]
    assert commands(world) == []


def test_engines_that_cannot_start_are_told_of(world, monkeypatch):
    real = cluster.commands

    def faulty(*args):
        controller, *crew = real(*args)
        return [controller, *([sys.executable, "-c", "exit('no luck')"] for _ in crew)]

    monkeypatch.setattr(cluster, "commands", faulty)
    with pytest.raises(cluster.CannotRun, match=r"^the engines did not start: no luck$"):
        cluster.start(2)


def test_it_does_not_wait_for_ever(world, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 0.1)
    with pytest.raises(cluster.CannotRun, match=r"^the engines did not start: no answer$"):
        cluster.start(1)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([0], "the number of engines must be a whole number from 1 to "),
        ([2.0], ""),
        ([100_000], ""),
        (["two"], "not 'two'"),
        ([2, "ssh"], "engines must be 'local' or 'mpi', not 'ssh'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(words, line, world):
    with pytest.raises(cluster.CannotRun) as refused:
        cluster.start(*words)
    assert line in str(refused.value)
    assert refused.value._render_traceback_() == [str(refused.value)]


def test_a_launcher_that_is_missing_is_told_of(world, monkeypatch):
    monkeypatch.setenv("MPIEXEC", "srun-not-here")
    with pytest.raises(cluster.CannotRun, match=r"^srun-not-here is missing: pip install mpich$"):
        cluster.start(2, "mpi")


def test_by_default_there_is_an_engine_a_core(monkeypatch):
    monkeypatch.setattr(cluster, "usable_cores", lambda: 7)
    assert cluster.checked(None, "local") == 7
    assert cluster.checked(64, "local") == 64


def test_a_cell_has_the_engines_that_run_or_new_ones(monkeypatch):
    monkeypatch.setattr(cluster, "running", lambda *words: contextlib.nullcontext(words))
    assert cluster.engines() == (2, "local", False)
    assert cluster.start(3, "mpi") == cluster.engines() == (3, "mpi", False)
    cluster.stop()
    assert cluster.engines(1) == (1, "local", False)
    cluster.stop()


def test_a_cluster_that_runs_already_decides_on_encryption():
    with pytest.raises(cluster.CannotRun, match=r"runs already"), cluster.cluster(2, "local", "mine", True):
        pass


# --- in a notebook ---------------------------------------------------------------------------------------


class Book:
    """A notebook's cells, one after the other in a real kernel; all that each displays is kept."""

    def __init__(self, book):
        self.client = book.client
        self.pid = int(self.run(f"import os, sys; sys.path.append({str(DEMOS)!r}); print(os.getpid())")[0])
        self.run("import signal; signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])")  # as in a talk

    def run(self, cell):
        self.client.execute(cell)
        return self.displayed()

    def interrupt_at_the_first_line(self, cell):
        """That line, and what is displayed then."""
        self.client.execute(cell)
        line = text(self.next("stream", "display_data"))
        os.kill(self.pid, signal.SIGINT)
        return line, self.displayed()

    def next(self, *kinds):
        while (message := self.client.get_iopub_msg(timeout=60))["msg_type"] not in kinds:
            pass
        return message["content"] | {"kind": message["msg_type"]}

    def displayed(self):
        """The texts that come until the kernel is idle again; of an error its traceback."""
        texts = []
        kinds = ("stream", "display_data", "update_display_data", "execute_result", "error", "status")
        while (content := self.next(*kinds)).get("execution_state") != "idle":
            if content["kind"] == "error":
                texts.append("\n".join(content["traceback"]))
            elif content["kind"] != "status":
                texts.append(text(content))
        return texts


def text(content):
    return content["text"] if content["kind"] == "stream" else content["data"]["text/plain"]


@pytest.fixture
def book(world):
    with cells.notebook() as started:
        yield Book(started)


def test_in_a_notebook(book, world, tmp_path):
    """From a start that is interrupted to a kernel that is killed."""
    line, rest = book.interrupt_at_the_first_line("from cluster import start\n\nengines = start(1)")
    assert line == "Starting 1 engine ...\n"
    assert "KeyboardInterrupt" in rest[-1]
    assert_nothing_is_left(world, tmp_path, but=[book.pid])

    (refused,) = book.run("engines = start('two')")
    assert "whole number" in refused
    assert "\n" not in refused

    first, second = book.run("engines = start(2)")  # at once; and then, when they are there
    assert first == "Starting 2 engines ...\n"
    assert second.startswith("2 engines after ")

    told = connection(tmp_path)
    assert len(told["key"]) >= 32
    assert told["signature_scheme"] == "hmac-sha256"
    assert not told["curve_serverkey"]
    with pytest.raises(TimeoutError):
        Client(str(forged(tmp_path)), timeout=1)
    its = [process for process in watchdog.marked(world) if process.pid != book.pid]
    waiting = {address for process in its for address in listeners(process)}
    assert len(waiting) > 5
    assert {ip for ip, _ in waiting} == {"127.0.0.1"}

    texts = book.run("%%px\nimport time\n\nfor i in range(2):\n    print('step', i); time.sleep(0.3)")
    for engine in (0, 1):
        mine = [text for text in texts if text.startswith(f"[stdout:{engine}]")]
        assert mine == [f"[stdout:{engine}] step 0\n", f"[stdout:{engine}] step 0\nstep 1\n"]  # it grows

    before = {process.pid for process in its}
    assert "1 engine after" in book.run("engines = start(1)")[-1]
    assert not before & {process.pid for process in watchdog.marked(world)}
    assert len(list(tmp_path.glob("cluster-*"))) == 1
    assert book.run("%px print('here')") == ["[stdout:0] here\n"]  # on the new one, and no other
    px = "get_ipython().magics_manager.registry['ParallelMagics']"
    assert book.run(f"{px}.progress_after_seconds > 3600") == ["True"]
    line, rest = book.interrupt_at_the_first_line("%px print('begun'); import time; time.sleep(100)")
    assert line == "[stdout:0] begun\n"
    assert "Received Keyboard Interrupt" in "".join(rest)
    assert until(lambda: book.run("%px print('here')") == ["[stdout:0] here\n"], 10)  # it is still there

    psutil.Process(book.pid).kill()
    assert_nothing_is_left(world, tmp_path)


def forged(folder):
    """A connection file with another key."""
    (real,) = folder.glob("cluster-*/security/ipcontroller-client.json")
    file = folder / "forged.json"
    file.write_text(json.dumps(json.loads(real.read_text()) | {"key": "another"}))
    return file
