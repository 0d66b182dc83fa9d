"""false_sharing: every thread moves its own particle, as far as it should, beside the others."""

import itertools
import json
import threading

import pytest

pytest.importorskip("numba", reason="numba is missing")
import false_sharing
import numpy as np
from false_sharing import DISTANCES, TRIES, cores_used, measure, particles

LONG = ["--steps", "10000000", "--repeats", "10"]
PROCESSES = []


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("number", [1, 3])
def test_particles_lie_so_far_apart_from_the_start_of_a_line(number, distance):
    crew = particles(number, distance)
    where = [positions[i:].ctypes.data for positions, _, i in crew]
    assert len(where) == number
    assert where[0] % 128 == 0
    assert {b - a for a, b in itertools.pairwise(where)} <= {distance}
    assert [velocities[i:].ctypes.data for _, velocities, i in crew] == [place + 8 for place in where]
    assert {value for array in crew[0][:2] for value in array} == {1.0}  # all of it is there


def test_a_step_adds_the_velocity_to_the_position_of_one_particle():
    positions, velocities = np.zeros(3), np.array([1.0, 2.5, 4.0])
    false_sharing.move(positions, velocities, 1, 7)
    assert [*positions] == [0, 7 * 2.5, 0]
    assert [*velocities] == [1.0, 2.5, 4.0]


def test_the_compiler_keeps_no_position_in_a_register():
    one = np.ones(3)
    false_sharing.move(one, one[1:], 0, 5)  # the velocity of the first is the position of the second
    false_sharing.move(one, one, 2, 5)  # or its own: doubled each time
    assert [*one] == [6, 1, 2**5]


@pytest.mark.parametrize("threads", [1, 3])
def test_all_threads_move_at_once_each_its_own_particle(threads, monkeypatch):
    together, seen = threading.Barrier(threads, timeout=10), []

    def move(positions, velocities, i, steps):
        together.wait()  # is passed only by as many at the same time
        seen.append((threading.get_ident(), i))
        positions[i] += steps * velocities[i]

    monkeypatch.setattr(false_sharing, "move", move)
    for _, ns, ends in measure(threads, 5, 2):
        assert len(ns) == 2
        assert ends == [1 + 5 * TRIES * 2] * threads
    assert len({who for who, _ in seen}) == threads
    right = [i * distance // 8 for distance in DISTANCES for i in range(threads)]
    assert sorted(i for _, i in seen) == sorted(right * TRIES * 2)


def test_the_ns_are_those_of_the_slowest_in_the_tries_that_used_most_cores(monkeypatch):
    in_turns, side_by_side = [(0.0, 1.0, 1.0), (1.0, 2.0, 1.0)], [(0.0, 2.0, 1.9), (0.1, 3.1, 3.0)]
    found = [[in_turns] * 5 for _ in range(TRIES)]
    found[7][2] = side_by_side  # of the third distance
    left = itertools.chain(*found)

    class Pool:
        def __init__(self, threads):
            pass

        def map(self, work, crew):
            return next(left)

    monkeypatch.setattr(false_sharing, "ThreadPoolExecutor", Pool)
    rows = list(measure(2, 4, 1))
    assert [distance for distance, *_ in rows] == DISTANCES
    assert [ns for _, ns, _ in rows] == [[0.25e9], [0.25e9], [0.75e9], [0.25e9], [0.25e9]]
    assert list(left) == []


def test_two_threads_side_by_side_use_two_cores_in_turns_one():
    assert cores_used([(0.0, 2.0, 2.0), (0.0, 2.0, 2.0)]) == 2
    assert cores_used([(0.0, 2.0, 2.0), (2.0, 4.0, 2.0)]) == 1
    assert cores_used([(0.0, 4.0, 2.0), (0.0, 4.0, 2.0)]) == 1


def test_its_rows_are_ns_over_the_distance_for_one_thread_and_more(demo, tmp_path):
    done = demo("false_sharing", "--quick", "--workers", 3, "--repeats", 4, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    runs = json.loads((tmp_path / "r.json").read_text())["runs"]
    assert [(run["variant"], run["parameters"]["bytes apart"], len(run["result"])) for run in runs] == [
        (name, d, threads) for name, threads in (("1 thread", 1), ("3 threads", 3)) for d in DISTANCES
    ]
    assert {(run["measure"], run["unit"], len(run["values"])) for run in runs} == {("time a step", "ns", 4)}
    assert {end for run in runs for end in run["result"]} == {1 + 1000 * 4 * TRIES}


def test_without_numba_one_line_says_so(demo, tmp_path):
    (tmp_path / "numba.py").write_text("raise ModuleNotFoundError('not here', name='numba')")
    done = demo("false_sharing", "--quick", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert done.stderr == "false_sharing.py: numba is missing: pip install numba\n"
