"""gil_cpu_bound: the right number of primes in every variant, and what the recording is evidence for."""

import json
import os
import signal
import subprocess

import gil_cpu_bound
import pytest
import watchdog
from conftest import DEMOS, all_gone, until
from test_contract import forced

LONG = ["--limit", "800000"]  # threads are there after some 3 s, and would take as long
PROCESSES = []
PRIMES = {10: 4, 1_000: 168, 100_000: 9_592}  # OEIS A006880


@pytest.mark.parametrize("limit", PRIMES)
@pytest.mark.parametrize("variant", gil_cpu_bound.VARIANTS)
def test_every_variant_counts_the_primes(variant, limit):
    assert variant(gil_cpu_bound.cut(limit), workers=3) == PRIMES[limit]


@pytest.mark.parametrize("limit", [1, 4_999, 5_000, 5_001, 20_000])
def test_the_blocks_hold_every_number_once(limit):
    assert [n for block in gil_cpu_bound.cut(limit) for n in block] == list(range(limit))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_pools_have_as_many_workers_as_asked(workers, monkeypatch):
    seen = []
    for name in ("ThreadPoolExecutor", "ProcessPoolExecutor"):
        real = getattr(gil_cpu_bound, name)
        monkeypatch.setattr(
            gil_cpu_bound, name, lambda number, real=real: seen.append(number) or real(number)
        )
    gil_cpu_bound.threads(gil_cpu_bound.cut(10), workers)
    gil_cpu_bound.processes(gil_cpu_bound.cut(10), workers)
    assert seen == [workers, workers]


def test_its_rows_are_the_three_mechanisms(demo, tmp_path):
    done = demo("gil_cpu_bound", "--quick", "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "r.json").read_text())
    assert [run["variant"] for run in record["runs"]] == ["sequential", "threads", "processes"]
    assert {run["result"] for run in record["runs"]} == {2262}  # primes below 20,000


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_ctrl_c_ends_the_processes(method):
    mark = watchdog.mark("CPU_BOUND_TEST")
    command = [*forced("gil_cpu_bound", method), "--limit", "400000", "--workers", "2"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    child = subprocess.Popen(command, env=os.environ | mark, start_new_session=True, cwd=DEMOS, **pipes)
    try:
        assert any(line.endswith("threads\n") for line in child.stdout)  # next come the processes
        assert until(lambda: len(watchdog.marked(mark)) >= 3, 20)
        os.killpg(child.pid, signal.SIGINT)
        _, errors = child.communicate(timeout=8)
        gone = all_gone(mark)
    finally:
        watchdog.end(mark)
    assert child.returncode == 130
    assert errors == "gil_cpu_bound.py: interrupted\n"
    assert gone
