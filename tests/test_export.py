"""make slides: its pages in a real browser, from a folder and over HTTP, and what it says when it fails."""

import base64
import http.server
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial

import export
import nbformat
import psutil
import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, SLIDES
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

SVG = (
    '<svg viewBox="0 0 9 2"{about}><style>rect {{ fill: #0072b2 }}</style><rect width="9" height="2"/></svg>'
)
PICTURE = SVG.format(about=' role="img" aria-label="Two full lanes"')
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

LEAST_TEXT, LEAST_CODE, LEAST_IN_PICTURE = 24, 20, 16  # px on a slide of 1280 by 720
LEAST_ON_PHONE = 14
LINKS = 44  # px at the bottom of the page, where the links between parts are
LEAST_CONTRAST = 4.5  # WCAG AA

# Every text of the current slide: where it is and how large, in px of the window; how it stands out.
TEXTS = r"""() => {
  const slide = Reveal.getCurrentSlide(), scale = Reveal.getScale(), texts = [];
  const colour = (css) => css.match(/[\d.]+/g).map(Number);
  const channel = (c) => ((c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const found = colour(getComputedStyle(element).backgroundColor);
      if (found.length < 4 || found[3] === 1) return found;
    }
    return [255, 255, 255];
  };
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
    const [a, b] = [light(colour(drawn ? style.fill : style.color)), light(behind(drawn || element))];
    texts.push({
      text: node.data.trim().slice(0, 40),
      kind: drawn ? "picture" : /mono/.test(style.fontFamily) ? "code" : "text",
      size: parseFloat(style.fontSize) * (drawn ? element.getScreenCTM().a : scale),
      left: Math.min(...rects.map((rect) => rect.left)),
      right: Math.max(...rects.map((rect) => rect.right)),
      bottom: Math.max(...rects.map((rect) => (box ? Math.min(rect.bottom, box.getBoundingClientRect().bottom)
                                                   : rect.bottom))),
      cut: Boolean(box) && box.scrollWidth > box.clientWidth + 1,
      contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05),
    });
  }
  return texts;
}"""

