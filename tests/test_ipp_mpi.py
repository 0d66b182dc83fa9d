"""ipp_mpi: engines are ranks of one world; the same pi on all, as under mpiexec; the work is shared."""

import json
import math
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

ipp_mpi = pytest.importorskip("ipp_mpi", reason="ipyparallel, mpi4py or its MPI is missing")
LONG = ["--steps", "1000000000"]


class Comm:
    """The communicator of a rank in a world that is not there; what it gives to allreduce is kept."""

    def __init__(self, rank, size):
        self.rank, self.size, self.given = rank, size, []

    def allreduce(self, value):
        self.given.append(value)
        return value


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("steps", [1, 10, 1001])
def test_each_rank_adds_every_size_th_rectangle(size, steps, monkeypatch):
    shares = []
    for rank in range(size):
        comm = Comm(rank, size)
        fake = SimpleNamespace(MPI=SimpleNamespace(COMM_WORLD=comm))
        monkeypatch.setitem(sys.modules, "mpi4py", fake)
        assert ipp_mpi.pi(steps) is comm.given[0]
        heights = [4 / (1 + ((i + 0.5) / steps) ** 2) for i in range(steps)][rank::size]
        assert comm.given == [pytest.approx(math.fsum(heights) / steps, rel=1e-13)]
        shares += comm.given
    # f'(0) - f'(1) = 2 for f = 4 / (1 + x²): the error is 2 / 24 n², and no term in 1 / n⁴ follows
    if steps > 1:
        assert sum(shares) - math.pi == pytest.approx(1 / (12 * steps**2), rel=1e-3)


WORLDS = []


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    file, cluster = tmp_path_factory.mktemp("record") / "r.json", ipp_mpi.cluster

    @contextmanager
    def observed(*words, **more):
        with cluster(*words, **more) as engines:
            engines[:].execute("from mpi4py import MPI; world = MPI.COMM_WORLD.size", block=True)
            WORLDS.append(engines[:].pull("world", block=True))
            yield engines

    ipp_mpi.cluster = observed
    assert ipp_mpi.main(["--steps", "1000", "--workers", "3", "--json", str(file)]) == 0
    return json.loads(file.read_text())


def test_pi_is_the_same_on_all_ranks_either_way(recorded):
    assert [run["variant"] for run in recorded["runs"]] == ["mpiexec_each_time", "engines_are_ranks"]
    for run in recorded["runs"]:
        assert run["result"] == [pytest.approx(math.pi + 1 / (12 * 1000**2), abs=1e-13)] * 3
    assert WORLDS == [[3, 3, 3]]  # else each engine would have done all the work
    assert recorded["output"][-1][1] == "pi is 3.141592736923 on 3 ranks, off by 8e-08"


@pytest.mark.parametrize("other", [[3.0], [3.0, 3.1], [3.1, 3.1]])
def test_an_answer_that_differs_on_a_rank_is_noticed(other):
    assert ipp_mpi.same_on_all([3.0, 3.0], [3.0, 3.0 + 1e-14])
    assert not ipp_mpi.same_on_all([3.0, 3.0], other)


def test_what_mpiexec_says_in_the_end_is_passed_on():
    with pytest.raises(ipp_mpi.CannotRun, match=r"^mpiexec: NameError: name 'dust' is not defined$"):
        ipp_mpi.mpiexec_each_time([0], "dust")


@pytest.mark.parametrize("package", ["ipyparallel", "mpi4py"])
def test_without_a_package_one_line_says_so(package, demo, tmp_path):
    (tmp_path / f"{package}.py").write_text(f"raise ModuleNotFoundError('not here', name={package!r})")
    done = demo("ipp_mpi", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == f"ipp_mpi.py: {package} is missing: pip install {package}\n"
