"""What harness.py and ranks.py do for MPI demos: one voice, one clock, and an end that leaves nothing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import psutil
import pytest
import running
import watchdog
from conftest import DEMOS, shared_memory, until
from test_ctrl_c import MPIEXEC

PROBE = '''\
"""A probe.

    $ mpiexec -n 2 python -m mpi4py demos/probe.py
"""

import mmap
import os
import sys
import time
from pathlib import Path

from harness import CannotRun, Lanes, Number, compare, lanes, needs_packages, parse_args, record

with needs_packages():
    from mpi4py import MPI
    from ranks import of_all_ranks, slowest_rank

comm = MPI.COMM_WORLD


def late(finalize=MPI.Finalize, rank=comm.rank):  # after Finalize nobody may ask for it
    finalize()
    time.sleep(0.5 * rank)
    (Path(os.environ["LATE"]) / str(rank)).touch()


if "LATE" in os.environ:
    MPI.Finalize = late


def later_rank_by_rank(seconds):
    time.sleep(seconds * comm.rank)
    return 3 - comm.rank


def waiting_for_ever(seconds):
    print("here they wait")
    comm.recv(source=comm.rank)


def waiting_for_a_window(seconds):
    """With a file as MPI.Win.Allocate_shared has it, until all ranks have it mapped."""
    if comm.rank == 0 and sys.platform == "linux":
        with open("/dev/shm/mpich_shar_tmp_probe", "w+b") as file:
            file.truncate(4096)
            window = mmap.mmap(file.fileno(), 4096)
    waiting_for_ever(seconds)


def failing(seconds):
    if comm.rank == 1:
        raise ValueError("rank 1 has had enough")
    comm.recv(source=1)


def lacking(seconds):
    raise CannotRun("something is missing")


def wrong(seconds):
    return comm.rank + 7


def spans():
    start = 10_000_000 * comm.rank  # ns
    return of_all_ranks([(start, start + 5_000_000, f"task {comm.rank}")])


WAITING = waiting_for_ever, waiting_for_a_window
JOBS = {each.__name__: each for each in (later_rank_by_rank, *WAITING, failing, lacking, wrong)}


def main(argv=None):
    args = parse_args(__doc__, argv, job=JOBS, seconds=(0.1, 0.1), workers=Number(None, None, 2))
    return record(args, rows(args))


def rows(args):
    yield from compare([later_rank_by_rank, JOBS[args.job]], args.seconds, timed=slowest_rank)
    yield from lanes(spans, kind="assigned")


if __name__ == "__main__":
    sys.exit(main())
'''


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    """The words that start the probe with so many ranks: probe(2, "--job", "wrong")."""
    demos = shutil.copytree(DEMOS, tmp_path_factory.mktemp("with spaces") / "demos")
    (demos / "probe.py").write_text(PROBE)

    def words(ranks, *options):
        python = [sys.executable, "-m", "mpi4py", demos / "probe.py", *options]
        return list(map(str, ["mpiexec", "-n", ranks, *python] if ranks else python))

    return words


def run(words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, **more)


def test_rank_0_speaks_for_all_and_the_slowest_counts(probe, tmp_path):
    file = tmp_path / "record.json"
    done = run(probe(3, "--json", file))
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(file.read_text())
    assert done.stdout.splitlines() == [line for _, line in record["output"]]
    assert record["command"] == "mpiexec -n 3 python -m mpi4py demos/probe.py"
    assert record["parameters"]["workers"] == 3
    for each in record["runs"]:
        assert min(each["values"]) >= 0.2  # rank 2's
        assert each["result"] == 3  # of rank 0
    (lanes,) = record["lanes"]
    assert lanes["workers"] == {f"rank {r}": [[10.0 * r, 10.0 * r + 5, f"task {r}"]] for r in range(3)}
    assert lanes["window"] == 25


@pytest.mark.parametrize(
    ("ranks", "options", "line"),
    [
        (2, ["--job", "sleep"], r"probe\.py: argument --job: invalid choice: 'sleep' .*"),
        (2, ["--workers", "3"], r"probe\.py: unrecognized arguments: --workers 3 .*"),
        (
            1,
            [],
            r"probe\.py: needs at least 2 ranks, not 1; type: mpiexec -n 2 python -m mpi4py demos/probe\.py",
        ),
        (0, [], r"probe\.py: runs under MPI; type: mpiexec .*"),
    ],
)
def test_what_cannot_be_is_said_once(probe, ranks, options, line):
    done = run(probe(ranks, *options))
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(line + "\n", done.stderr)


def test_a_rank_that_leaves_late_is_not_killed(probe, tmp_path):
    """For mpiexec would tell of that, instead of the one line and its status."""
    done = run(probe(3, "--job", "sleep"), env=os.environ | {"LATE": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0", "1", "2"]


def test_without_mpiexec_it_says_where_to_get_one(probe, tmp_path):
    done = run(probe(0), env=os.environ | {"PATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr.endswith("(mpiexec comes with: pip install mpich)\n")


def test_the_launcher_of_another_mpi_is_noticed(probe):
    done = run(probe(0), env=os.environ | {"OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"})
    assert done.returncode == 2
    assert done.stderr.endswith("\nmpiexec and mpi4py use different MPIs: each process is alone\n")


@pytest.mark.parametrize(
    ("job", "status", "said"),
    [
        ("lacking", 2, "probe.py: something is missing\n"),
        ("wrong", 1, "probe.py: wrong answered 7, later_rank_by_rank 3\n"),
        ("failing", 1, "ValueError: rank 1 has had enough\n"),
    ],
)
def test_a_fault_ends_all_ranks(probe, job, status, said):
    done = run(probe(2, "--job", job))
    assert done.returncode == status
    assert done.stderr.count(said) == 1


@contextmanager
def waiting(probe, job="waiting_for_ever"):
    """A probe whose ranks wait for ever within MPI; its processes, but for mpiexec's own."""
    mark, before = watchdog.mark("RANKS_TEST"), shared_memory()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    words = probe(2, "--job", job)
    child = subprocess.Popen(words, text=True, env=os.environ | mark, start_new_session=True, **pipes)
    try:
        assert any("here they wait" in line for line in child.stdout)
        yield child, [process for process in watchdog.marked(mark) if process.name().startswith("python")]
        assert until(lambda: not watchdog.marked(mark), 5)
        assert not [file for file in shared_memory() - before if "mpich" in file.name]
    finally:
        watchdog.end(mark)
        child.communicate()


