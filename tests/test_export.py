"""make slides: its pages in a real browser, from a folder and over HTTP, and what it says when it fails."""

import base64
import http.server
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import cache, partial
from importlib.resources import files
from itertools import product

import export
import nbformat
import psutil
import pytest
import talks
from bs4 import BeautifulSoup
from conftest import IN_PROCESSES, PATIENCE, ROOT, SLIDES, in_turn
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

pytestmark = pytest.mark.timeout(300)  # seconds; the first test exports all parts, or waits for them

SVG = (
    '<svg viewBox="0 0 9 2"{about}><style>rect {{ fill: #0072b2 }}</style><rect width="9" height="2"/></svg>'
)
PICTURE = SVG.format(about=' role="img" aria-label="Two full lanes"')
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

LEAST_ON_PHONE = 14  # px; test_slides.py looks at the sizes of a projector
LINKS = 44  # px at the bottom of the page, where the links between parts are

# Every text of the current slide: where it is and how large, in px of the window.
TEXTS = r"""() => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale(), texts = [];
  slide.querySelectorAll(".fragment").forEach((fragment) => fragment.classList.add("visible"));
  const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement, box = element.closest("pre"), style = getComputedStyle(element);
    const unseen = "aside.notes, style, title, details:not([open]) > :not(summary)";
    if (!node.data.trim() || element.closest(unseen)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const rects = [...range.getClientRects()].filter((rect) => rect.width && rect.height);
    if (!rects.length) continue;
    const drawn = element.closest("svg");
    texts.push({
      text: node.data.trim().slice(0, 40),
      kind: drawn ? "picture" : /mono/.test(style.fontFamily) ? "code" : "text",
      size: parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : scale),
      left: Math.min(...rects.map((rect) => rect.left)),
      right: Math.max(...rects.map((rect) => rect.right)),
      bottom: Math.max(...rects.map((rect) => (box ? Math.min(rect.bottom, box.getBoundingClientRect().bottom)
                                                   : rect.bottom))),
    });
  }
  return texts;
}"""


# --- what is exported ------------------------------------------------------------------------------------


def markdown(text, slide_type="slide"):
    return new_markdown_cell(text, metadata={"slideshow": {"slide_type": slide_type}})


def write(folder, name, *cells, title="A part", minutes=2):
    """A notebook in the folder whose first cell is a heading."""
    deck = {"title": title, "minutes": minutes}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[markdown(f"# {title}"), *cells], metadata={"deck": deck}), path)
    return path


ROWS = """\
import time
for i in range(3):
    print("row", i, flush=True)
    time.sleep(0.1)"""
KERNEL = """\
import os, sys, watchdog
open("made", "w").close()
print(sys.executable, os.environ["DECK_EXPORT"])"""
HTML = """\
from IPython.display import HTML, SVG
HTML(f'<figure class="picture">{picture}</figure>')"""
QUESTION = """\
## Your guess

| | |
|---|---|
| **A** | two at a time |
| **B** | one at a time. |"""
RESULT = """\
<div class="result" data-measured="1.0 ran at a time"{more}>
<p class="state recorded">Recorded</p><p class="prediction" hidden></p>{picture}</div>"""
LINKS_TO_PARTS = '<a href="15-second.html">Second</a> <a href="99-absent.html">Absent</a>'


def tuned():
    """The controls of a demo and its results, as deck.tune() shows them."""
    choices = {"mechanism": ["threads", "processes"], "workers": ["1", "2", "4"], "interval": ["1", "5"]}
    form = "".join(
        f'<fieldset data-option="{option}" data-keys="{" ".join(map(str, values))}"><legend>{option}</legend>'
        + "".join(
            f'<label><input type="radio" name="{option}" value="{value}"{" checked" * (value == values[0])}>'
            f" {value}</label>"
            for value in values
        )
        + "</fieldset>"
        for option, values in choices.items()
    )
    results = "".join(
        RESULT.format(
            picture=" ".join(values),
            more=f" data-options='{json.dumps(dict(zip(choices, values, strict=True)))}'"
            + " hidden" * (number > 0),
        )
        for number, values in enumerate(product(*choices.values()))
    )
    return f'<form class="tune" data-demo="x">{form}</form>{results}'


def html(text):
    """A cell with this output, whose code is not to be seen."""
    return new_code_cell(
        f"from IPython.display import HTML\nHTML({text!r})", metadata={"tags": [talks.AT_ONCE]}
    )


