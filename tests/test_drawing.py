"""Drawings: every frame says what it shows, in readable type, and nothing covers anything."""

import importlib
import inspect
import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import drawing
import pytest
from conftest import SLIDES
from drawing import Arrow, Box, Column, Drawing, Frame, Lanes, Lock, Memory, Place, Row, Worker

SVG = "{http://www.w3.org/2000/svg}"
TOPICS = [path.stem for path in (SLIDES / "drawings").glob("[a-z]*.py")]
DRAWINGS = {
    name: function
    for topic in TOPICS
    for name, function in inspect.getmembers(importlib.import_module(f"drawings.{topic}"), inspect.isfunction)
    if function.__module__ == f"drawings.{topic}" and inspect.signature(function).return_annotation is Drawing
}
WIDTH_OF_A_LETTER = 0.5  # of the font size, on average; of narrow Source Sans less
SCALE = 1152 / drawing.WIDTH  # pixels of a slide 1280 wide, a unit of the drawing


def frames(made):
    """The frames of a drawing, as it stands on a slide."""
    figure = ElementTree.fromstring(made._repr_html_())
    assert figure.get("class") == "picture frames"
    return list(figure)


def texts(frame):
    """Each text with the place that it takes."""
    for element in frame.iter(f"{SVG}text"):
        size, width = float(element.get("font-size")), len(element.text) * WIDTH_OF_A_LETTER
        width, x = width * size, float(element.get("x"))
        left = {"start": x, "middle": x - width / 2, "end": x - width}[element.get("text-anchor")]
        yield element.text, Place(left, float(element.get("y")) - 0.85 * size, width, size)


def test_there_are_drawings():
    assert {"hand_off", "history", "proof"} <= set(DRAWINGS)


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_is_described_readable_and_inside_its_frame(name):
    for frame in frames(DRAWINGS[name]()):
        (picture,) = frame
        assert picture.get("role") == "img"
        assert len(picture.get("aria-label").split()) > 3
        _, _, width, height = map(float, picture.get("viewBox").split())
        assert width == drawing.WIDTH
        assert height * SCALE < 560  # what a slide has below its heading
        for element in frame.iter(f"{SVG}text"):
            assert float(element.get("font-size")) * SCALE >= 24
        for words, place in texts(frame):
            assert Place(0, 0, width, height).contains(place), words
        for block in frame.iter(f"{SVG}rect"):
            place = Place(*(float(block.get(side)) for side in ("x", "y", "width", "height")))
            assert Place(-0.1, 0, width + 0.2, height).contains(place)


@pytest.mark.parametrize("name", DRAWINGS)
def test_no_words_cover_others_and_each_is_on_a_block_or_beside_it(name):
    for frame in frames(DRAWINGS[name]()):
        for (one, here), (other, there) in combinations(texts(frame), 2):
            assert not here.overlaps(there), f"{one!r} and {other!r}"
        for words, place in texts(frame):
            for block in frame.iter(f"{SVG}rect"):
                shape = Place(*(float(block.get(side)) for side in ("x", "y", "width", "height")))
                assert not shape.overlaps(place) or shape.contains(place), words


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_steps_are_fragments_of_one_size_and_things_stay_where_they_are(name):
    first, *others = frames(DRAWINGS[name]())
    assert first.get("class") == "frame"
    assert [other.get("class") for other in others] == ["frame fragment"] * len(others)
    assert [other.get("data-fragment-index") for other in others] == [str(i) for i in range(len(others))]
    assert len({frame[0].get("viewBox") for frame in [first, *others]}) == 1
    places = [
        {
            words.text: (words.get("x"), words.get("y"))
            for words in frame.iter(f"{SVG}text")
            if words.get("font-weight") == "bold" and words.get("class") == "ink"  # names, not what they do
        }
        for frame in [first, *others]
    ]
    first_seen = {}
    for each in places:
        for thing, place in each.items():
            assert first_seen.setdefault(thing, place) == place, thing


def test_the_lock_is_never_held_by_nobody_who_runs():
    """In each frame one thread runs, and the lock is held; or none, and it is free."""
    for frame in frames(DRAWINGS["hand_off"]()):
        said = [title.text for title in frame.iter(f"{SVG}title")]
        running = sum(bool(re.fullmatch(r"thread \d runs", words)) for words in said)
        assert running == ("GIL: held" in said)


def test_a_state_is_told_without_colour():
    def drawn(thing, pattern):
        (each,) = thing.at(0, 0)
        return re.search(pattern, "".join(each.shapes))[1]

    tall = float(drawn(Worker("w"), r' height="(\S+)"'))
    assert tall > 10 * float(drawn(Worker("w", runs=False), r' height="(\S+)"'))
    bow = r'<path d="(.+?)"'
    assert drawn(Lock("l"), bow) != drawn(Lock("l", held=False), bow)


def test_a_lane_is_to_scale():
    (lane,) = Lanes({"w": "##..x  #"}, whiles=8).at(0, 0)
    widths = [float(width) for width in re.findall(r' width="([\d.]+)"', "".join(lane.shapes))]
    assert widths == pytest.approx([2 * widths[2], 2 * widths[2], widths[2], widths[2]], rel=0.01)
    heights = [float(height) for height in re.findall(r' height="([\d.]+)"', "".join(lane.shapes))]
    assert heights[0] > 2 * heights[2] > 2 * heights[1]


@pytest.mark.parametrize("says", ["", "  "])
def test_a_frame_needs_its_sentence(says):
    with pytest.raises(ValueError, match="needs a sentence"):
        Frame(says, Worker("w"))


def test_a_long_sentence_takes_more_lines():
    sentence = "A sentence that is far too long for one line of a drawing, which happens to everybody."
    (frame,) = frames(Drawing(Frame(sentence, Worker("w"))))
    assert " ".join([words for words, _ in texts(frame)][-2:]) == sentence


def test_what_does_not_fit_is_refused_with_the_mend():
    with pytest.raises(ValueError, match="1440 wide, a drawing has 1200"):
        Frame("Too many workers.", Row(*[Worker(f"w {i}") for i in range(5)], gap=35))
    with pytest.raises(ValueError, match="'a long message' overlaps a: a wider gap"):
        Drawing(Frame("Words.", Row(Worker("a"), Worker("b"), gap=90), [Arrow("a", "b", "a long message")]))
    with pytest.raises(ValueError, match="nothing is called c"):
        Drawing(Frame("An arrow.", Row(Worker("a"), Worker("b")), [Arrow("a", "c")]))


@pytest.mark.parametrize(("stand", "straight"), [(Row, "y"), (Column, "x")])
def test_an_arrow_is_straight_ends_before_the_thing_and_may_be_in_a_box(stand, straight):
    things = Box("process", stand(Worker("a"), Memory("b", 1, 2, 3), gap=200))
    (frame,) = frames(Drawing(Frame("A message.", things, [Arrow("a", "b", "go")])))
    line = frame.findall(f".//{SVG}polyline")[-2]
    (x1, y1), (x2, y2) = (map(float, point.split(",")) for point in line.get("points").split())
    assert (y1 == y2 and x1 < x2) if straight == "y" else (x1 == x2 and y1 < y2)
    assert max(x2 - x1, y2 - y1) < 200
    assert "go" in [words for words, _ in texts(frame)]
