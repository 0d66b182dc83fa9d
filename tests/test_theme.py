"""The look: every pair of colours that meets can be read, every colour of a picture is known, no network."""

import re
from importlib.util import find_spec
from pathlib import Path

import plots
import pytest
from conftest import SLIDES

THEME = SLIDES / "theme"
DECK = (THEME / "deck.css").read_text()
DECLARED = dict(re.findall(r"^  --([\w-]+): (light-dark\(.+?\)|var\(.+?\));", DECK, re.MULTILINE))
TEXT = 4.5  # the contrast that WCAG 2 asks of text (AA); of shapes it asks 3
SHAPE = 3.0
PAIRS = [
    *[(text, "paper", TEXT) for text in ("ink", "muted", "accent", "live", "warn")],
    *[(text, "panel", TEXT) for text in ("ink", "muted", "accent", "live", "warn")],
    *[(code, ground, TEXT) for code in ("keyword", "string", "comment") for ground in ("paper", "panel")],
    *[(code, "accent-soft", TEXT) for code in ("ink", "keyword", "string", "comment")],  # the current step
    ("ink", "warn-soft", TEXT),  # a recording's label
    ("paper", "accent", TEXT),  # a letter, and a chosen control
    ("paper", "ran", TEXT),  # a worker of a drawing
    *[(shape, "paper", SHAPE) for shape in ("ran", "waiting", "no-core", "unknown", "live", "warn")],
    *[(f"series-{number}", "paper", SHAPE) for number in range(1, plots.SERIES + 1)],
]  # fmt: skip


def colour(name, dark):
    """The red, green and blue of a variable, from 0 to 1."""
    value = DECLARED[name]
    while alias := re.fullmatch(r"var\(--(.+)\)", value):
        value = DECLARED[alias[1]]
    digits = re.findall(r"#(\w{6})", value)[dark]
    return [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]


def luminance(channels):
    """WCAG 2's relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_wcag_s():
    assert contrast([0, 0, 0], [1, 1, 1]) == pytest.approx(21)
    assert contrast([0x76 / 255] * 3, [1, 1, 1]) == pytest.approx(4.54, abs=0.01)  # the well-known grey


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), PAIRS)
def test_what_meets_can_be_told_apart(text, ground, least, dark):
    assert contrast(colour(text, dark), colour(ground, dark)) >= least


@pytest.mark.parametrize("name", plots.COLOURS)
def test_the_slides_recolour_every_colour_of_a_picture(name):
    pictures = DECK[DECK.index("figure.picture svg {") :]
    rule = re.search(rf"& (:is\([^)]*)?\.{name}\b[^{{]*{{ --colour: var\(--([\w-]+)\); }}", pictures)
    assert rule, f".{name} has no rule in deck.css"
    assert rule[2] in DECLARED


@pytest.mark.parametrize("file", sorted(THEME.glob("*.css")), ids=lambda file: file.name)
def test_a_style_sheet_asks_for_nothing_from_elsewhere(file):
    text = file.read_text()
    assert not re.search(r"//|@import", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))
    assert all(url.startswith('"fonts/') for url in re.findall(r"url\((.*?)\)", text))


def test_the_fonts_are_in_the_package():
    package = Path(find_spec("sphinx_revealjs").submodule_search_locations[0])
    names = re.findall(r'url\("fonts/(.+?)"\)', (THEME / "fonts.css").read_text())
    assert len(names) == 4
    for name in names:
        assert list(package.glob(f"_static/revealjs/dist/theme/fonts/*/{name}")), name