class Exported:
    """The pages of two small notebooks and of the real ones, replayed; made in a folder with spaces."""

    def __init__(self, folder):
        self.folder, self.home, self.cwd = folder, folder / "home", folder / "somewhere"
        self.output = folder / "the pages"
        for path in (self.home, self.cwd):
            path.mkdir()
        kernel = self.home / "kernels/python3/kernel.json"  # the user's own python3: not this one
        kernel.parent.mkdir(parents=True)
        kernel.write_text('{"argv": ["false"], "display_name": "", "language": "python"}')
        first = write(
            folder / "small ones",
            "10-first",
            markdown("**Say.** Good morning.\n\nMinutes: 1.5", "notes"),
            markdown("## Live\n\n> One claim.\n\n| a | b |\n|:--|--:|\n| `x` | 2 |\n\n![A dot](dot.png)"),
            new_code_cell(ROWS),
            markdown("**Say.** Look.", "notes"),
            markdown("More", "fragment"),
            markdown("## Below", "subslide"),
            new_code_cell(KERNEL),
            markdown("not shown", "skip"),
            markdown(QUESTION),
            markdown("## Between"),
            html(LINKS_TO_PARTS),
            markdown("## The answer"),
            html(RESULT.format(picture=PICTURE, more="")),
            title="First & foremost",
            minutes=1,
        )
        second = write(
            folder / "small ones",
            "15-second",
            markdown("## A picture"),
            new_code_cell(f"picture = {PICTURE!r}", metadata={"slideshow": {"slide_type": "skip"}}),
            new_code_cell(HTML),
            markdown("## Another"),
            new_code_cell("SVG(picture)"),
            markdown("## The room"),
            new_code_cell("from deck import room\nroom()"),
            markdown(QUESTION.replace("Your", "Another")),
            markdown(QUESTION.replace("Your", "A last")),
            markdown("## Tuned"),
            html(tuned()),
            title="Second",
            minutes=2.5,
        )
        (folder / "small ones" / "dot.png").write_bytes(base64.b64decode(PNG))
        self.notebooks = [first, second, *sorted(SLIDES.glob("*.ipynb"))]
        environment = {"HOME": str(self.home), "JUPYTER_PATH": str(self.home), "REPLAY": "1"}
        self.done = subprocess.run(
            [sys.executable, SLIDES / "export.py", *self.notebooks, "--output", self.output],
            cwd=self.cwd, env=os.environ | environment, capture_output=True, text=True, timeout=280,
        )  # fmt: skip
        assert self.done.returncode == 0, self.done.stderr

    @property
    def parts(self):
        return [self.output / f"{notebook.stem}.html" for notebook in self.notebooks]

    @property
    def talk(self):
        """The page that holds every part."""
        return self.output / "talk.html"

    @property
    def decks(self):
        return [*self.parts, self.talk]

    @property
    def sample(self):
        """Each slide once: of the small parts, and of the whole talk."""
        return [*self.parts[:2], self.talk]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return once(tmp_path_factory)


def once(tmp_path_factory):
    """The export, made by the first process that asks for it: also test_slides.py looks at its pages."""
    place = tmp_path_factory.getbasetemp()
    place = place.parent if IN_PROCESSES else place
    with in_turn(place / "export.lock"):
        if not (made := place / "exported").exists():
            (folder := place / "with spaces in it").mkdir()
            made.write_bytes(pickle.dumps(vars(Exported(folder))))
        exported = Exported.__new__(Exported)
        vars(exported).update(pickle.loads(made.read_bytes()))
        return exported


@cache  # the pages do not change
def soup(page):
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


# --- how it is read --------------------------------------------------------------------------------------


@contextmanager
def reading(browser, width=1280, height=720, **options):
    """A page in a window of its own, the addresses it asks for, and what the browser complains about."""
    with browser.new_context(viewport={"width": width, "height": height}, **options) as context:
        context.set_default_timeout(PATIENCE * 1000)
        requests, complaints = [], []
        context.on("request", lambda request: requests.append(request.url))
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context.new_page(), requests, complaints


def show(page, url):
    page.goto(url)
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")


def go(page, name):
    """Show the slide with this name, by its address."""
    page.evaluate("name => { location.hash = `#/${name}` }", name)
    at(page, name)


def at(page, name):
    page.wait_for_function(
        "name => window.Reveal?.isReady() && Reveal.getCurrentSlide().id === name", arg=name
    )


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def each_slide(page):
    """Show one slide after the other; their numbers, from 1."""
    for index in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate("i => Reveal.slide(...Object.values(Reveal.getIndices(Reveal.getSlides()[i])))", index)
        yield index + 1


