"""caches: what it says of arrays, in other units than MB, too; memory_bandwidth has the same line still."""

import caches
import pytest


@pytest.mark.parametrize(
    ("size", "unit", "words"),
    [
        (192, 1, "Each array has 192 MB, 4 times the last-level caches 400 MB: too small: try --size 400."),
        (400, 1, "Each array has 400 MB, 4 times the last-level caches 400 MB: enough."),
        (4.0, 8, "Each array has 32 MB, 4 times the last-level caches 400 MB: too small: try --size 50."),
        (50.0, 8, "Each array has 400 MB, 4 times the last-level caches 400 MB: enough."),
    ],
)
def test_the_size_that_it_names_is_enough(size, unit, words, monkeypatch):
    monkeypatch.setattr(caches, "last_level", lambda: 100_000_000)
    assert caches.verdict(size, unit) == words
