"""The speaker's window, in a browser: a second page of the same origin plays the stage."""

import http.server
import threading
from importlib.metadata import distribution
from pathlib import Path

import pytest
from conftest import PATIENCE, SLIDES

NOTES = """\
<p>Good morning first.</p>
<p><strong>Do:</strong> Shift-Enter.</p>
<p>Say: Each row is a <em>thread</em>.</p><ul><li>They take turns.</li></ul>
<p>If it surprises: Orange means no core.</p>
<p>Minutes: 1.5</p>"""
SLIDE = '<h2>Two processes</h2><p class="fragment">The same loop.</p>'
LAB = f"""\
<section id="slide-5-0" style="display: none"><div class="jp-Cell jp-MarkdownCell">
<div class="jp-InputArea"><div class="jp-InputPrompt">[1]:</div>
<div class="jp-InputArea-editor lm-mod-hidden">## Two processes</div>
<div class="jp-RenderedMarkdown">{SLIDE}</div></div></div>
<div class="jp-Cell jp-CodeCell at-once"><div class="jp-Cell-inputWrapper">drawing()</div></div></section>"""
CLASSIC = f"""\
<section id="slide-5-0" hidden><div class="cell text_cell rendered"><div class="prompt">In [1]:</div>
<div class="inner_cell"><div class="input_area">## Two processes</div>
<div class="text_cell_render">{SLIDE}</div></div></div>
<div class="cell code_cell at-once"><div class="input">drawing()</div></div></section>"""
EVIL = """\
<p onclick="parent.evil = 1">Say: Look.<img src="x" onerror="parent.evil = 2; window.evil = 2"></p>
<script>window.evil = parent.evil = 3</script><iframe srcdoc="<script>parent.evil = 4</script>"></iframe>
<a href="javascript:evil = 5">link</a>"""
NOON = 1_800_000_000_000  # ms; any moment
SIZES = [(900, 600), (1024, 640), (1366, 768)]
FONTS = distribution("sphinx-revealjs").locate_file(
    "sphinx_revealjs/_static/revealjs/dist/theme/fonts/source-sans-pro"
)
FOLDERS = [SLIDES / "stage", SLIDES / "theme", Path(str(FONTS))]


