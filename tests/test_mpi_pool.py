"""mpi_pool: both pools count the same primes, with as many workers as asked; nothing of them is left."""

import contextlib
import json
import os
import signal
import subprocess
import sys

import pytest
import watchdog
from conftest import DEMOS, run_line, until

mpi_pool = pytest.importorskip("mpi_pool", reason="mpi4py or its MPI is missing")
LONG = ["--limit", "30000000"]
PROCESSES = ["--workers", "2"]


def test_all_count_the_same_primes_and_starts_are_a_measure_of_their_own(demo, tmp_path):
    file = tmp_path / "r.json"
    done = demo("mpi_pool", "--limit", 10_000, "--workers", 3, "--json", file, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads(file.read_text())
    found = [(run["measure"], run["variant"], run["result"]) for run in record["runs"]]
    times = [("time", variant, 1229) for variant in ("sequential", "processes", "ranks")]
    assert found == times + [("start", variant, 0) for variant in ("processes", "ranks")]
    assert {run["cpu_seconds"] for run in record["runs"]} == {None}


@pytest.mark.parametrize(("limit", "primes"), [(2, 0), (3, 1), (100, 25), (5_000, 669), (5_001, 669)])
def test_known_counts_of_primes(limit, primes):
    assert mpi_pool.sequential(mpi_pool.cut(limit), 1) == primes


def test_each_number_is_in_one_block():
    blocks = mpi_pool.cut(12_345)
    assert [number for block in blocks for number in block] == list(range(12_345))
    assert max(map(len, blocks)) == mpi_pool.BLOCK


@pytest.mark.parametrize(
    ("variant", "pool"), [("processes", "ProcessPoolExecutor"), ("ranks", "MPIPoolExecutor")]
)
def test_a_pool_has_the_workers_asked_for_and_every_block(variant, pool, monkeypatch):
    calls = []

    class Pool(contextlib.nullcontext):
        def bootup(self):
            calls.append("bootup")

        def map(self, function, blocks):
            calls.append((function, list(blocks)))
            return map(function, blocks)

    def started(workers):
        calls.append(workers)
        made = Pool()
        made.enter_result = made
        return made

    monkeypatch.setattr(mpi_pool, pool, started)
    monkeypatch.setattr(mpi_pool, "launcher", contextlib.nullcontext)
    blocks = [range(10), range(10, 100)]
    assert getattr(mpi_pool, variant)(blocks, 7) == 25
    assert calls[0] == 7
    assert calls[-1] == (mpi_pool.count_primes, blocks)


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [("Ctrl-C", 130, "interrupted"), ("a rank's death", 2, "a child died, and all with it")],
)
def test_an_end_while_the_ranks_work(end, status, said, tmp_path):
    script = tmp_path / "probe.py"
    script.write_text(PROGRAM.format(demos=str(DEMOS)))
    mark = watchdog.mark("POOL_TEST")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    program = subprocess.Popen(
        [sys.executable, script], env=os.environ | mark, start_new_session=True, **pipes
    )
    try:
        assert until(lambda: len(servers(mark)) == 2, 20)
        assert until(lambda: all(sum(each.cpu_times()[:2]) > 0.6 for each in servers(mark)), 20)
        if end == "Ctrl-C":
            os.killpg(program.pid, signal.SIGINT)
        else:
            servers(mark)[-1].kill()
        _, errors = program.communicate(timeout=5)
        assert until(lambda: not watchdog.marked(mark), 2)
    finally:
        watchdog.end(mark)
    assert program.returncode == status
    assert errors == f"probe.py: {said}\n"


PROGRAM = """
import sys
sys.path.insert(0, {demos!r})
sys.argv[0] = {demos!r} + "/probe.py"
import mpi_pool
mpi_pool.sequential = lambda blocks, workers: 0
mpi_pool.processes = mpi_pool.sequential
if __name__ == "__main__":
    sys.exit(mpi_pool.main(["--limit", "30000000", "--workers", "2"]))
"""


def servers(mark):
    return [process for process in watchdog.marked(mark) if "mpi4py.futures.server" in process.cmdline()]


@pytest.mark.parametrize("package", ["mpi4py", "psutil"])
def test_without_a_package_one_line_says_so(package, tmp_path):
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('not here', name={package!r})")
    text = {"text": True, "capture_output": True}
    done = subprocess.run(run_line("mpi_pool"), env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == f"mpi_pool.py: {package} is missing: pip install {package}\n"
