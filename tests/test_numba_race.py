"""numba_race: ones are lost where threads share elements, and nowhere else; no thread alone loses any."""

import json

import pytest

pytest.importorskip("numba", reason="numba is missing")
import numba
import numba_race
import numpy as np
from numba_race import VARIANTS, lost, races

LONG = ["--size", "100", "--attempts", "10000"]
PROCESSES = []
several = pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="numba may start one thread only")


@pytest.fixture(autouse=True)
def all_threads():
    yield
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


@pytest.mark.parametrize("add", VARIANTS)
def test_alone_nothing_is_lost_and_the_even_come_first(add):
    numba.set_num_threads(1)
    numbers = np.arange(10_000.0)
    sums = np.asarray(add(numbers)).reshape(-1, 2).sum(axis=0)
    assert [*sums] == [sum(range(0, 10_000, 2)), sum(range(1, 10_000, 2))]
    assert lost(add, np.ones(1000)) == 0


@pytest.mark.parametrize("add", VARIANTS[1:])
def test_with_all_threads_the_others_lose_nothing(add):
    assert [lost(add, np.ones(200_000)) for _ in range(20)] == [0] * 20


@several
def test_each_thread_has_a_row_of_its_own():
    rows = numba_race.row_a_thread(np.ones(100_000))
    assert rows.shape == (numba.config.NUMBA_NUM_THREADS, 2)
    assert (rows > 0).all()


def test_lost_is_the_share_of_the_ones_that_are_missing():
    assert lost(lambda ones: (3, 4), np.ones(10)) == pytest.approx(30)
    assert lost(lambda ones: np.array([[1, 2], [3, 4]]), np.ones(10)) == 0


@pytest.mark.parametrize(
    ("sums", "share", "attempts"),
    [([10, 10, 8], 20, "3 tries"), ([9], 10, "1 try"), ([10] * 4, 0, "4 tries")],
)
def test_a_race_is_repeated_until_a_one_is_lost(sums, share, attempts):
    left, seen = iter(sums), []

    def add(ones):
        seen.append(len(ones))
        return next(left) if len(ones) > 2 else 2

    (row,) = races([add], 5, 4, 1)
    assert row == ("add", [pytest.approx(share)], "lost", "%", {"attempts": attempts})
    assert seen == [2] + [10] * len(sums)  # it is compiled with two


@several
def test_ones_are_lost_at_the_elements():
    ((_, (share,), *_),) = races([numba_race.elements], 500_000, 1000, numba.config.NUMBA_NUM_THREADS)
    assert 0 < share < 100


def test_its_rows_are_the_three_ways(tmp_path):
    file = tmp_path / "r.json"
    assert numba_race.main(["--size", "0.001", "--attempts", "3", "--json", str(file)]) == 0
    runs = json.loads(file.read_text())["runs"]
    assert [run["variant"] for run in runs] == ["elements", "numbers", "row_a_thread"]
    assert [run["parameters"]["attempts"] for run in runs][1:] == ["3 tries"] * 2
    assert [run["values"] for run in runs][1:] == [[0]] * 2


def test_more_workers_than_numba_has_threads_are_one_line(demo):
    done = demo("numba_race", "--workers", 3, env={"NUMBA_NUM_THREADS": "2"})
    assert done.returncode == 2
    assert done.stderr.startswith("numba_race.py: numba may start 2 thread(s): use fewer --workers")
    assert len(done.stderr.splitlines()) == 1


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("numba_race", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "numba_race.py: numba is missing: pip install numba\n"