@pytest.fixture(scope="module")
def server(exported):
    """The pages over HTTP, and every path that was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            asked.append(self.path)

    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=exported.output)
    ) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}", asked
        served.shutdown()


# --- the pages -------------------------------------------------------------------------------------------


def test_each_part_has_its_page_and_a_line_of_progress(exported):
    assert set(exported.output.iterdir()) == {exported.output / "index.html", *exported.decks}
    *lines, talk, index = exported.done.stdout.splitlines()
    assert [talk, index] == [str(exported.talk), str(exported.output / "index.html")]
    assert re.fullmatch(r"what is to be compiled: \d+\.\d s", lines.pop(0))
    for notebook, line in zip(exported.notebooks, lines, strict=True):
        assert re.fullmatch(rf"{notebook.name}  .+: \d+ cells, \d+ slides, \d+\.\d s", line)
    assert not exported.done.stderr


def test_nothing_is_written_but_the_pages(exported):
    assert [path.name for path in exported.home.rglob("*") if path.is_file()] == ["kernel.json"]
    assert not list(exported.cwd.iterdir())
    assert sorted(path.name for path in exported.folder.iterdir()) == [
        "home", "small ones", "somewhere", "the pages",
    ]  # fmt: skip


def test_a_page_shows_what_the_cells_did_here(exported):
    page = soup(exported.output / "10-first.html")
    outputs = [pre.get_text() for pre in page.select(".jp-OutputArea-output > pre")]
    assert outputs == ["row 0\nrow 1\nrow 2\n", f"{sys.executable} 1\n"]
    assert "not shown" not in page.get_text()
    assert not page.select(".jp-InputPrompt, .jp-OutputPrompt")


def closing(html):
    return BeautifulSoup(html, "html.parser").select(".slides > section > section")[-1].get_text(" ")


def test_the_closing_slide_names_the_machine(exported):
    for deck in exported.decks:
        text = closing(deck.read_text(encoding="utf-8"))
        assert "Replayed" in text
        assert export.machine()["cpu"] in text
        assert time.strftime("%Y") in text
    talk = talks.of(exported.notebooks[:1])
    sections = {part.stem: export.slides(part) for part in talk.parts}
    live = export.written(talk, sections, {"replay": False, "facts": {"Cores": "7 or 8"}})
    for name in ("10-first.html", "talk.html"):
        assert "Measured on this machine" in closing(live[name])
        assert "7 or 8" in closing(live[name])


def sections(page):
    return soup(page).select(".slides > section > section")


def test_the_whole_talk_is_one_page_with_the_slides_of_every_part(exported):
    apart = [section for part in exported.parts for section in sections(part) if section["id"] != "measured"]
    *together, measured = sections(exported.talk)
    assert [section["id"] for section in together] == [section["id"] for section in apart]
    assert measured["id"] == "measured"
    for one, other in zip(together, apart, strict=True):
        assert one.find_all(["pre", "svg"]) == other.find_all(["pre", "svg"])  # cells ran once


def test_a_slide_has_a_name_and_its_time(exported):
    ids = [section["id"] for section in sections(exported.parts[0])]
    assert ids == [*(f"10-first-{number}" for number in range(1, 7)), "measured"]
    timings = [section.get("data-timing") for section in sections(exported.parts[0])]
    assert timings == ["90", "0", "0", "0", "0", "0", None]


def test_links_between_parts_stay_in_the_page_that_has_all(exported):
    (link,) = soup(exported.talk).select('[id="10-first-5"] a')
    assert (link["href"], link.get_text()) == ("#/15-second-1", "Second")
    (link,) = soup(exported.parts[0]).select('[id="10-first-5"] a')
    assert link["href"] == "15-second.html"


def test_code_that_runs_at_once_is_not_shown(exported):
    page = soup(exported.parts[1])
    codes = [code.get_text() for code in page.select(".jp-InputArea-editor")]
    assert codes and not any("room" in code for code in codes)
    assert "Cores we may use" in page.get_text()


def test_the_fonts_are_in_the_page(exported, browser):
    for file in (exported.output / "index.html", exported.talk):
        with reading(browser) as (page, *_):
            page.goto(file.as_uri())
            page.evaluate("document.fonts.ready")
            faces = page.evaluate("[...document.fonts].map(({ family, status }) => family + ' ' + status)")
            assert '"Source Sans Pro" loaded' in faces or "Source Sans Pro loaded" in faces
            assert not [face for face in faces if "error" in face]


def test_the_index_lists_every_part_and_the_machine(exported):
    index = soup(exported.output / "index.html")
    rows = [" ".join(row.get_text(" ").split()) for row in index.select("ol > li")]
    for part, row in zip(exported.parts, rows, strict=True):
        assert f", {len(sections(part)) - 1} slides" in row
    assert rows[0].startswith("First & foremost 1 minute, 6 slides")
    assert rows[1].startswith("Second 2.5 minutes")
    assert export.machine()["cpu"] in index.get_text()


def test_links_between_parts_lead_somewhere(exported):
    for page in exported.output.iterdir():
        targets = [link["href"] for link in soup(page).select("a[href]")]
        for target in targets:
            there = target.startswith("https://") or (exported.output / target).is_file()
            assert there or soup(page).find(id=target.removeprefix("#/")), target
        if page in exported.parts:
            assert "index.html" in targets
    assert "talk.html" in [link["href"] for link in soup(exported.output / "index.html").select("a")]
    first, second = (soup(part) for part in exported.parts[:2])
    assert first.select_one("nav [rel=next]")["href"] == exported.parts[1].name
    assert second.select_one("nav [rel=prev]")["href"] == exported.parts[0].name


def test_nothing_in_a_page_names_another_place_to_load_from(exported):
    for page in exported.output.iterdir():
        assert soup(page).select_one("link[rel=icon]")  # else a browser asks the server for favicon.ico
        for tag in soup(page).select("script, link, img, image, use, iframe, source, video, audio, object"):
            for attribute in ("src", "href", "data", "srcset", "xlink:href"):
                assert tag.get(attribute, "data:").startswith(("data:", "#")), tag
        for style in soup(page).select("style"):
            assert "@import" not in style.get_text()
            targets = re.findall(r"url\(['\"]?([^)]*)", style.get_text())
            assert all(target.startswith("data:") for target in targets)


def test_every_picture_has_words(exported):
    pictures = [picture for page in exported.parts for picture in soup(page).select("img, svg")]
    words = [picture.get("alt") or picture.get("aria-label") for picture in pictures]
    assert all(words) and export.NO_ALT not in words
    assert words[:4] == ["A dot", *["Two full lanes"] * 3]


def test_a_screen_reader_can_read_a_page(exported, browser):
    with reading(browser) as (page, *_):
        for deck in exported.decks:
            show(page, deck.as_uri())
            assert page.get_attribute("html", "lang") == "en"
            assert page.title().endswith(talks.TITLE)
            assert page.get_attribute(".reveal", "role") is None
        page.goto((exported.output / "index.html").as_uri())
        assert page.title() == talks.TITLE


AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")


def violations(page):
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [(fault["id"], node["html"][:200]) for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("look", ["light", pytest.param("dark", marks=pytest.mark.sweep)])
def test_nothing_in_a_page_hinders_anybody(exported, browser, look):
    with reading(browser, color_scheme=look) as (page, *_):
        page.goto((exported.output / "index.html").as_uri())
        assert violations(page) == []
        show(page, exported.talk.as_uri())
        press(page, "m")  # the map of all slides
        assert violations(page) == []
        for part, name, key in [(0, "10-first-4", "b"), (1, "15-second-7", "4"), (1, "measured", "?")]:
            show(page, exported.parts[part].as_uri())
            go(page, name)
            press(page, key)
            assert violations(page) == [], f"{name}, {key}"


# --- in the browser --------------------------------------------------------------------------------------


def sample(*each):
    """Parameters for the two small parts, and for the whole talk, which takes long: in make test-all."""
    *small, talk = each
    return [*small, pytest.param(*talk, marks=pytest.mark.sweep, id="talk")]


@pytest.mark.parametrize(("number", "key"), sample((0, "ArrowRight"), (1, "Space"), (2, "PageDown")))
def test_every_slide_is_reached_without_a_request_or_complaint(exported, browser, number, key):
    """test_slides.py goes through the real slides, too."""
    deck = exported.sample[number]
    with reading(browser) as (page, requests, complaints):
        show(page, deck.as_uri())
        seen, last = [1], page.evaluate("Reveal.getTotalSlides()")
        while len(seen) < 1000 and not page.evaluate("Reveal.isLastSlide()"):
            page.keyboard.press(key)
            seen.append(page.evaluate("Reveal.getSlidePastCount() + 1"))
        assert sorted(set(seen)) == list(range(1, last + 1))
        assert_alone(deck, requests, complaints)


def assert_alone(deck, requests, complaints):
    """The page asked for nothing but itself, and the browser had nothing to complain about."""
    assert [url for url in requests if not url.startswith("data:font")] == [deck.as_uri()]
    assert complaints == []


def test_a_server_is_asked_for_the_page_alone(exported, browser, server):
    url, asked = server
    for page_file in [*exported.sample, exported.output / "index.html"]:
        asked.clear()
        with reading(browser) as (page, requests, complaints):
            page.goto(f"{url}/{page_file.name}")
            page.wait_for_timeout(200)
            assert asked == [f"/{page_file.name}"]
            assert [url for url in requests if not url.startswith("data:font")] == [f"{url}/{page_file.name}"]
            assert complaints == []


def test_the_policy_stops_what_is_not_in_the_page(exported, browser, server):
    for page_file in exported.output.iterdir():
        policy = soup(page_file).select_one("meta[http-equiv]")["content"]
        assert policy.startswith("default-src 'none'; ")
        assert not re.search("unsafe-inline|unsafe-eval|http|[*]", policy)
    url, asked = server
    with reading(browser) as (page, _, complaints):
        show(page, exported.parts[0].as_uri())
        asked.clear()
        page.evaluate(INTRUDE, f"{url}/intruder.png")
        assert page.evaluate("window.ran") is None
        assert page.evaluate("getComputedStyle(document.querySelector('#styled')).color") != "rgb(1, 2, 3)"
        page.wait_for_timeout(200)
        assert asked == []
        assert len([complaint for complaint in complaints if "Content Security Policy" in complaint]) == 3


INTRUDE = """(address) => {
  const script = document.createElement("script"), image = document.createElement("img");
  script.textContent = "window.ran = true";
  image.src = address;
  document.body.append(script, image);
  document.body.insertAdjacentHTML("beforeend", "<p id='styled' style='color: rgb(1, 2, 3)'>x</p>");
}"""


@pytest.mark.parametrize("where", ["file", "http"])
def test_the_speaker_view_shows_the_notes(exported, browser, server, where):
    url = exported.parts[0].as_uri() if where == "file" else f"{server[0]}/{exported.parts[0].name}"
    with reading(browser) as (page, _, complaints):
        show(page, url)
        with page.expect_popup() as popup:
            page.keyboard.press("s")
        notes = popup.value.locator(".speaker-controls-notes .value")
        notes.get_by_text("Good morning.").wait_for()
        minutes = popup.value.locator(".pacing .minutes-value")
        minutes.get_by_text(":01").wait_for()  # of the first slide's one and a half
        page.keyboard.press("ArrowRight")
        notes.get_by_text("Look.").wait_for()
        frames = popup.value.frames[1:]
        assert len(frames) == 2
        frames[0].locator("section.present h2", has_text="Live").wait_for()
        assert complaints == []


def test_a_printed_page_holds_one_slide(exported, browser):
    for part in exported.sample:
        with reading(browser, color_scheme="dark") as (page, _, complaints):
            page.goto(f"{part.as_uri()}?print-pdf")
            page.locator(".pdf-page").last.wait_for()
            pdf = page.pdf(prefer_css_page_size=True, print_background=True)
            slides = len(sections(part))
            assert len(re.findall(rb"/Type /Page\b", pdf)) == slides  # more: a slide does not fit its page
            assert set(re.findall(rb"/MediaBox \[(.+?)\]", pdf)) == {b"0 0 960 540"}  # points: 1280 by 720 px
            assert not page.locator("nav").is_visible()
            assert page.evaluate(PAPER) == "rgb(255, 255, 255)"  # light, whatever the system has
            assert complaints == []


@pytest.mark.parametrize(["number"], sample([0], [1], [2]))
def test_a_phone_shows_readable_slides(exported, browser, number):
    with reading(browser, width=390, height=760) as (page, *_):
        show(page, exported.sample[number].as_uri())
        for slide in each_slide(page):
            for text in page.evaluate(TEXTS):
                where = f"slide {slide}: {text}"
                if text["kind"] == "text":
                    assert text["right"] <= 390 and text["size"] >= LEAST_ON_PHONE, where
                assert text["bottom"] <= 760 - LINKS, where


def test_a_phone_shows_the_index(exported, browser):
    with reading(browser, width=390, height=760) as (page, *_):
        page.goto((exported.output / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_slides_are_numbered_within_their_part(exported, browser):
    def number(page):
        return page.locator(".slide-number").inner_text()

    with reading(browser) as (page, _, complaints):
        for file in ("15-second.html", "talk.html"):
            show(page, (exported.output / file).as_uri())
            for name, expected in [("15-second-1", "1 / 7"), ("15-second-7", "7 / 7"), ("measured", "–")]:
                go(page, name)
                assert number(page) == expected
        go(page, "10-first-3")  # a slide below another
        assert number(page) == "3 / 6"
        page.goto(f"{exported.talk.as_uri()}?print-pdf")
        page.locator(".pdf-page").last.wait_for()
        numbers = page.locator(".slide-number-pdf")
        assert numbers.all_inner_texts()[5:8] == ["6 / 6", "1 / 7", "2 / 7"]
        assert complaints == []


def test_the_keyboard_leads_from_part_to_part(exported, browser):
    def follow(page, words):
        for _ in range(60):
            page.keyboard.press("Tab")
            if words in page.evaluate("document.activeElement.closest('a')?.textContent ?? ''"):
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"no Tab leads to {words}")

    with reading(browser) as (page, *_):
        page.goto((exported.output / "index.html").as_uri())
        follow(page, "First & foremost")
        at(page, "10-first-1")
        follow(page, "Second")
        at(page, "15-second-1")
        follow(page, "All parts")
        page.wait_for_url("**/index.html")


# --- keys ------------------------------------------------------------------------------------------------


def test_steps_lead_through_the_pages_of_the_parts(exported, browser):
    with reading(browser) as (page, _, complaints):
        show(page, f"{exported.parts[0].as_uri()}#/measured")
        press(page, "PageDown")
        at(page, "15-second-1")
        press(page, "PageUp")
        at(page, "measured")
        press(page, "Backspace", "Home", "n")
        at(page, "15-second-1")
        press(page, "End")
        at(page, "measured")
        press(page, "p")
        at(page, "10-first-1")
        press(page, "p", "ArrowLeft")  # there is nothing before
        at(page, "10-first-1")
        assert complaints == []


def test_the_whole_talk_has_the_same_keys(exported, browser):
    with reading(browser) as (page, _, complaints):
        show(page, exported.talk.as_uri())
        for key, name in [
            ("n", "15-second-1"),
            ("ArrowLeft", "10-first-6"),
            ("Home", "10-first-1"),
            ("End", "10-first-6"),
            ("ArrowDown", "15-second-1"),
            ("ArrowRight", "15-second-2"),
            ("p", "10-first-1"),
            ("p", "10-first-1"),
            ("Shift+Space", "10-first-1"),
        ]:
            press(page, key)
            at(page, name)
        page.wait_for_url("**/talk.html#/10-first-1")  # reveal.js writes the address a second late
        assert complaints == []


@pytest.mark.parametrize("file", ["10-first.html", "talk.html"])
def test_the_map_leads_to_every_slide_and_part(exported, browser, file):
    with reading(browser) as (page, _, complaints):
        show(page, (exported.output / file).as_uri())
        go(page, "10-first-2")
        press(page, "m")
        titles = page.locator("#map .parts a").all_text_contents()
        assert titles[:2] == ["First & foremost", "Second"]
        assert len(titles) == len(exported.parts)
        slides = page.locator("#map .slides-of-part a").all_text_contents()
        assert slides[:6] == ["First & foremost", "Live", "Below", "Your guess", "Between", "The answer"]
        press(page, "ArrowDown", "ArrowDown", "ArrowUp", "Enter")
        at(page, "10-first-3")
        assert not page.locator("#map").is_visible()
        press(page, "m", "ArrowRight", "Escape")
        assert not page.locator("#map").is_visible()
        at(page, "10-first-3")
        page.get_by_role("button", name="Map").click()
        page.locator("#map").get_by_text("Second").click()
        at(page, "15-second-1")
        assert complaints == []


def test_the_help_lists_the_keys_that_there_are(exported, browser):
    with reading(browser) as (page, *_):
        show(page, exported.talk.as_uri())
        press(page, "?")
        keys = page.locator("#help kbd").all_text_contents()
        named = {"→": "ArrowRight", "←": "ArrowLeft", "Page ↓": "PageDown", "Page ↑": "PageUp"}
        known = page.evaluate("Object.keys(ACTIONS)")
        for key in set(keys) - {"Space", "Shift-Space", "Esc", *"ABCT19+−"}:
            assert named.get(key, key if len(key) > 1 else key.lower()) in known
        press(page, "?")
        assert not page.locator("#help").is_visible()


def test_other_keys_do_nothing(exported, browser):
    with reading(browser) as (page, _, complaints):
        show(page, exported.talk.as_uri())
        go(page, "15-second-2")
        before = page.evaluate("document.querySelector('.slides').innerHTML")
        press(page, *"acdegijkoqrtuvwxyz1234567890+-", "Enter", "Shift+Enter", "Escape", "Insert", "Delete")
        at(page, "15-second-2")
        assert page.evaluate("document.querySelector('.slides').innerHTML") == before
        assert page.evaluate("document.querySelectorAll('dialog[open]').length") == 0
        assert complaints == []


def test_a_blank_page_comes_back_with_any_key(exported, browser):
    with reading(browser) as (page, *_):
        show(page, exported.talk.as_uri())
        for blank, back in [(".", "."), ("b", "ArrowRight")]:
            press(page, blank)
            assert page.evaluate("Reveal.isPaused()")
            press(page, back)
            assert not page.evaluate("Reveal.isPaused()")
            at(page, "10-first-1")


PAPER = "getComputedStyle(document.body).backgroundColor"


def test_light_or_dark_is_the_systems_until_the_key(exported, browser):
    def is_dark(page):
        return page.evaluate(PAPER) != "rgb(255, 255, 255)"

    with reading(browser, color_scheme="dark") as (page, *_):
        show(page, exported.parts[0].as_uri())
        assert is_dark(page)
        page.emulate_media(color_scheme="light")
        assert not is_dark(page)
        press(page, "l")
        assert is_dark(page)
        press(page, "n")
        at(page, "15-second-1")
        assert is_dark(page)  # it is remembered
        press(page, "l")
        assert not is_dark(page)


def test_nothing_moves_for_those_who_do_not_want_it(exported, browser):
    with reading(browser, reduced_motion="reduce") as (page, *_):
        show(page, exported.talk.as_uri())
        for _ in range(4):
            press(page, "ArrowRight")
            assert page.evaluate("document.getAnimations().length") == 0


# --- questions and controls ------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["10-first.html", "talk.html"])
def test_an_answer_stands_beside_what_was_measured(exported, browser, file):
    with reading(browser) as (page, _, complaints):
        show(page, (exported.output / file).as_uri())
        prediction = page.locator("[id='10-first-6'] .prediction")
        go(page, "10-first-4")
        assert prediction.get_attribute("hidden") is not None
        press(page, "b")
        assert page.locator("tr.chosen").all_text_contents() == ["\nB\none at a time.\n"]
        said = "You said B, one at a time. Measured: 1.0 ran at a time."
        assert prediction.text_content() == said
        page.get_by_role("cell", name="two at a time").click()
        assert page.locator("tr[aria-selected=true] strong").all_text_contents() == ["A"]
        press(page, "z", "c")
        go(page, "10-first-6")
        assert prediction.is_visible()
        assert prediction.text_content() == said.replace("B, one", "A, two")
        other = {"10-first.html": "talk.html", "talk.html": "10-first.html"}[file]
        show(page, (exported.output / other).as_uri())  # it is remembered
        assert prediction.text_content() == said.replace("B, one", "A, two")
        assert complaints == []


def test_an_answer_goes_to_the_next_result_but_not_past_another_question(exported, browser):
    with reading(browser) as (page, *_):
        show(page, exported.parts[1].as_uri())
        predictions = page.locator("[id='15-second-7'] .prediction")
        go(page, "15-second-5")
        press(page, "a")
        assert set(predictions.all_text_contents()) == {""}
        go(page, "15-second-6")
        press(page, "b")
        assert [text[:10] for text in predictions.all_text_contents()] == ["You said B"] * 12


def test_controls_switch_between_the_recordings(exported, browser):
    def shown(page):
        """What the result that is seen was measured with: what the controls say."""
        chosen = page.locator("form.tune :checked").evaluate_all(
            "all => all.map(({ value }) => value).join(' ')"
        )
        assert page.locator(".result:visible").text_content().strip() == f"Recorded{chosen}"
        return chosen

    badge = "set => getComputedStyle(set, '::after').content"

    with reading(browser) as (page, _, complaints):
        show(page, exported.parts[1].as_uri())
        go(page, "15-second-7")
        assert shown(page) == "threads 1 1"
        assert page.locator("[data-option=workers]").evaluate(badge) == '"1 2 4"'
        for key, expected in [
            ("4", "threads 4 1"),
            ("3", "threads 4 1"),  # there is no such choice
            ("t", "processes 4 1"),
            ("+", "processes 4 5"),
            ("+", "processes 4 5"),
            ("-", "processes 4 1"),
            ("T", "threads 4 1"),
        ]:
            press(page, key)
            assert shown(page) == expected
        page.get_by_label("2").check()
        assert shown(page) == "threads 2 1"
        press(page, "ArrowRight")  # of the control, which has the focus
        assert shown(page) == "threads 4 1"
        press(page, "Enter", "PageUp")
        at(page, "15-second-6")
        assert complaints == []


# --- the emergency deck ----------------------------------------------------------------------------------

FRAME = """async (name) => {
  const blob = new Blob([await (await fetch("talk.html")).text()], { type: "text/html" });
  const frame = document.createElement("iframe");
  frame.src = URL.createObjectURL(blob) + `#/${name}`;
  document.body.replaceChildren(frame);
  await new Promise((loaded) => frame.addEventListener("load", loaded));
  frame.contentWindow.focus();
}"""


def test_the_whole_talk_works_as_a_blob_in_a_frame_of_the_stage(exported, browser, server):
    (exported.output / "stage.html").write_text("<link rel=icon href=data:,>")
    url, asked = server
    with reading(browser) as (page, _, complaints):
        page.goto(f"{url}/stage.html")
        (exported.output / "stage.html").unlink()
        page.evaluate(FRAME, "10-first-4")
        frame = page.frames[1]
        at(frame, "10-first-4")
        asked.clear()
        press(page, "b", "ArrowRight", "ArrowRight")
        at(frame, "10-first-6")
        assert "You said B" in frame.locator(".prediction").first.text_content()
        press(page, "m")
        frame.locator("#map").get_by_text("Second").click()
        at(frame, "15-second-1")
        press(page, "l", "End", "ArrowRight")
        assert asked == []
        assert complaints == []


# --- what is chosen --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice, words",
    [
        ({"TALK": "nowhere"}, "TALK=nowhere: no such route; there are "),
        ({"PARTS": "99"}, "PARTS: there is no part 99; there are "),
        ({"PARTS": "20", "TALK": "30min"}, "exclude each other"),
    ],
)
def test_a_wrong_choice_is_one_line(tmp_path, monkeypatch, capsys, choice, words):
    for name, value in choice.items():
        monkeypatch.setenv(name, value)
    assert export.main(["--output", str(tmp_path / "slides")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("make slides: ") and words in line
    assert not list(tmp_path.iterdir())


def test_a_choice_decides_what_is_written(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(export, "export", lambda talk, output: written.append(talk))
    monkeypatch.setenv("PARTS", "20 00")
    assert export.main(["--output", str(tmp_path)]) == 0
    monkeypatch.delenv("PARTS")
    monkeypatch.setenv("TALK", "30min")
    assert export.main(["--output", str(tmp_path)]) == 0
    assert [talk.name for talk in written] == ["20-gil 00-welcome", "30min"]


# --- when it fails ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, reason",
    [
        ("raise ValueError('no such\\nthing')\n1", ": ValueError: no such thing"),
        ("import os\nos.kill(os.getpid(), 9)", ": the kernel died"),
        ("while True:\n    pass", ": not done after 1 s"),
    ],
    ids=["raises", "dies", "hangs"],
)
def test_a_failing_cell_is_named_and_earlier_pages_stay(exported, source, reason):
    before = {path: path.read_bytes() for path in exported.folder.rglob("*.html")}
    path = write(exported.folder / "small ones", "20-bad", markdown("text"), new_code_cell(source))
    impatient = "import export, sys; export.CELL_SECONDS = 1; sys.exit(export.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", impatient, path, "--output", exported.output],
        env=os.environ | {"PYTHONPATH": str(SLIDES)}, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 1
    first_line = source.partition("\n")[0]
    assert done.stderr == f"make slides: 20-bad.ipynb, cell 3 ({first_line}){reason}\n"
    assert {path: path.read_bytes() for path in exported.folder.rglob("*.html")} == before
    test_nothing_is_written_but_the_pages(exported)
    assert not left_of(exported.folder)


def left_of(folder):
    """Processes that were started for an export into the folder: a kernel's command line names it."""
    return [process for process in psutil.process_iter(["cmdline"])
            if any(str(folder) in word for word in process.info["cmdline"] or ())]  # fmt: skip


