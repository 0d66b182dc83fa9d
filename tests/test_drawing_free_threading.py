"""The drawings of part 80: in each frame the counts, the locks and the pauses are as its sentence says."""

import re

from drawings.free_threading import (
    biased_references,
    interpreters,
    object_locks,
    stop_the_world,
    where_the_gil_went,
)
from test_drawing import SVG, frames


def said(frame):
    """What each thing of a frame is, in words."""
    return {" ".join(title.text.split()) for title in frame.iter(f"{SVG}title")}


def does(frame, state="ran"):
    """What each thread that runs does, by its number."""
    words = [block[0].text for block in frame.iter(f"{SVG}rect") if block.get("class") == state]
    found = [re.fullmatch(r"thread (\d) ([^:]+)", each) for each in words]
    return {int(each[1]): each[2] for each in found if each}


def test_each_interpreter_has_its_gil_while_its_thread_runs():
    for frame in frames(interpreters()):
        held = {number for number in (0, 1) if f"GIL {number}: held" in said(frame)}
        assert held == set(does(frame))


def test_both_counts_together_are_the_references_that_are_left():
    *counted, immortal = frames(biased_references())
    names = {0: set(), 1: set()}
    for frame in counted:
        for thread, what in does(frame).items():
            if what.startswith("del "):
                names[thread] -= set(what[4:].split(", "))
            else:
                names[thread].add(what.partition(" = ")[0])
        counts = {f"local count: {len(names[0])}", f"shared count: {len(names[1])}"}
        assert counts <= said(frame)
    assert names == {0: set(), 1: set()}
    assert {"local count: –", "shared count: –"} <= said(immortal)


def test_only_who_changes_a_list_holds_its_lock():
    for frame in frames(object_locks()):
        changed = [what[0] for what in does(frame).values() if ".append" in what]
        assert changed == [name for name in "ab" if f"lock of {name}: held" in said(frame)]


def test_nobody_runs_python_while_the_collector_searches():
    searched = [does(frame) for frame in frames(stop_the_world()) if does(frame).get(1) == "searches"]
    assert searched == [{1: "searches"}, {1: "searches", 2: "detached"}]


def test_the_gil_is_held_as_long_as_it_protects_something():
    for frame in frames(where_the_gil_went()):
        assert ("GIL: held" in said(frame)) == any(words.endswith(": the GIL") for words in said(frame))
