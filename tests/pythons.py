"""The Pythons of this machine that a test may take, and the mark that skips it where there is none."""

import elsewhere
import interpreters
import pytest

FOUND, _ = interpreters.find()  # once a process: it takes seconds
NEWEST = interpreters.newest_of_each(FOUND)


def none_with(feature):
    """The words of a demo where no Python has the feature."""
    _, what, how = elsewhere.NEWEST[feature]
    return f"there is no Python with {what} here; to get one: {how}"


def those_with(feature):
    """The Pythons that have it, the oldest first; and a mark."""
    has, *_ = elsewhere.NEWEST[feature]
    pythons = [python for python in FOUND if has(python)]
    return pythons, pytest.mark.skipif(not pythons, reason=none_with(feature))