def test_ctrl_c_says_so_and_leaves_nothing(tmp_path):
    sleeper = f"import subprocess, sys, time; time.sleep(99)  # {tmp_path}"
    start = f"subprocess.run([sys.executable, '-c', {sleeper!r}], start_new_session=True)"
    path = write(tmp_path, "10-long", new_code_cell(f"import subprocess, sys\n{start}"))
    run = subprocess.Popen(
        [sys.executable, SLIDES / "export.py", path, "--output", tmp_path / "slides"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip
    patience = time.monotonic() + 60
    while not any("time.sleep(99)" in " ".join(process.info["cmdline"]) for process in left_of(tmp_path)):
        assert run.poll() is None and time.monotonic() < patience
        time.sleep(0.1)
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130
    assert errors == "make slides: interrupted; the pages of an earlier run stay as they were\n"
    assert not left_of(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["10-long.ipynb"]


def test_a_ctrl_c_that_is_swallowed_ends_it_all_the_same(tmp_path):
    path = write(tmp_path, "10-long", new_code_cell("1"))
    swallow = """
import export, sys, time
export.AT_LAST = 1
def execute(*_):
    print("now", flush=True)
    try:
        time.sleep(99)
    except KeyboardInterrupt:
        time.sleep(99)
export.execute = execute
sys.exit(export.main(sys.argv[1:]))"""
    run = subprocess.Popen(
        [sys.executable, "-c", swallow, path, "--output", tmp_path / "slides"],
        env=os.environ | {"PYTHONPATH": str(SLIDES)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0,
    )  # fmt: skip
    assert any("now" in line for line in run.stdout)
    os.killpg(run.pid, signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert (run.returncode, errors) == (130, f"{export.INTERRUPTED}\n")
    assert not left_of(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["10-long.ipynb"]


@pytest.mark.parametrize(
    "cell, seen",
    [
        ("![](dot.png)", "the picture dot.png has no text alternative"),
        ("![A cat](cat.png)", "the picture cat.png is no file"),
        ("![A cat](https://a.org/cat.png)", "the picture https://a.org/cat.png is no file"),
        ({"image/png": PNG}, "the picture data:image/png;base64,iVBOR[^ ]* has no text alternative"),
        ({"image/svg+xml": SVG.format(about="")}, "the picture <svg [^>]*>.* has no text alternative"),
        ({"text/html": SVG.format(about=' role="img"')}, "the picture <svg [^>]*>.* has no text alternative"),
    ],
    ids=["no words", "no file", "elsewhere", "png", "svg", "html"],
)
def test_a_picture_without_words_or_file_is_an_error(tmp_path, cell, seen):
    if isinstance(cell, str):
        cell = markdown(cell)
    else:
        cell = new_code_cell("draw()", outputs=[new_output("display_data", data=cell)])
    part = talks.read(write(tmp_path, "10-picture", markdown("text"), cell))
    with pytest.raises(export.PartFailed, match=rf"^10-picture\.ipynb, cell 3 \(.*\): {seen}"):
        export.slides(part)


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("absent", None, "No such file or directory"),
        ("junk", "{", "not a notebook"),
    ],
)
def test_what_is_no_part_of_a_deck_is_refused(tmp_path, capsys, name, content, message):
    path = tmp_path / f"{name}.ipynb"
    if content:
        path.write_text(content)
    assert export.main([str(path), "--output", str(tmp_path / "slides")]) == 2
    assert re.fullmatch(rf"make slides: {re.escape(str(path))}: {message}.*\n", capsys.readouterr().err)


def test_a_folder_of_something_else_is_never_replaced(tmp_path, capsys):
    theirs = tmp_path / "thesis"
    theirs.mkdir()
    (theirs / "chapter.txt").write_text("years of work")
    assert export.main([str(write(tmp_path, "10-part")), "--output", str(theirs)]) == 2
    assert "is no earlier result" in capsys.readouterr().err
    assert (theirs / "chapter.txt").exists()


def test_reveal_js_is_not_copied_into_the_repository():
    assert not list((ROOT / "slides").rglob("reveal*.js"))
    assert (export.reveal() / "dist/reveal.js").is_file()
