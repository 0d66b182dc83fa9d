"""The drawings of Cython: every iteration is dealt once, as the schedules of OpenMP say."""

import re

import pytest
from drawings.cython import COSTS, THREADS, longest, schedules, smaller, static, taken
from test_drawing import frames

SVG = "{http://www.w3.org/2000/svg}"
EVERY = list(range(len(COSTS)))


def test_static_is_a_block_each_and_with_a_chunksize_of_one_dealt_as_cards():
    assert static([1] * 7, 3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert static([1] * 7, 3, 1) == [[0, 3, 6], [1, 4], [2, 5]]


def test_dynamic_gives_the_next_one_to_who_is_done():
    assert taken([5, 1, 1, 1, 1, 3], 2, [1] * 6) == [[0], [1, 2, 3, 4, 5]]


@pytest.mark.parametrize(("count", "threads", "chunks"), [(12, 3, [4, 3, 2, 1, 1, 1]), (1, 4, [1])])
def test_guided_takes_ever_smaller_chunks(count, threads, chunks):
    assert smaller(count, threads) == chunks


def test_each_frame_deals_every_iteration_once_and_as_wide_as_it_takes():
    ends = []
    for frame in frames(schedules()):
        dealt, idle, width = {}, 0, {}
        for block in frame.iter(f"{SVG}rect"):
            said = block.find(f"{SVG}title").text
            if found := re.fullmatch(r"(thread \d): iteration (\d+)", said):
                assert int(found[2]) not in dealt
                dealt[int(found[2])] = found[1]
                width[int(found[2])] = float(block.get("width")) + 4
            else:
                idle += float(block.get("width"))
        assert sorted(dealt) == EVERY
        unit = width[0] / COSTS[0]
        assert [width[i] for i in EVERY] == pytest.approx([unit * cost for cost in COSTS], rel=0.01)
        ends.append((sum(COSTS) + idle / unit) / THREADS)  # when all are done: full lanes, or idle ones
    assert ends == pytest.approx([14, 8, 8, 11], rel=0.01)


def test_what_the_sentences_say_is_so():
    """Two idle with static; chunksize=1 and dynamic are even; guided asks half as often, and takes longer."""
    dynamic, guided = [1] * len(COSTS), smaller(len(COSTS), THREADS)
    times = [sum(COSTS[i] for i in share) for share in static(COSTS, THREADS)]
    assert sum(time < max(times) for time in times) == 2
    even = sum(COSTS) / THREADS
    assert longest(static(COSTS, THREADS, 1)) == longest(taken(COSTS, THREADS, dynamic)) == even
    assert len(guided) == len(dynamic) / 2
    assert longest(taken(COSTS, THREADS, guided)) > even
