"""Pictures: what is drawn is what was measured, readable and described."""

import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import plots
import pytest
import terminal

PYTHON = {"name": "CPython", "version": "3.14.0", "build": "default", "gil": True}
MACHINE = {"cpu": "A <fast> CPU", "cores": {"usable": 2, "logical": 2, "affinity": 2, "quota": None}}
SVG = "{http://www.w3.org/2000/svg}"
ON_A_SLIDE = 1152 / plots.WIDTH  # pixels of a slide 1280 wide, a unit of a picture


def record(runs=(), lanes=(), measure="time", unit="s", cpu=None):
    runs = [
        {
            "variant": name,
            "values": values,
            "measure": measure,
            "unit": unit,
            "parameters": parameters,
            "cpu_seconds": cpu and cpu * sum(values),
        }
        for name, values, parameters in runs
    ]
    return {
        "claim": "A claim.",
        "runs": runs,
        "lanes": list(lanes),
        "machine": MACHINE,
        "interpreter": PYTHON,
    }


def picture(workers, kind="ran", window=100.0, **parameters):
    about = {"variant": "threads", "kind": kind, "parameters": parameters, "interpreter": None}
    return {**about, "window": window, "workers": workers}


TURNS = {
    "thread 0": [(0.0, 50.0, "ran"), (50.0, 90.0, "waiting"), (90.0, 100.0, "no core")],
    "thread 1": [(0.0, 50.0, "waiting"), (50.0, 100.0, "ran")],
}
PLACES = ["in_the_loop", "in_a_thread", "in_a_process"]
LATENCIES = [*range(1, 20), 99]  # median 10.5, p95 19
RECORDS = {
    "bars": record([("sequential", [1.0, 1.1, 1.2], {}), ("processes", [0.5, 0.6, 0.7], {})]),
    "one bar": record([("only", [0.25], {})]),
    "sweep": record([(name, [1 / n], {"n": n}) for n in (1, 10, 10_000) for name in ("a", "b")]),
    "scaling": record([("job", [0.1 + 0.9 / n], {"workers": n}) for n in (1, 2, 4, 8)]),
    "oversubscribed": record(
        [(job, [t], {"workers": n}) for job in ("known", "unknown") for n, t in ((1, 1), (2, 0.6), (4, 2))]
    ),
    "few cores": record([("job", [n / 10], {"workers": n}) for n in (4, 8)]),
    "close curves": record(
        [(f"{ms} ms interval", [t + ms / 1000], {"busy": t}) for ms in (5, 20, 0.5) for t in (0, 1, 2)],
        measure="latency",
        unit="ms",
    ),
    "long numbers": record([("a", [n / 10], {"samples": n}) for n in (1, 1000, 10_000_000)]),
    "crowded": record([("a", [n / 2], {"n": n}) for n in range(1, 51)]),
    "latencies": record([("a", LATENCIES, {"busy": n}) for n in (0, 1)], measure="latency", unit="ms"),
    "groups": record([(at, [1.0, 2.0], {"call": f}) for f in ("sleep", "loop", "c_sum") for at in PLACES]),
    "rates": record(
        [
            (name, [g * n - 1, g * n, g * n + 2], {"workers": n})
            for name, g in (("roots", 10), ("triad", 30))
            for n in (1, 2, 4)
        ],
        measure="bandwidth",
        unit="GB/s",
    ),
    "CPU": record([(at, [1.0, 2.0], {"setting": "as it is"}) for at in PLACES], cpu=1.5),
    "percent": record([("a", [20.0], {}), ("b", [50.0], {})], measure="share", unit="%"),
    "facts": record([(f"a call, number {i}", [1110.0], {"call": f"{i}17.5 ms"}) for i in range(9)]),
    "a long unit": record([("a", [10.0, 12.0], {})], measure="speed", unit="million operations a second"),
    "many repeats": record([(name, LATENCIES, {"setting": "as it is"}) for name in "ab"]),
    "lanes": record(lanes=[picture(TURNS)]),
    "many lanes": record(lanes=[picture({f"thread {i}": TURNS["thread 0"] for i in range(64)})]),
    "grid": record(
        lanes=[
            {**picture(TURNS, python=python), "variant": variant}
            for python in ("3.9", "3.14t, GIL off", "3.14t, GIL on")
            for variant in ("threads", "subinterpreters", "processes")
            if (python, variant) != ("3.9", "subinterpreters")
        ]
    ),
    "assigned": record(lanes=[picture({"w 0": [(0.0, 40.0, "task 0"), (40.0, 90.0, "task 1")]}, "assigned")]),
    "several": record(
        lanes=[
            picture(TURNS, nogil=False),
            picture({"thread 0": [(0.0, 20.0, "ran")]}, window=20.0, nogil=True),
        ]
    ),
    "several assigned": record(
        lanes=[
            picture({f"w {i}": [(0.0, 30.0 + i, "a")] for i in range(16)}, "assigned", chunksize=n)
            for n in (1, 2, 4)
        ]
    ),
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
    what = "numbers: how many ran at a time" if name == "grid" else "CPython 3.14.0, GIL on"
    assert f"{what} · 2 usable cores, A <fast> CPU" in words(root)
    for element in root.iter(f"{SVG}text"):
        assert float(element.get("font-size")) * ON_A_SLIDE >= 24
        assert 0 <= float(element.get("x")) <= width
        assert 0 <= float(element.get("y")) <= height
    for curve in root.iter(f"{SVG}polyline"):
        for x, y in (map(float, point.split(",")) for point in curve.get("points").split()):
            assert 0 <= x <= width
            assert 0 <= y <= height
    for element in root.iter(f"{SVG}rect"):
        assert float(element.get("width")) >= 0
        assert 0 <= float(element.get("x")) <= width
        assert float(element.get("y")) + float(element.get("height")) <= height


def box(element):
    """Left, right and middle of a text, as narrow as in any font: what touches here touches everywhere."""
    x, size = float(element.get("x")), float(element.get("font-size"))
    width = 0.5 * size * len(element.text)
    left = x - {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor")]
    return left, left + width, float(element.get("y"))


@pytest.mark.parametrize("name", RECORDS)
def test_no_words_are_cut_off_or_cover_others(name):
    boxes = [(box(element), element.text) for element in drawn(name).iter(f"{SVG}text")]
    assert all(left >= 0 and right <= plots.WIDTH for (left, right, _), _ in boxes)
    for i, ((left, right, y), text) in enumerate(boxes):
        for (other_left, other_right, other_y), other in boxes[:i]:
            beside_each_other = right <= other_left or other_right <= left
            assert beside_each_other or abs(y - other_y) >= 24, (text, other)


@pytest.mark.parametrize("name", ["bars", "one bar", "groups", "CPU", "facts", "a long unit", "many repeats"])
def test_no_bar_and_no_dot_reaches_the_numbers(name):
    root = drawn(name)
    *texts, _ = (element for element in root.iter(f"{SVG}text") if element.get("text-anchor") == "end")
    ends = [x + width for x, width, _ in blocks(root, "")]
    ends += [float(circle.get("cx")) + 5 for circle in root.iter(f"{SVG}circle")]
    assert max(ends) < min(box(element)[0] for element in texts)


@pytest.mark.parametrize("name", ["groups", "facts", "many repeats", "oversubscribed", "close curves"])
def test_bars_and_curves_leave_a_slide_room_for_its_heading_and_its_state(name):
    _, _, _, height = map(float, drawn(name).get("viewBox").split())
    assert height <= 440


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
    assert {"0.6 s", "1.83", "time", "speedup", "median; dot: a repeat"} <= set(words(root))


def test_a_variant_has_one_colour_in_every_group_and_a_setting_is_named_once():
    root = drawn("groups")
    colours = [{bar.get("class") for bar in root.iter(f"{SVG}rect") if at in bar[0].text} for at in PLACES]
    assert colours == [{"series-1"}, {"series-2"}, {"series-3"}]
    assert [word for word in words(root) if word in ("call", "sleep", "loop", "c_sum")] == [
        "call",
        "sleep",
        "loop",
        "c_sum",
    ]
    tops = [float(bar.get("y")) for bar in root.iter(f"{SVG}rect")]
    steps = [round(b - a, 1) for a, b in pairwise(tops)]
    assert min(steps[2], steps[5]) > max(steps[:2] + steps[3:5] + steps[6:])


def test_a_group_is_together_wherever_its_runs_were():
    mixed = [(at, [1.0], {"call": f}) for at in PLACES for f in ("sleep", "loop")]
    shown = words(ElementTree.fromstring(plots.draw(record(mixed))))
    assert [word for word in shown if word in ("sleep", "loop", *PLACES)] == [
        "sleep",
        "loop",
        *PLACES,
        *PLACES,
    ]


def test_what_a_parameter_tells_of_each_run_is_a_column():
    root = drawn("facts")
    assert words(root).count("call") == 1
    assert {f"{i}17.5 ms" for i in range(9)} | {"1,110 s"} <= set(words(root))
    assert "setting" not in words(drawn("many repeats"))  # the same for all


def test_bars_of_different_units_are_not_compared():
    taken = record([("seconds", [2.0], {}), ("megabytes", [400.0], {})])
    taken["runs"][1]["unit"] = "MB"
    root = ElementTree.fromstring(plots.draw(taken))
    ((_, seconds, _),) = blocks(root, "seconds")
    ((_, megabytes, _),) = blocks(root, "megabytes")
    assert seconds == megabytes


def test_many_repeats_are_a_line_from_the_least_to_p95_and_the_picture_says_so():
    root = drawn("many repeats")
    (_, median, _), *_ = blocks(root, "a,")
    whisker, *_ = sorted(root.iter(f"{SVG}line"), key=lambda line: abs(length(line) - median * 18 / 10.5))
    assert length(whisker) == pytest.approx(median * 18 / 10.5, rel=0.01)
    assert not list(root.iter(f"{SVG}circle"))
    assert "median; line: min to p95" in words(root)


def length(line):
    return float(line.get("x2")) - float(line.get("x1"))


def test_a_curve_shows_the_spread_of_many_values_and_says_so():
    root = drawn("latencies")
    upright = [
        line for line in root.iter(f"{SVG}line") if line.get("class") == "series-1" and not length(line)
    ]
    assert len(upright) == 2
    y_median = float(next(root.iter(f"{SVG}circle")).get("cy"))
    y_least, y_p95 = float(upright[0].get("y1")), float(upright[0].get("y2"))
    assert (y_median - y_p95) / (y_least - y_p95) == pytest.approx((19 - 10.5) / 18, rel=0.01)
    assert "latency, ms; median; line: min to p95" in words(root)


def test_amdahl_s_law_is_recovered():
    points = [(n, 1 / (0.2 + 0.8 / n)) for n in (1, 2, 4, 16)]
    assert plots.serial_fraction(points) == pytest.approx(0.2)
    assert plots.serial_fraction([(1, 1.0)]) == 0
    machine = {**MACHINE, "cores": {**MACHINE["cores"], "usable": 4}}
    root = ElementTree.fromstring(plots.draw({**RECORDS["scaling"], "machine": machine}))
    assert {"job: f 0.10, ceiling 10", "speedup; dashed: the ideal and Amdahl's fit"} <= set(words(root))
    fit, curve = (
        line.get("points") for line in root.iter(f"{SVG}polyline") if line.get("class") == "series-1"
    )
    assert fit == curve  # beyond the cores, too


def test_points_with_more_workers_than_cores_are_marked_and_left_out_of_the_fit():
    root = drawn("oversubscribed")
    assert {"known: f 0.20", "unknown: f 0.20", "speedup; dashed: the ideal"} <= set(words(root))
    assert len(list(root.iter(f"{SVG}polyline"))) == 3  # one point has no fit
    ((x, width, _),) = blocks(root, "more workers than cores")
    assert "more workers than cores" in words(root)
    circles = [float(circle.get("cx")) for circle in root.iter(f"{SVG}circle")]
    assert circles[1] == pytest.approx(x, abs=0.1)  # from the two cores
    assert circles[2] == pytest.approx(x + width, abs=0.1)  # to the four workers
    enough = record([("job", [1 / n], {"workers": n}) for n in (1, 2)])
    assert "more workers than cores" not in plots.draw(enough)


def test_a_rate_over_workers_is_the_gain_against_one_with_every_repeat():
    root = drawn("rates")
    assert "gain against one worker; dashed: the ideal; median; dot: a repeat" in words(root)
    assert {"roots 2.0", "triad 2.0"} <= set(words(root))  # at two cores, not at four workers
    heights = [float(dot.get("cy")) for dot in root.iter(f"{SVG}circle") if dot.get("class") == "series-1"]
    one, two, four = heights[-3:]  # the curve's own points come after the repeats
    assert len(heights) == 3 * 3 + 3
    assert (one - four) / (one - two) == pytest.approx(3, rel=0.01)
    assert (one - heights[2]) / (one - two) == pytest.approx(0.2, rel=0.02)  # 12 of 10 GB/s, with one worker


def test_rates_without_a_worker_that_has_a_core_are_named_only():
    taken = record([("roots", [n / 1], {"workers": n}) for n in (4, 8)], measure="bandwidth", unit="GB/s")
    shown = words(ElementTree.fromstring(plots.draw(taken)))
    assert {"roots", "gain against 4 workers; dashed: the ideal"} <= set(shown)


def test_a_logarithmic_scale_has_the_numbers_of_the_first_curve():
    texts = drawn("close curves").iter(f"{SVG}text")
    shown = [word.text for word in texts if word.get("class") == "series-1"]
    assert shown == ["1", "2"]  # 0.005 would lie on the third curve
    assert not [word for word in drawn("rates").iter(f"{SVG}text") if word.get("class") == "series-1"]


def test_the_number_of_a_last_point_is_above_both_curves_even_near_the_edge():
    runs = [("a", [10.0**n / 400], {"samples": 10**n}) for n in range(4)]  # up to 2.5, of 10
    runs += [("b", [max(0.02, 10.0**n / 800)], {"samples": 10**n}) for n in range(4)]
    texts = list(ElementTree.fromstring(plots.draw(record(runs))).iter(f"{SVG}text"))
    (last,) = (word for word in texts if word.text == "2.5")
    (a,) = (word for word in texts if word.text == "a")
    assert float(last.get("y")) < float(a.get("y"))


def test_percents_are_of_a_hundred():
    ((_, small, _),), ((_, half, _),) = (blocks(drawn("percent"), name) for name in "ab")
    room = 2 * half
    full = record([("b", [100.0], {})], measure="share", unit="%")
    ((_, whole, _),) = blocks(ElementTree.fromstring(plots.draw(full)), "b")
    assert small == pytest.approx(0.2 * room, rel=0.01)
    assert whole == pytest.approx(room, rel=0.1)  # its number is a digit longer


def test_several_lanes_have_a_heading_each_and_one_scale_of_time():
    root = drawn("several")
    shown = words(root)
    for heading, busy in (("nogil=False", "1.0 ran at a time"), ("nogil=True", "1.0 ran at a time")):
        assert heading in shown
        assert busy in shown
    assert shown.count("ms") == 1  # one axis
    first, *_ = (element for element in root.iter(f"{SVG}rect") if element.get("class") == "ran")
    (start, end, _), *_ = TURNS["thread 0"]
    (*_, short) = (element for element in root.iter(f"{SVG}rect") if "20.0 ms" in element[0].text)
    assert float(short.get("width")) / 20 == pytest.approx(
        float(first.get("width")) / (end - start), rel=0.01
    )


def test_lanes_of_several_variants_and_pythons_are_a_grid():
    said = words(drawn("grid"))
    assert said[:5] == ["3.9", "3.14t", "GIL off", "3.14t", "GIL on"]
    rows = [each for each in said if each in ("threads", "subinterpreters", "processes", "–")]
    assert rows == ["threads", "subinterpreters", "–", "processes"]  # 3.9 has none
    assert said.count("1.0") == 8  # at a time


def test_each_measure_has_a_picture_and_a_table_of_its_own():
    taken = record([("map", [2.0], {}), ("imap", [1.0], {})])
    for name, mb in (("map", 90), ("imap", 30)):
        taken["runs"].append({**taken["runs"][0], "variant": name, "values": [mb], "measure": "memory"})
        taken["runs"][-1]["unit"] = "MB"
    pictures = plots.pictures(taken)
    assert list(pictures) == ["time", "memory"]
    assert plots.draw(taken) == pictures["time"]
    assert "2 s" in words(ElementTree.fromstring(pictures["time"]))
    memory = words(ElementTree.fromstring(pictures["memory"]))
    assert "90 MB" in memory
    assert "2 s" not in memory
    head, row = terminal.run_rows(taken["runs"][2], taken["runs"][:3])
    assert head.split() == ["memory"]
    assert row.split() == ["90", "MB", "map"]
    assert list(plots.pictures({**taken, "lanes": [picture(TURNS)]})) == ["lanes", "time", "memory"]


def test_how_many_computed_at_a_time_is_a_column_where_it_is_known():
    assert words(drawn("CPU")).count("1.50") == 3
    assert "CPU/wall" in words(drawn("CPU"))
    assert "CPU/wall" not in words(drawn("bars"))
    some = record([(at, [1.0, 2.0], {}) for at in PLACES], cpu=1.5)
    some["runs"][1]["cpu_seconds"] = None
    assert words(ElementTree.fromstring(plots.draw(some))).count("1.50") == 2


def test_the_terminal_has_a_column_for_it_only_where_it_is_known():
    taken = record([("job", [1.0], {"busy threads": n}) for n in (1, 2)], cpu=1.5)
    taken["runs"][1]["cpu_seconds"] = None
    header, first = terminal.run_rows(taken["runs"][0], taken["runs"][:1])
    assert header.split()[-3:] == ["time", "speedup", "CPU/wall"]
    assert first.split() == ["1", "1", "s", "1.00", "1.50", "job"]
    assert header.index("threads") + len("threads") == first.index("1") + 1  # right below its name
    (second,) = terminal.run_rows(taken["runs"][1], taken["runs"])
    assert second.index("job") == first.index("job")
    without = record([("job", [1.0], {})])["runs"]
    assert "CPU/wall" not in "".join(terminal.run_rows(without[0], without))


@pytest.mark.parametrize(("cores", "most"), [(1, 1), (2, 2), (7, 7), (99, 8)])
def test_the_ideal_speedup_grows_up_to_the_cores(cores, most):
    machine = {**MACHINE, "cores": {**MACHINE["cores"], "usable": cores}}
    root = ElementTree.fromstring(plots.draw({**RECORDS["scaling"], "machine": machine}))
    ideal = next(curve for curve in root.iter(f"{SVG}polyline") if curve.get("class") == "muted")
    *_, (_, before), (_, last) = ([*map(float, point.split(","))] for point in ideal.get("points").split())
    measured = [float(circle.get("cy")) for circle in root.iter(f"{SVG}circle")]  # speedup 1, …
    zero = max(float(line.get("y2")) for line in root.iter(f"{SVG}line") if line.get("class") == "grid")
    assert (zero - last) / (zero - measured[0]) == pytest.approx(most, rel=0.01)
    assert (before == last) == (cores < 8)  # from there on it is level


def test_the_numbers_below_a_curve_are_those_that_were_measured():
    def below(name):
        texts = drawn(name).iter(f"{SVG}text")
        below = [element for element in texts if element.get("text-anchor") == "middle"]
        return [element.text for element in below if element.get("class") == "ink"]  # not a curve's number

    assert below("close curves") == ["0", "1", "2"]
    assert below("sweep") == ["1", "10", "10,000"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1113.0, "1,110"),
        (1e6, "1,000,000"),
        (0.0264, "0.0264"),
        (0.00001234, "0.0000123"),
        (0.0, "0"),
        (2 / 3, "0.667"),
        (16_384, "16,384"),  # a whole number was counted
    ],
)
def test_a_number_has_three_digits_and_no_exponent_in_terminal_and_picture(value, shown):
    assert terminal.number(value) == shown
    taken = record([("job", [value], {})], measure="count", unit="pieces")
    assert f"{shown} pieces" in words(ElementTree.fromstring(plots.draw(taken)))
    assert f"{shown} pieces" in list(terminal.run_rows(taken["runs"][0], taken["runs"]))[1]


def test_long_numbers_do_not_touch(monkeypatch):
    taken = record([("job", [1.0], {"n": 1_234_567_890, "m": 1_234_567_890})])
    _, row = terminal.run_rows({**taken["runs"][0], "cpu_seconds": None}, taken["runs"])
    assert row.split() == ["1234567890", "1234567890", "1", "s", "1.00", "job"]


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


def test_a_short_task_is_no_wait_for_the_gil(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    tasks = {"w 0": [(0.0, 50.0, "long"), (60.0, 60.1, "short")]}
    bar, _, legend = terminal.lane_rows(picture(tasks, "assigned"), True)
    assert bar.count("░") == 1
    assert "·" not in bar
    assert legend == "█▒ had a task (assigned: not who ran)"


def test_lanes_with_parameters_have_a_heading_in_the_terminal():
    heading, *_ = terminal.lane_rows(picture(TURNS, chunksize=4, order="shuffled"), True)
    assert heading == "chunksize 4, order shuffled:"


def test_short_turns_do_not_look_like_overlap(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    spans = [(i + 0.0, i + 1.0, "ran" if i % 2 else "waiting") for i in range(100)]
    first, *_ = terminal.lane_rows(picture({"thread 0": spans}), True)
    assert "█" not in first