@pytest.mark.parametrize("job", ["waiting_for_ever", "waiting_for_a_window"])
def test_ctrl_c_ends_ranks_that_wait_within_mpi(probe, job):
    with waiting(probe, job) as (child, _):
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=5)
    assert child.returncode == 130
    assert MPIEXEC.sub("", errors) == "probe.py: interrupted\n"


@pytest.mark.parametrize("victim", ["mpiexec", "rank"])
def test_nothing_is_left_of_what_is_killed(probe, victim):
    with waiting(probe) as (child, ranks):
        assert len(ranks) == 2
        (child if victim == "mpiexec" else ranks[0]).kill()


def test_messages_stay_on_this_machine(probe):
    with waiting(probe) as (child, ranks):
        proxy, *_ = psutil.Process(child.pid).children()
        its_port = {listener(one) for one in psutil.Process(child.pid).net_connections() if listener(one)}
        assert len(its_port) == 1
        for process in [proxy, *ranks]:  # the ranks inherit mpiexec's socket
            others = {listener(one) for one in process.net_connections("all")} - its_port - {None}
            assert all(address.startswith("127.") for address, _ in others)
            assert not [one for one in process.net_connections("udp") if not one.laddr.ip.startswith("127.")]
        child.kill()


def listener(connection):
    """The address where a process waits for others; None for another kind of connection."""
    return tuple(connection.laddr) if connection.status == psutil.CONN_LISTEN else None


# --- on the stage ----------------------------------------------------------------------------------------


@pytest.fixture
def line(monkeypatch):
    monkeypatch.setattr(
        running.sources, "run_line", lambda demo: f"mpiexec -n 2 python -m mpi4py demos/{demo}.py"
    )


def test_workers_are_the_ranks(line):
    mpiexec, *words = running.command("probe", {"workers": 5, "job": "wrong"})
    assert os.path.basename(mpiexec) == "mpiexec"
    script = str(DEMOS / "probe.py")
    assert words == ["-n", "5", sys.executable, "-m", "mpi4py", script, "--job", "wrong"]


@pytest.mark.parametrize("workers", [0, 1.5, "many", 100_000])
def test_a_number_of_ranks_that_cannot_be_is_refused(line, workers):
    with pytest.raises(running.Failed, match="workers must be a whole number from 1 to"):
        running.command("probe", {"workers": workers})


def test_a_sites_own_launcher_is_used_where_it_is_named(line, monkeypatch, tmp_path):
    (own := tmp_path / "srun").write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("MPIEXEC", str(own))
    assert running.command("probe", {})[0] == str(own)
    monkeypatch.setenv("MPIEXEC", str(tmp_path / "none"))
    with pytest.raises(running.Failed, match=r"none is missing: pip install mpich"):
        running.command("probe", {})
