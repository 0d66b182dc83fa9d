"""mpi_pi: every step of the integration is some rank's, once; and pi is the same on any number of ranks."""

import json
import math
import subprocess
import sys

import pytest
import ranks
from conftest import DEMOS
from harness import WrongAnswer

mpi_pi = pytest.importorskip("mpi_pi", reason="mpi4py or its MPI is missing")
LONG = ["--n", "100000000000"]
SELF = mpi_pi.MPI.COMM_SELF


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("n", [1, 19_999, 20_001, 123_456])
def test_every_step_is_done_once(monkeypatch, size, n):
    done = []
    monkeypatch.setattr(mpi_pi, "area", lambda start, stop, n: done.extend(range(start, stop)) or 0.5)
    added = sum(mpi_pi.share(n, rank, size) for rank in range(size))
    assert sorted(done) == list(range(n))
    assert added == 0.5 * math.ceil(n / 20_000)


def test_ranks_have_equal_shares_but_for_a_block(monkeypatch):
    monkeypatch.setattr(mpi_pi, "area", lambda start, stop, n: stop - start)
    shares = [mpi_pi.share(1_000_000, rank, 7) for rank in range(7)]
    assert sum(shares) == 1_000_000
    assert max(shares) - min(shares) <= mpi_pi.BLOCK


@pytest.mark.parametrize(("start", "stop"), [(0, 100), (0, 1), (17, 60), (99, 100)])
def test_an_area_is_the_midpoint_rules(start, stop):
    rectangles = [4 / (1 + ((i + 0.5) / 100) ** 2) / 100 for i in range(start, stop)]
    assert mpi_pi.area(start, stop, 100) == pytest.approx(math.fsum(rectangles), rel=1e-14)


@pytest.mark.parametrize("n", [10, 100, 30_000])
def test_the_error_is_that_of_the_midpoint_rule(n):
    # f'(0) - f'(1) = 2 for f = 4 / (1 + x²): the error is 2 / 24 n², and no term in 1 / n⁴ follows
    assert mpi_pi.pi(SELF, n) - math.pi == pytest.approx(1 / (12 * n * n), rel=1e-4, abs=1e-13)


def test_a_rank_that_waits_sleeps(monkeypatch):
    class Request:
        def Test(self):
            return len(naps) == 3

    naps = []
    monkeypatch.setattr(ranks, "sleep", naps.append)
    ranks.asleep(Request())
    assert naps == [0.001] * 3


def test_a_wrong_answer_is_noticed(monkeypatch):
    monkeypatch.setattr(mpi_pi, "all_ranks", lambda comm, n: mpi_pi.pi(SELF, n) + 1e-11)
    monkeypatch.setattr(mpi_pi, "record", lambda args, runs: list(runs))
    monkeypatch.setattr(mpi_pi, "parse_args", lambda *_, **__: type("Args", (), {"n": 1000}))
    with pytest.raises(WrongAnswer):
        mpi_pi.main([])


@pytest.mark.parametrize("ranks", [1, 3])
def test_pi_is_the_same_on_any_number_of_ranks(ranks, demo, tmp_path):
    done = demo("mpi_pi", "--n", 200_000, "--json", tmp_path / "r.json", ranks=ranks)
    assert (done.returncode, done.stderr) == (0, "")
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["parameters"] == {"n": 200_000, "workers": ranks}
    assert [run["variant"] for run in record["runs"]] == ["one_rank", "all_ranks"]
    for run in record["runs"]:
        assert run["result"] == pytest.approx(math.pi + 1 / (12 * 200_000**2), abs=1e-13)
    assert done.stdout.splitlines()[-1] == "pi is 3.1415926535919, off by 2e-12"


@pytest.mark.parametrize("package", ["numpy", "mpi4py"])
def test_without_a_package_one_line_says_so(package, demo, tmp_path):
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('not here', name={package!r})")
    words, text = [sys.executable, DEMOS / "mpi_pi.py"], {"text": True, "capture_output": True}
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, **text)
    assert done.returncode == 2
    assert done.stderr == f"mpi_pi.py: {package} is missing: pip install {package}\n"