class Folder(http.server.SimpleHTTPRequestHandler):
    """What the stage's server has for this window, and an empty page to play the stage."""

    def translate_path(self, path):
        name = path.rpartition("/")[2]
        name += "" if "." in name else ".html"
        return str(next(file for folder in FOLDERS if (file := folder / name).exists()))

    def do_GET(self):
        if self.path != "/stage":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        return self.wfile.write(b"<!doctype html><link rel=icon href=data:,><title>The stage</title>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/stage"
        server.shutdown()


class Window:
    """The speaker's window, and the page that plays the stage."""

    def __init__(self, context, address):
        context.set_default_timeout(PATIENCE * 1000)
        self.complaints = []
        context.on("console", lambda message: self.complaints.append(message.text))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.stage, self.page = context.new_page(), context.new_page()
        self.stage.goto(address)
        self.stage.evaluate(
            """() => {
              window.heard = [];
              window.channel = new BroadcastChannel("stage");
              channel.addEventListener("message", ({ data }) => heard.push(data));
            }"""
        )
        self.page.add_init_script(f"Date.now = () => window.now ?? {NOON}")
        self.page.goto(f"{address}/speaker")
        self.stage.wait_for_function("heard.length")

    def say(self, **changes):
        """Post a state: that of a slide in the middle of a talk, but for the changes."""
        state = {
            "type": "state",
            "talk": {"title": "A talk", "minutes": 30},
            "part": {"name": "20-gil", "title": "The GIL", "number": 2, "count": 3},
            "slide": {"number": 5, "count": 8, "title": "Two threads", "fragmentsLeft": 2},
            "notes": NOTES,
            "next": {"title": "Two processes", "html": LAB},
            "time": {"started": NOON - 600_000, "now": NOON, "planned": 540, "slide": 90, "total": 1700},
            "kernel": "idle",
            "replay": "",
        }
        state |= changes
        self.stage.evaluate("state => channel.postMessage(state)", state)
        self.page.locator("#title", has_text=state["slide"]["title"]).wait_for()

    def later(self, milliseconds):
        self.page.evaluate("now => (window.now = now)", NOON + milliseconds)

    def text(self, id):
        return self.page.locator(f"#{id}").inner_text()

    def heard(self):
        return self.stage.evaluate("heard")


@pytest.fixture
def window(browser, address, request):
    width, height = getattr(request, "param", SIZES[0])
    with browser.new_context(viewport={"width": width, "height": height}, timezone_id="UTC") as context:
        window = Window(context, address)
        yield window
        assert window.complaints == []


def test_it_asks_for_the_state_and_shows_where_the_talk_is(window):
    assert window.heard() == [{"type": "hello"}]
    window.say()
    assert window.text("where") == "part 2 of 3, The GIL · slide 5 of 8"
    assert window.text("fragments") == "2 more steps on this slide"
    assert window.text("kernel") == "kernel: idle"
    assert window.text("replay") == ""
    window.say(
        kernel=None, replay="rhythm", slide={"number": 1, "count": 8, "title": "The GIL", "fragmentsLeft": 0}
    )
    window.page.locator("#replay", has_text="REPLAY, rhythm").wait_for()
    assert window.text("kernel") == "no kernel"
    assert window.text("fragments") == "No more steps on this slide"


def test_the_notes_are_set_apart_by_their_labels(window):
    window.say()
    sections = window.page.locator("#notes section")
    assert sections.evaluate_all(
        "all => all.map(one => [...one.querySelectorAll('h2, p, li')].map(text => text.textContent.trim()))"
    ) == [
        ["Say", "Good morning first."],
        ["Do", "Shift-Enter."],
        ["Say", "Each row is a thread.", "They take turns."],
        ["If it surprises", "Orange means no core."],
        ["Minutes", "1.5"],
    ]
    assert window.text("slide-time") == "1:30"


@pytest.mark.parametrize(
    "minutes, planned, left, pace",
    [
        (30, 540, "20:00", "on time"),  # 10 minutes are gone, 9 were planned, and the slide takes 1.5
        (30, 400, "20:00", "1:50 behind"),
        (30, 640, "20:00", "0:40 ahead"),
        (9, 540, "1:00 over", "on time"),
        (180, 540, "2:50:00", "on time"),
    ],
)
def test_the_times(window, minutes, planned, left, pace):
    window.say(
        talk={"title": "A talk", "minutes": minutes},
        time={"started": NOON - 600_000, "now": NOON, "planned": planned, "slide": 90, "total": 1700},
    )
    assert window.text("elapsed") == "10:00"
    assert window.text("left") == left
    assert window.text("left-of") == f"Left of {minutes} min"
    assert window.text("pace") == pace
    assert window.text("clock") == "08:00"


def test_a_talk_that_has_not_begun(window):
    window.say(time={"started": None, "now": NOON, "planned": 0, "slide": 30, "total": 1700})
    assert (window.text("elapsed"), window.text("left"), window.text("pace")) == (
        "0:00",
        "30:00",
        "not begun",
    )


def test_time_goes_on_when_the_stage_is_silent_and_the_window_says_so(window):
    window.say()
    window.later(2_900)
    window.page.locator("#elapsed", has_text="10:02").wait_for()
    assert window.text("silent") == ""
    window.later(60_000)
    window.page.locator("#silent", has_text="The stage is silent").wait_for()
    assert window.text("elapsed") == "11:00"
    window.say(slide={"number": 6, "count": 8, "title": "Two processes", "fragmentsLeft": 1})
    window.page.wait_for_function("!document.querySelector('#silent').textContent")


def test_keys_drive_the_stage_and_the_browser_keeps_its_own(window):
    for key in (
        "ArrowRight",
        "Shift+Space",
        "Shift+Enter",
        "Control+Enter",
        "F10",
        "m",
        "Tab",
        "Control+a",
        "F2",
    ):
        window.page.keyboard.press(key)
    window.stage.wait_for_function("heard.length >= 7")
    sent = [(key["key"], key["shiftKey"], key["ctrlKey"]) for key in window.heard() if key["type"] == "key"]
    assert sent == [
        ("ArrowRight", False, False),
        (" ", True, False),
        ("Enter", True, False),
        ("Enter", False, True),
        ("F10", False, False),
        ("m", False, False),
    ]


@pytest.mark.parametrize("html", [LAB, CLASSIC], ids=["rise", "classic"])
def test_the_next_slide_is_a_picture_in_the_look_of_the_deck(window, html):
    window.say(next={"title": "Two processes", "html": html})
    picture = window.page.frame_locator("iframe")
    assert picture.locator("section > section").inner_text().split("\n\n") == [
        "Two processes",
        "The same loop.",
    ]
    heading = picture.locator("h2", has_text="Two processes")
    heading.wait_for()
    assert int(heading.evaluate("one => getComputedStyle(one).fontWeight")) >= 600
    assert float(heading.evaluate("one => getComputedStyle(one).fontSize").removesuffix("px")) > 40
    frame, box = (window.page.locator(name).bounding_box() for name in ("iframe", "#next"))
    assert abs(frame["width"] - box["width"]) < 4 and abs(frame["height"] - box["height"]) < 4
    window.say(next=None)
    window.page.locator("#next-title", has_text="this is the last slide").wait_for()
    assert picture.locator("section > section > *").count() == 0


def test_nothing_in_a_slide_can_act(window):
    window.say(notes=EVIL, next={"title": "Evil", "html": EVIL})
    picture = window.page.frame_locator("iframe").locator("section > section")
    picture.get_by_text("Look.").wait_for()
    window.page.evaluate("new Promise(requestAnimationFrame)")
    assert window.page.evaluate("window.evil") is None
    for place in (picture, window.page.locator("#notes")):
        html = place.inner_html()
        assert "Look." in html
        assert not any(word in html for word in ("onclick", "onerror", "<script", "<iframe", "javascript:"))
    window.complaints.clear()  # of the picture x, which nobody has


def test_short_notes_are_large(window):
    window.say(notes="<p>Say: Good morning.</p>")
    paragraph = window.page.locator("#notes p")
    assert paragraph.evaluate("p => parseFloat(getComputedStyle(p).fontSize)") > 30


@pytest.mark.parametrize("window", SIZES, indirect=True, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_fits_the_window(window, scheme):
    window.page.emulate_media(color_scheme=scheme)
    long = "<p>Do: Shift-Enter.</p><p>Say: " + "Add up the blocks. " * 30 + "</p><p>If it surprises: "
    window.say(notes=long + "Orange: this thread wanted a core and had none. " * 12 + "</p>", replay="rhythm")
    window.page.frame_locator("iframe").locator("h2").wait_for()
    overflow = "one => one.scrollHeight - one.clientHeight"
    assert window.page.locator("html").evaluate(overflow) <= 0
    assert window.page.locator("#notes").evaluate(overflow) <= 0
    assert (
        window.page.locator("#notes p").first.evaluate("p => parseFloat(getComputedStyle(p).fontSize)") >= 16
    )
    dark = window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert dark == (scheme == "dark")
