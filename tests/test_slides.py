"""Every slide in a browser, step by step, with its replayed output: exported, and live in both engines.

make test looks at a sample; make check-slides at everything, and keeps a screenshot of every slide:
build/screenshots/<engine>-<size>-<look>/<part>-<slide>.png, with its step where more steps follow.
"""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import axe_playwright_python
import nbformat
import pytest
import test_export
from conftest import SLIDES
from live import Talk
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import TimeoutError

NOTEBOOKS = sorted(SLIDES.glob("*.ipynb"))
SIZES = {"1280x720": (1280, 720), "1024x768": (1024, 768), "1920x1080": (1920, 1080)}
LOOKS = ("light", "dark")
SAMPLE = ("1280x720", "light")
SWEEP = pytest.mark.sweep

# The smallest sizes of text, in px on a slide of 1280 by 720; the smallest contrast (WCAG's AA), and that of
# large text, which will do for what is dimmed while another line is lit up.
LEAST = {"text": 24, "code": 20, "picture": 20, "contrast": 4.5, "dimmed": 3}
SLIDE = ".slides > section.present > section.present"
OUTPUT = ":is(.jp-OutputArea-child, .output_area)"
BARE = f"{SLIDE} :is(.jp-CodeCell, .code_cell):not(:has({OUTPUT})):not(.fragment:not(.visible) *)"
INSPECT = Path(__file__).with_name("inspect_slide.js").read_text("utf-8")
WHERE = """() => {
  const slide = document.querySelector(".slides > section.present > section.present");
  const slides = [...document.querySelectorAll(".slides section:not(:has(> section))")];
  const steps = [...slide.querySelectorAll(".fragment")];
  const shown = steps.filter((step) => step.matches(".visible")).length;
  const last = slide === slides.at(-1) && shown === steps.length;
  return { slide: slides.indexOf(slide) + 1, step: shown, more: steps.length - shown, last };
}"""
MOVED = f"""before => {{
  const now = ({WHERE})();
  return now.slide !== before.slide || now.step !== before.step;
}}"""
ABOVE = """() => [...document.querySelectorAll("#corner > *, #progress, #gone, #toast")].map((element) => {
  const { left, right, top, bottom } = element.getBoundingClientRect();
  return { left, right, top, bottom, words: `the stage’s ${element.id}` };
})"""
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Of the slide that is shown: test_export.py looks at whole pages, and INSPECT at contrast, much faster.
RUN_AXE = """async () => {
  const options = { resultTypes: ["violations"], rules: { "color-contrast": { enabled: false } } };
  const { violations } = await axe.run(".slides > section.present > section.present", options);
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ html, target }) => ({
    cell: document.querySelector(target[0])?.closest('[id^="cell-id="]')?.id.slice("cell-id=".length) ?? -1,
    what: html.slice(0, 80),
    problem: `axe-core, ${id}: ${help}`,
  })));
}"""


class Faults:
    """What was found, as lines that name notebook, slide and cell; each once, whatever the step."""

    def __init__(self):
        self.found = {}  # the things that have a problem, by where they are and the problem

    def add(self, notebook, slide, faults):
        cells = {cell.id: number for number, cell in enumerate(notebook.cells)}
        for fault in faults:
            number = cells.get(fault["cell"], fault["cell"])
            where = f"{notebook.metadata.name}, slide {slide['number']} “{slide['heading']}”"
            if isinstance(number, int) and number >= 0:
                first_line = notebook.cells[number].source.partition("\n")[0]
                where += f", cell {number + 1} ({first_line[:40]})"
            self.found.setdefault((where, fault["problem"]), {})[fault["what"]] = None

    def __iter__(self):
        for (where, problem), things in self.found.items():
            first, more = list(things)[:3], len(things) - 3
            yield f"{where}: {problem}: {', '.join(first)}{f' and {more} more' if more > 0 else ''}"