BOXES = """() => [...Reveal.getCurrentSlide().querySelectorAll("img, svg, table")]
  .map((picture) => picture.getBoundingClientRect().toJSON())"""


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
            markdown("**Say.** Good morning.", "notes"),
            markdown("## Live\n\n> One claim.\n\n| a | b |\n|:--|--:|\n| `x` | 2 |\n\n![A dot](dot.png)"),
            new_code_cell(ROWS),
            markdown("**Say.** Look.", "notes"),
            markdown("More", "fragment"),
            markdown("## Below", "subslide"),
            new_code_cell(KERNEL),
            markdown("not shown", "skip"),
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
            title="Second",
            minutes=2.5,
        )
        (folder / "small ones" / "dot.png").write_bytes(base64.b64decode(PNG))
        self.notebooks = [first, second, *sorted(SLIDES.glob("*.ipynb"))]
        environment = {"HOME": str(self.home), "JUPYTER_PATH": str(self.home), "REPLAY": "1"}
        self.done = subprocess.run(
            [sys.executable, SLIDES / "export.py", *self.notebooks, "--output", self.output],
            cwd=self.cwd, env=os.environ | environment, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
        assert self.done.returncode == 0, self.done.stderr

    @property
    def parts(self):
        return [self.output / f"{notebook.stem}.html" for notebook in self.notebooks]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return Exported(tmp_path_factory.mktemp("with spaces in it"))


def soup(page):
    return BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")


# --- how it is read --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(chromium):
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        sandbox = os.geteuid() != 0  # Chromium refuses to have one for root
        with playwright.chromium.launch(
            executable_path=chromium, args=quiet, chromium_sandbox=sandbox
        ) as browser:
            yield browser


@contextmanager
def reading(browser, width=1280, height=720):
    """A page in a window of its own, the addresses it asks for, and what the browser complains about."""
    with browser.new_context(viewport={"width": width, "height": height}) as context:
        context.set_default_timeout(20_000)
        requests, complaints = [], []
        context.on("request", lambda request: requests.append(request.url))
        context.on("console", lambda message: complaints.append(message.text))
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        yield context.new_page(), requests, complaints


def show(page, url):
    page.goto(url)
    page.wait_for_function("() => window.Reveal && Reveal.isReady()")


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
    assert set(exported.output.iterdir()) == {exported.output / "index.html", *exported.parts}
    *lines, last = exported.done.stdout.splitlines()
    assert last == str(exported.output / "index.html")
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
    for part in exported.parts:
        text = closing(part.read_text(encoding="utf-8"))
        assert "Replayed" in text
        assert export.machine()["cpu"] in text
        assert time.strftime("%Y") in text
    live = export.page(export.read(exported.notebooks[0]), context(replay=False, facts={"Cores": "7 or 8"}))
    assert "Measured on this machine" in closing(live)
    assert "7 or 8" in closing(live)


def context(**run):
    return {"talk": "Talk", "run": run, "previous": None, "next": None}


def test_the_index_lists_every_part_and_the_machine(exported):
    index = soup(exported.output / "index.html")
    rows = [row.get_text(" ", strip=True) for row in index.select("ol > li")]
    for part, row in zip(exported.parts, rows, strict=True):
        assert f", {len(soup(part).select('.slides > section > section'))} slides" in row
    assert rows[0].startswith("First & foremost 1 minute, 4 slides")
    assert rows[1].startswith("Second 2.5 minutes")
    assert export.machine()["cpu"] in index.get_text()


def test_links_between_parts_lead_somewhere(exported):
    for page in exported.output.iterdir():
        targets = [link["href"] for link in soup(page).select("a[href]")]
        for target in targets:
            assert target.startswith("https://") or (exported.output / target).is_file(), target
        if page.name != "index.html":
            assert "index.html" in targets
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
    assert words[:3] == ["A dot", "Two full lanes", "Two full lanes"]


def test_a_screen_reader_can_read_a_page(exported, browser):
    with reading(browser) as (page, *_):
        for part in exported.parts:
            show(page, part.as_uri())
            assert page.get_attribute("html", "lang") == "en"
            assert page.title().endswith(export.TALK)
            assert page.get_attribute(".reveal", "role") is None
        page.goto((exported.output / "index.html").as_uri())
        assert page.title() == export.TALK


# --- in the browser --------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["ArrowRight", "Space"])
def test_every_slide_is_reached_without_a_request_or_complaint(exported, browser, key):
    for part in exported.parts:
        with reading(browser) as (page, requests, complaints):
            show(page, part.as_uri())
            seen, last = [1], page.evaluate("Reveal.getTotalSlides()")
            while len(seen) < 100 and not page.evaluate("Reveal.isLastSlide()"):
                page.keyboard.press(key)
                seen.append(page.evaluate("Reveal.getSlidePastCount() + 1"))
            assert sorted(set(seen)) == list(range(1, last + 1))
            assert requests == [part.as_uri()]
            assert complaints == []


def test_a_server_is_asked_for_the_page_alone(exported, browser, server):
    url, asked = server
    for page_file in exported.output.iterdir():
        asked.clear()
        with reading(browser) as (page, requests, complaints):
            page.goto(f"{url}/{page_file.name}")
            page.wait_for_timeout(200)
            assert asked == [f"/{page_file.name}"]
            assert len(requests) == 1
            assert complaints == []


def test_the_policy_stops_what_is_not_in_the_page(exported, browser, server):
    for page_file in (exported.output / "index.html", *exported.parts):
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
        assert not popup.value.locator(".pacing-title").is_visible()  # hidden by a style attribute
        page.keyboard.press("ArrowRight")
        notes.get_by_text("Look.").wait_for()
        frames = popup.value.frames[1:]
        assert len(frames) == 2
        frames[0].locator("section.present h2", has_text="Live").wait_for()
        assert complaints == []


def test_a_printed_page_holds_one_slide(exported, browser):
    for part in exported.parts:
        with reading(browser) as (page, _, complaints):
            page.goto(f"{part.as_uri()}?print-pdf")
            page.locator(".pdf-page").last.wait_for()
            pdf = page.pdf(prefer_css_page_size=True, print_background=True)
            slides = len(soup(part).select(".slides > section > section"))
            assert len(re.findall(rb"/Type /Page\b", pdf)) == slides  # more: a slide does not fit its page
            assert set(re.findall(rb"/MediaBox \[(.+?)\]", pdf)) == {b"0 0 960 540"}  # points: 1280 by 720 px
            assert not page.locator("nav").is_visible()
            assert complaints == []


def test_text_fits_its_slide_and_can_be_read(exported, browser):
    with reading(browser) as (page, *_):
        for part in exported.parts:
            show(page, part.as_uri())
            for number in each_slide(page):
                texts = page.evaluate(TEXTS)
                assert texts
                for text in texts:
                    where = f"{part.name}, slide {number}: {text}"
                    assert text["left"] >= 0 and text["right"] <= 1280, where
                    assert text["bottom"] <= 720 - LINKS, where
                    assert not text["cut"], where
                    least = {"text": LEAST_TEXT, "code": LEAST_CODE, "picture": LEAST_IN_PICTURE}
                    assert text["size"] >= least[text["kind"]], where
                    assert text["contrast"] >= LEAST_CONTRAST, where
                for box in page.evaluate(BOXES):
                    assert box["right"] <= 1280, f"{part.name}, slide {number}: {box}"
                    assert box["bottom"] <= 720 - LINKS, f"{part.name}, slide {number}: {box}"


def test_a_phone_shows_readable_slides(exported, browser):
    with reading(browser, width=390, height=760) as (page, *_):
        for part in exported.parts:
            show(page, part.as_uri())
            for number in each_slide(page):
                for text in page.evaluate(TEXTS):
                    where = f"{part.name}, slide {number}: {text}"
                    if text["kind"] == "text":
                        assert text["right"] <= 390 and text["size"] >= LEAST_ON_PHONE, where
                    assert text["bottom"] <= 760 - LINKS, where
        page.goto((exported.output / "index.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_keyboard_leads_from_part_to_part(exported, browser):
    def follow(page, words):
        for _ in range(60):
            page.keyboard.press("Tab")
            if words in page.evaluate("document.activeElement.textContent"):
                page.keyboard.press("Enter")
                return
        raise AssertionError(f"no Tab leads to {words}")

    with reading(browser) as (page, *_):
        page.goto((exported.output / "index.html").as_uri())
        follow(page, "First & foremost")
        page.wait_for_url("**/10-first.html")
        follow(page, "Second")
        page.wait_for_url("**/15-second.html")
        follow(page, "All parts")
        page.wait_for_url("**/index.html")


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
    part = export.read(write(tmp_path, "10-picture", markdown("text"), cell))
    with pytest.raises(export.PartFailed, match=rf"^10-picture\.ipynb, cell 3 \(.*\): {seen}"):
        export.page(part, context(replay=False, facts={}))


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("absent", None, "No such file or directory"),
        ("junk", "{", "not a notebook"),
        ("untitled", nbformat.writes(new_notebook(cells=[markdown("x")])), 'its metadata needs "deck"'),
        ("hidden", nbformat.writes(new_notebook(cells=[markdown("x", "notes")])), "has no slide"),
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
