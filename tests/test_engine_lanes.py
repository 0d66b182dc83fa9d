"""engine_lanes: an engine's name for its process, and spans in ms from the first start."""

import os
from types import SimpleNamespace

import engine_lanes

MS = 10**6


def test_spans_are_in_ms_from_the_first_start_in_the_order_of_time():
    stamps = [
        ("b", 70, 7 * MS, 9 * MS),
        ("a", 70, 5 * MS, 6 * MS),
        ("c", 50, 4 * MS, 12 * MS),
    ]
    names = {60: "engine 0", 70: "engine 1", 50: "engine 4"}
    assert engine_lanes.lanes(stamps, names) == (
        8.0,
        {"engine 0": [], "engine 1": [(1.0, 2.0, "a"), (3.0, 5.0, "b")], "engine 4": [(0.0, 8.0, "c")]},
    )


def test_an_engine_is_named_after_its_number():
    class Engines:
        ids = (0, 3)

        def __getitem__(self, every):
            assert every == slice(None)
            return self

        def apply_async(self, function):
            assert function is os.getpid
            return SimpleNamespace(get=lambda seconds: [90, 80])

    assert engine_lanes.engine_names(Engines()) == {90: "engine 0", 80: "engine 3"}
