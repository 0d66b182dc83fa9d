"""Pictures: what is drawn is what was measured, readable and described."""

import xml.etree.ElementTree as ElementTree

import plots
import pytest
import terminal

PYTHON = {"name": "CPython", "version": "3.14.0", "build": "default", "gil": True}
MACHINE = {"cpu": "A <fast> CPU", "cores": {"usable": 2, "logical": 2, "affinity": 2, "quota": None}}
SVG = "{http://www.w3.org/2000/svg}"
ON_A_SLIDE = 1152 / plots.WIDTH  # pixels of a slide 1280 wide, a unit of a picture


def record(runs=(), lanes=()):
    runs = [
        {"variant": name, "values": values, "measure": "time", "unit": "s", "parameters": parameters}
        for name, values, parameters in runs
    ]
    return {
        "claim": "A claim.",
        "runs": runs,
        "lanes": list(lanes),
        "machine": MACHINE,
        "interpreter": PYTHON,
    }


def picture(workers, kind="ran", window=100.0):
    return {"variant": "threads", "kind": kind, "window": window, "workers": workers, "interpreter": None}


TURNS = {
    "thread 0": [(0.0, 50.0, "ran"), (50.0, 90.0, "waiting"), (90.0, 100.0, "no core")],
    "thread 1": [(0.0, 50.0, "waiting"), (50.0, 100.0, "ran")],
}
RECORDS = {
    "bars": record([("sequential", [1.0, 1.1, 1.2], {}), ("processes", [0.5, 0.6, 0.7], {})]),
    "one bar": record([("only", [0.25], {})]),
    "sweep": record([(name, [1 / n], {"n": n}) for n in (1, 10, 10_000) for name in ("a", "b")]),
    "scaling": record([("job", [0.1 + 0.9 / n], {"workers": n}) for n in (1, 2, 4, 8)]),
    "lanes": record(lanes=[picture(TURNS)]),
    "many lanes": record(lanes=[picture({f"thread {i}": TURNS["thread 0"] for i in range(64)})]),
    "assigned": record(lanes=[picture({"w 0": [(0.0, 40.0, "task 0"), (40.0, 90.0, "task 1")]}, "assigned")]),
    "several": record(lanes=[picture(TURNS), picture({"thread 0": [(0.0, 20.0, "ran")]}, window=20.0)]),
}


def drawn(name):
    return ElementTree.fromstring(plots.draw(RECORDS[name]))


def words(root):
    return [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("name", RECORDS)
def test_a_picture_is_well_formed_described_readable_and_inside_its_frame(name):
    root = drawn(name)
    _, _, width, height = map(float, root.get("viewBox").split())
    assert root.get("role") == "img"
    assert root.get("aria-label") == plots.alt(RECORDS[name])
    assert "CPython 3.14.0, GIL on · 2 usable cores, A <fast> CPU" in words(root)
    for element in root.iter(f"{SVG}text"):
        assert float(element.get("font-size")) * ON_A_SLIDE >= 24
        assert 0 <= float(element.get("x")) <= width
        assert 0 <= float(element.get("y")) <= height
    for element in root.iter(f"{SVG}rect"):
        assert float(element.get("width")) >= 0
        assert 0 <= float(element.get("x")) <= width
        assert float(element.get("y")) + float(element.get("height")) <= height


@pytest.mark.parametrize("name", RECORDS)
def test_every_shape_says_what_its_colour_is_for(name):
    """... so that a slide can recolour it; in a file of its own it has that colour by itself."""
    for element in drawn(name).iter():
        painted = {element.get("fill"), element.get("stroke")} - {None, "none"}
        if painted:
            assert painted == {plots.COLOURS[element.get("class")]}


def test_the_state_of_a_block_is_its_class():
    for block in drawn("lanes").iter(f"{SVG}rect"):
        assert block.get("class") == block.find(f"{SVG}title").text.split(",")[0].replace(" ", "-")


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_lanes_leave_a_slide_room_for_controls_and_a_prediction(workers):
    taken = record(lanes=[picture({f"thread {i}": TURNS["thread 0"] for i in range(workers)})])
    _, _, _, height = map(float, ElementTree.fromstring(plots.draw(taken)).get("viewBox").split())
    assert height * ON_A_SLIDE <= 313


def blocks(root, title):
    return [
        (float(rect.get("x")), float(rect.get("width")), float(rect.get("height")))
        for rect in root.iter(f"{SVG}rect")
        if rect.find(f"{SVG}title").text.startswith(title)
    ]


def test_lanes_are_to_scale_and_told_apart_without_colour():
    root = drawn("lanes")
    (x, width, tall), (x1, _, _) = blocks(root, "ran, 50.0 ms")
    assert x1 == pytest.approx(x + width, abs=0.1)  # the second begins where the first ends
    (_, waiting, low), _ = sorted(blocks(root, "waiting, "), key=lambda block: block[1])
    assert waiting == pytest.approx(0.8 * width, rel=0.01)
    ((_, _, middle),) = blocks(root, "no core, ")
    assert tall > 2 * middle > 4 * low
    assert "1.0 ran at a time" in words(root)
    assert {"ran", "waited for the GIL", "no core free"} <= set(words(root))


def test_without_a_gil_nobody_waits_for_it():
    free = {**RECORDS["lanes"], "interpreter": {**PYTHON, "build": "free-threaded", "gil": False}}
    assert "waited for a lock" in plots.draw(free)
    assert "GIL on" not in plots.draw(free)


def test_assigned_lanes_say_that_they_do_not_show_who_ran():
    assert "assigned: who had which task, not who ran" in words(drawn("assigned"))
    assert "ran at a time" not in plots.draw(RECORDS["assigned"])


def test_bars_are_to_scale_from_zero_with_every_repeat():
    root = drawn("bars")
    ((_, long, _),) = blocks(root, "sequential")
    ((_, short, _),) = blocks(root, "processes")
    assert short / long == pytest.approx(0.6 / 1.1, rel=1e-3)
    assert len(list(root.iter(f"{SVG}circle"))) == 6
    assert "0.6 s, speedup 1.83" in words(root)


def test_amdahl_s_law_is_recovered():
    points = [(n, 1 / (0.2 + 0.8 / n)) for n in (1, 2, 4, 16)]
    assert plots.serial_fraction(points) == pytest.approx(0.2)
    assert plots.serial_fraction([(1, 1.0)]) == 0
    assert "job: ceiling 10.0" in words(drawn("scaling"))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 100), (3, 47), (0, 0.0123), (0, 1e6)])
def test_ticks_are_few_round_and_inside(low, high):
    marks = plots.ticks(low, high)
    assert 2 <= len(marks) <= 9
    assert all(low - 1e-9 <= mark <= high * (1 + 1e-9) for mark in marks)


def test_the_terminal_shades_a_column_by_the_share_that_ran(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    first, second, axis, legend, together = terminal.lane_rows(picture(TURNS), True)
    bar = first.removeprefix("thread 0 ").removesuffix("   50 ms")
    assert len(bar) == 43
    assert bar.startswith("█" * 21)
    assert bar.endswith("·xxxx")
    assert second.count("█") == 21
    assert axis.endswith("100 ms     ran")
    assert legend == "█▒ ran   · waited for the GIL   x no core free"
    assert together == "together 100 ms in 100 ms: 1.0 ran at a time"


def test_short_turns_do_not_look_like_overlap(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    spans = [(i + 0.0, i + 1.0, "ran" if i % 2 else "waiting") for i in range(100)]
    first, *_ = terminal.lane_rows(picture({"thread 0": spans}), True)
    assert "█" not in first