def read(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.name = path.name
    return notebook


# --- what is looked at -----------------------------------------------------------------------------------


def reading(browser, size, look):
    """As in test_export.py, in this size, for somebody who wants this look and nothing that moves."""
    return test_export.reading(browser, *SIZES[size], color_scheme=look, reduced_motion="reduce")


def export(folder, *notebooks):
    """The pages of these notebooks, with their recordings."""
    done = subprocess.run(
        [sys.executable, SLIDES / "export.py", *notebooks, "--output", folder],
        env=os.environ | {"REPLAY": "1"}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


class Exported:
    """The pages of an export."""

    def __init__(self, page, folder, axe=True):
        self.page, self.frame, self.folder, self.axe = page, page, folder, axe

    def open(self, name):
        self.page.goto((self.folder / f"{name}.html").as_uri())
        self.page.wait_for_function("() => window.Reveal && Reveal.isReady()")
        self.page.evaluate(AXE)

    def states(self):
        """Let the slide run what it can; whether it has, in each state that is worth a look."""
        yield True

    def above(self):
        return []  # the page is all there is

    def more_faults(self):
        return self.frame.evaluate(RUN_AXE) if self.axe else []


class Live:
    """A talk that replays, in a window that shows its stage."""

    def __init__(self, page, talk, look):
        self.page, self.talk, self.look, self.frame = page, talk, look, None

    def open(self, name):
        if self.frame is None:
            settings = self.talk.folder / "settings.json"
            settings.write_text(json.dumps(json.loads(settings.read_text()) | {"look": self.look}))
            self.page.goto(f"{self.talk.url}#{name}")  # an earlier window may have left the talk elsewhere
        else:
            self.page.keyboard.press("ArrowRight")
        frame = self.page.locator(f"#parts iframe.shown.ready[src$='/{name}.ipynb']")
        self.frame = frame.element_handle().content_frame()
        self.frame.wait_for_selector(f"html[data-look={self.look}]", state="attached")
        self.idle()

    def idle(self):
        self.page.locator("#kernel.idle").wait_for(state="attached")

    def states(self):
        self.frame.wait_for_function("selector => !document.querySelector(selector)", arg=f"{BARE}.at-once")
        bare = self.frame.locator(BARE)
        for left in range(bare.count() - 1, -1, -1):
            yield False
            self.page.keyboard.press("Shift+Enter")
            self.frame.wait_for_function(
                "([selector, left]) => document.querySelectorAll(selector).length === left", arg=[BARE, left]
            )
            self.idle()
        yield True

    def above(self):
        return self.page.evaluate(ABOVE)

    def more_faults(self):
        return []  # axe-core is for what is read: the export


def look_at(deck, notebooks, screenshots=None):
    """Go through the parts by keys alone, look at every step of every slide, and tell what is wrong."""
    faults = Faults()
    for path in notebooks:
        try:
            deck.open(path.stem)
            look_at_part(deck, read(path), faults, screenshots)
        except TimeoutError as error:
            return [*faults, f"{path.name}: it goes no further: {error}"]
    return list(faults)


def look_at_part(deck, notebook, faults, screenshots):
    while True:
        for ran in deck.states():
            slide = deck.frame.evaluate(INSPECT, {"least": LEAST, "ran": ran, "above": deck.above()})
            faults.add(notebook, slide, slide["found"])
        where = deck.frame.evaluate(WHERE)
        if not where["more"]:
            faults.add(notebook, slide, deck.more_faults())
        if screenshots:
            step = f"-{where['step']}" if where["more"] else ""
            name = f"{notebook.metadata.name.partition('.')[0]}-{where['slide']:02}{step}.png"
            deck.page.screenshot(path=screenshots / name)
        if where["last"]:
            return
        deck.page.keyboard.press("ArrowRight")
        deck.frame.wait_for_function(MOVED, arg=where)


def kept(combination, part=""):
    """The folder for the screenshots of a combination, if they are to be kept; without earlier ones."""
    if not os.environ.get("SCREENSHOTS"):
        return None
    folder = Path(os.environ["SCREENSHOTS"]) / combination
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{part}*.png"):
        old.unlink()
    return folder


def combinations(*sample):
    """Every size and look; all but the sample are for make check-slides."""
    return [
        pytest.param(*each, id="-".join(each), marks=() if each == sample else SWEEP)
        for each in product(SIZES, LOOKS)
    ]


def assert_none(faults):
    if faults:
        pytest.fail("\n  ".join([f"{len(faults)} found:", *faults]), pytrace=False)


# --- the slides ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return test_export.once(tmp_path_factory).output


@pytest.mark.timeout(600)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
@pytest.mark.parametrize("size, look", combinations(*SAMPLE))
def test_the_exported_slides(browser, pages, size, look, path):
    with reading(browser, size, look) as (page, requests, complaints):
        deck = Exported(page, pages, axe=(size, look) != SAMPLE)  # it takes half of the time
        assert_none(look_at(deck, [path], kept(f"export-{size}-{look}", path.stem)))
        test_export.assert_alone(pages / f"{path.stem}.html", requests, complaints)


@pytest.fixture(scope="module", params=["rise", "classic"])
def talk(request):
    with present(SLIDES, engine=request.param) as talk:
        yield talk


@contextmanager
def present(folder, engine, **environment):
    """A talk of the folder's notebooks that replays at once, and ends as it should: nothing resumes it."""
    environment |= {"REPLAY": "fast", "CLASSIC": "1" if engine == "classic" else ""}
    with Talk(sys.executable, SLIDES / "present.py", folder, **environment) as talk:
        yield talk
        talk.terminal.sendintr()
        assert talk.status() == 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("size, look", combinations())
def test_the_live_slides(browser, talk, size, look, request):
    engine = request.node.callspec.params["talk"]
    with reading(browser, size, look) as (page, *_):
        deck = Live(page, talk, look)
        assert_none(look_at(deck, NOTEBOOKS, kept(f"{engine}-{size}-{look}")))


@pytest.mark.parametrize("engine, part", [("rise", "00"), ("classic", "90")])
def test_a_live_part(browser, engine, part):
    with present(SLIDES, engine, PARTS=part) as talk, reading(browser, "1280x720", "light") as (page, *_):
        deck = Live(page, talk, "light")
        assert_none(look_at(deck, sorted(SLIDES.glob(f"{part}-*.ipynb"))))


# --- and whether a fault would be found ------------------------------------------------------------------

PICTURE = '<svg viewBox="0 0 400 200" role="img" aria-label="{words}">{shapes}</svg>'
BOX = '<rect x="10" y="10" width="380" height="180" fill="#0072b2"/>'
TEXT = '<text x="20" y="{y}" font-size="20" fill="#fff">{words}</text>'
PULSE = "<style>@keyframes pulse {to {color: #000}} .pulse {animation: pulse 1s infinite !important}</style>"

# What stands on a slide (Markdown, or the HTML that its cell shows), and what is to be said of it
WRONG = {
    "A long word": ("x" * 150, r"goes beyond the slide \(right\): “x+” \(\d+ px\)"),
    "A long list": ("- item\n" * 30, r"goes beyond the slide \(bottom\): “item” .*"),
    "A long line of code": (f"```python\nx = {'1 + ' * 50}1\n```", r"is cut at the side: .*1.*"),
    "Tiny": (
        '<p style="font-size: 12px">small print</p>',
        r"is smaller than 24.0 px: “small print” \(12.0 px\)",
    ),
    "Pale": (
        '<p style="color: #999">hardly there</p>',
        r"has too little contrast: “hardly there” \(2\.85\)",
    ),
    "Half seen": (
        '<p style="opacity: 0.4">half there</p>',
        r"has too little contrast: “half there” \(2\.\d+\)",
    ),
    "Hidden": ('<div style="height: 5px; overflow: hidden">below</div>', "is cut above or below: “below”"),
    "Unquiet": (f'{PULSE}<p class="pulse">Look at me</p>', "moves, although less motion is asked for: pulse"),
    "Nothing drawn": (PICTURE.format(words="Lanes", shapes=""), "is empty: the picture “Lanes”"),
    "Cut": (
        PICTURE.format(words="Bars", shapes=BOX.replace("380", "480")),
        "cuts its rect: the picture “Bars”",
    ),
    "One on the other": (
        PICTURE.format(
            words="Words", shapes=BOX + TEXT.format(y=60, words="a") + TEXT.format(y=65, words="b")
        ),
        "lies on another text: “b” on “a”",
    ),
    "White on orange": (
        PICTURE.format(words="Words", shapes=BOX.replace("0072b2", "e69f00") + TEXT.format(y=60, words="a")),
        r"has too little contrast: “a” \(2\.\d+\)",
    ),
    "Tiny in a picture": (
        PICTURE.replace("400", "4000").format(words="Words", shapes=BOX + TEXT.format(y=60, words="a")),
        r"is smaller than 20.0 px: “a” \(\d+\.\d px\)",
    ),
    "Bare": ("", "shows nothing, but perhaps a heading: the slide"),
    "Without output": ("<p hidden>nothing</p>", "shows no output: the cell"),
}
# The export refuses a picture without words, so it loses them later; and a cell that fails.
WRONG_EXPORTED = {
    "Nameless": ("<button></button>", "axe-core, button-name: .*"),
    "No words": (PICTURE.format(words="LOST", shapes=BOX), "has no text alternative: the picture <svg .*"),
}
LOSE = "() => document.querySelector('[aria-label=LOST]')?.removeAttribute('aria-label')"
WRONG_LIVE = {
    "No words": (f'<svg role="img" viewBox="0 0 400 200">{BOX}</svg>', WRONG_EXPORTED["No words"][1]),
    "Fails": ("<b>{1/0}</b>", "is an error: “.*"),
}


def notebook_of(slides):
    """A notebook with these slides, whose second cell is a sound one."""
    cells = [markdown("# Wrong"), markdown("## Sound\n\nAll is well, `here` too.")]
    for heading, (content, _) in slides.items():
        cells.append(markdown(f"## {heading}"))
        if content.startswith("<"):
            text = "f" * ("{1/0}" in content) + repr(content)
            cells.append(new_code_cell(f"from IPython.display import HTML\nHTML({text})"))
        else:
            cells[-1].source += f"\n\n{content}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(
        cells=cells, metadata={"kernelspec": kernel, "deck": {"title": "Wrong", "minutes": 1}}
    )


def markdown(text):
    return new_markdown_cell(text, metadata={"slideshow": {"slide_type": "slide"}})


@pytest.fixture(params=["export", pytest.param("rise", marks=SWEEP), pytest.param("classic", marks=SWEEP)])
def wrong(request, browser, tmp_path):
    """The slides with faults, and what was found in them."""
    slides = WRONG | (WRONG_EXPORTED if request.param == "export" else WRONG_LIVE)
    path = tmp_path / "20-wrong.ipynb"
    nbformat.write(notebook_of(slides), path)
    faults = Faults()
    with reading(browser, "1280x720", "light") as (page, *_):
        if request.param == "export":
            deck = Exported(page, export(tmp_path / "pages", path))
            deck.open(path.stem)
            deck.page.evaluate(LOSE)
            look_at_part(deck, read(path), faults, screenshots=None)
        else:
            with present(tmp_path, engine=request.param) as talk:
                deck = Live(page, talk, "light")
                deck.open(path.stem)
                look_at_part(deck, read(path), faults, screenshots=None)
    return slides, list(faults)


def test_what_is_wrong_is_found_and_named(wrong):
    slides, faults = wrong
    sources = [cell.source for cell in notebook_of(slides).cells]
    for heading, (content, problem) in slides.items():
        text = content or f"## {heading}"
        cell = next(n for n, source in enumerate(sources, 1) if repr(text) in source or text in source)
        where = rf"20-wrong\.ipynb, slide \d+ “{heading}”, cell {cell} \(.*\): "
        assert any(re.fullmatch(where + problem, fault) for fault in faults), "\n".join([heading, *faults])
    assert not [fault for fault in faults if "“Wrong”" in fault or "“Sound”" in fault]
