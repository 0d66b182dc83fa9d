"""The stage in a browser: its keys, and a talk that goes on whatever dies; in the sweep in both engines."""

import json
import shutil
import sys
from string import ascii_lowercase, digits
from urllib.error import HTTPError
from urllib.parse import urlsplit

import export
import nbformat
import pytest
import talks
from conftest import PATIENCE, SLIDES, files, git_status, until
from live import CODE, HERE, OUTPUT, Show, Talk
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from playwright.sync_api import expect

PRESENT = [sys.executable, SLIDES / "present.py"]

# What may stand in the console as an error, and why.
EXPLAINED = {
    "rise": {
        "RangeError: Maximum call stack size exceeded": "Lab's toolbar; it prints this elsewhere too",
        "Canceled future for kernel_info_request message before replies were done": "the kernel it asks is "
        "restarted",
    },
    "classic": {},
}

expect.set_options(timeout=PATIENCE * 1000)
of_the_stage = pytest.mark.parametrize("show", ["rise"], indirect=True)  # whatever the engine


# --- a talk and its page ---------------------------------------------------------------------------------

ROWS = """\
import pathlib, time
print("the first row", flush=True)
while not pathlib.Path("go").exists(): time.sleep(0.05)
from IPython.display import HTML
print("the last row"); HTML('<figure class="picture"><svg viewBox="0 0 9 1"></svg></figure>')"""
ENDLESS = """\
import time
try:
    for row in range(1_000_000): print("row", row, flush=True); time.sleep(0.02)
except KeyboardInterrupt: print("stopped")"""
COUNT = """\
with open("count", "a") as file: print(file.write("x"), flush=True)"""
STEPS = """\
from IPython.display import HTML
HTML('<p class="fragment">One.</p><p class="fragment">Two.</p><p class="prediction"></p>')"""
USE = "import os; print(answer, os.getpid())"
NOTES = "Say: Forty-two."
TEXT = "Words, `code`:\n\n- a list\n\n> a claim\n\n| a | b |\n|---|---|\n| 1 | 2 |"


GIL = [
    "The GIL",
    "The claim",
    "Your prediction",
    "Two threads",
    "Your turn: turn the knobs",
    "Exercise: find the race",
]


def slide(text, *cells):
    return [new_markdown_cell(text, metadata=kind("slide")), *cells]


def kind(name, *tags):
    return {"slideshow": {"slide_type": name}, "tags": list(tags)}


def stage_test():
    """A notebook with what no deck has: a demo that waits for the test, one without end, several cells."""
    cells = [
        *slide("# Stage test"),
        *slide("## Rows", new_code_cell(ROWS)),
        *slide("## Without end", new_code_cell(ENDLESS)),
        *slide("## No code"),
        *slide(
            "## Afterwards", new_code_cell("print(6 * 7)"), new_markdown_cell(NOTES, metadata=kind("notes"))
        ),
        *slide("## Count", new_code_cell(COUNT)),
        *slide(
            "## Prepared", new_code_cell("answer = 6 * 7", metadata=kind("-", "at-once")), new_code_cell(USE)
        ),
        *slide(
            "## Several",
            new_code_cell("print('one')"),
            new_code_cell("print('two')"),
            new_code_cell("print('three')", metadata=kind("fragment")),
        ),
        *slide("## Steps", new_code_cell(STEPS, metadata=kind("-", "at-once"))),
        *slide(f"## Text\n\n{TEXT}", new_code_cell("8")),
    ]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3"},
        "deck": {"title": "Stage test", "minutes": 5},
    }
    return new_notebook(cells=cells, metadata=metadata)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A real deck, some slides of another, then stage_test()."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(SLIDES / "00-welcome.ipynb", folder)
    gil = talks.read(SLIDES / "20-gil.ipynb", GIL).notebook
    (folder / "20-gil.ipynb").write_text(json.dumps(gil))
    nbformat.write(stage_test(), folder / "99-stage.ipynb")
    return folder


@pytest.fixture(scope="module", params=["rise", pytest.param("classic", marks=pytest.mark.sweep)])
def show(request, browser, folder, tmp_path_factory):
    """A talk in a home that would lead Jupyter astray, and its page."""
    home = tmp_path_factory.mktemp("home")
    (home / ".jupyter").mkdir()
    (home / ".jupyter/jupyter_server_config.json").write_text('{"ServerApp": {"base_url": "/elsewhere/"}}')
    (home / ".ipython/profile_default").mkdir(parents=True)
    (home / ".ipython/profile_default/ipython_config.py").write_text("raise SystemExit('astray')")
    engine = {"CLASSIC": "1"} if request.param == "classic" else {}
    with Talk(*PRESENT, folder, HOME=home, JUPYTER_CONFIG_PATH=home / ".jupyter", **engine) as talk:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        show = Show(talk, page)
        show.engine, show.home, show.before = request.param, home, (files(home), git_status())
        show.open()
        yield show
        page.close()


ALL_TOASTS = """() => {
  const toast = document.querySelector("#toast");
  window.said = [];
  new MutationObserver(() => said.push(toast.textContent)).observe(toast, { childList: true });
}"""


def forget_toast(show):
    show.page.evaluate("document.querySelector('#toast').textContent = ''")


def first_heading(stem):
    return nbformat.read(SLIDES / f"{stem}.ipynb", 4).cells[0].source.partition("\n")[0].strip("# ")


# --- the beginning, and moving ---------------------------------------------------------------------------


def test_the_talk_opens_with_its_first_slide_and_no_notebook_around_it(show):
    show.at(first_heading("00-welcome"))
    chrome = "#header, .jp-Toolbar, .prompt, .jp-InputPrompt, .jp-Collapser, #help_b, #help-b, #exit_b"
    assert not [part for part in show.frame.locator(chrome).all() if part.is_visible()]
    assert show.talk.token not in show.page.url


def test_the_next_part_is_there_before_it_is_asked_for(show):
    assert until(lambda: (show.talk.kernel("20-gil") or ["", ""])[1] == "idle")
    assert show.talk.kernel("99-stage") is None
    show.page.locator("iframe.ready:not(.shown)").first.wait_for(state="attached")
    show.press("n")
    assert show.page.locator("iframe.shown.ready").is_visible()
    show.at(first_heading("20-gil"))
    show.press("p")
    show.at(first_heading("00-welcome"))


@of_the_stage
def test_steps_lead_from_part_to_part_and_back(show):
    show.to(GIL[-1], "The GIL")
    while "Stage test" not in show.page.title():
        show.press("ArrowRight")
    show.page.locator("iframe.shown.ready").wait_for()
    show.at("Stage test")
    show.press("ArrowLeft")
    show.at(GIL[-1])


def test_every_key_that_moves(show):
    show.to("No code", "Stage test")
    for on in ("ArrowRight", "ArrowDown", "PageDown", "Space"):
        for back in ("ArrowLeft", "ArrowUp", "PageUp", "Shift+Space", "Backspace"):
            show.press(on)
            show.at("Afterwards")
            show.press(back)
            show.at("No code")


@of_the_stage
def test_home_and_end(show):
    show.to("No code", "Stage test")
    show.press("End")
    show.at("Text")
    show.press("Home")
    show.at("Stage test")


@of_the_stage
def test_the_map_is_used_by_keys(show):
    show.to("Rows", "Stage test")
    show.press("m", "ArrowLeft", "ArrowUp", "Enter")
    show.at(first_heading("20-gil"))
    show.press("m", "Escape")
    assert not show.page.locator("#map").is_visible()
    show.press("m", "ArrowRight", "ArrowDown", "Enter")
    show.at("The claim")


@of_the_stage
def test_a_link_to_a_part_moves_the_stage(show):
    show.to("The map", "Welcome")
    show.here("a").get_by_text("The GIL", exact=True).click()
    show.at(first_heading("20-gil"))


def test_steps_stay_where_they_are(show):
    show.to("Steps", "Stage test")
    expect(show.here(".fragment")).to_have_count(2)  # its cell has run by itself
    for step in (1, 2):
        show.press("ArrowRight")
        show.at("Steps", step)
    show.press("ArrowRight")
    show.at("Text")
    show.press("ArrowLeft")
    show.at("Steps", 2)
    show.press("ArrowLeft")
    show.at("Steps", 1)
    show.page.reload()
    show.ready()
    show.at("Steps", 1)
    assert show.dialogs == []


# --- running ---------------------------------------------------------------------------------------------


def test_a_cell_runs_where_it_is(show):
    show.to("Afterwards", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    show.at("Afterwards")


def test_what_shows_something_at_once_needs_no_key(show):
    show.to("The machine in the room", "Welcome")
    show.output().to_contain_text("Cores we may use")
    assert not show.here(".at-once :is(.jp-InputArea, .input_area)").is_visible()
    show.press("Shift+Enter")
    show.toast().to_have_text("Nothing to run on this slide")


def test_nothing_runs_on_a_slide_without_code(show):
    show.to("Count", "Stage test")
    count = show.talk.folder / "notebooks/count"
    show.press("Shift+Enter")
    show.output().to_contain_text("1")
    show.idle()
    before = count.read_text()
    show.to("No code")
    show.press("Shift+Enter")
    show.toast().to_have_text("Nothing to run on this slide")
    assert count.read_text() == before


def test_several_cells_run_one_after_the_other(show):
    show.to("Several", "Stage test")
    one, two, three = (show.frame.locator(CODE).nth(number) for number in range(3))
    marked = show.here(".next-cell")
    expect(marked).to_contain_text("one")
    show.press("Control+Enter")
    expect(one.locator(":is(.jp-OutputArea, .output)")).to_contain_text("one")
    show.idle()
    expect(marked).to_contain_text("'one'")
    show.press("Shift+Enter")
    expect(marked).to_contain_text("'two'")
    show.press("Shift+Enter")
    expect(two.locator(":is(.jp-OutputArea, .output)")).to_contain_text("two")
    show.press("Shift+Enter")  # the third is not on the screen yet: again the second
    expect(marked).to_contain_text("'two'")
    show.press("ArrowRight", "Shift+Enter")
    expect(three.locator(":is(.jp-OutputArea, .output)")).to_contain_text("three")
    show.at("Several")


def test_a_demo_runs_live_and_draws_its_picture(show):
    show.to("Two threads", "The GIL")
    show.press("Shift+Enter")
    expect(show.here("figure.picture svg")).to_be_visible()
    expect(show.here(".state.live")).to_be_visible()
    show.at("Two threads")


def test_a_row_is_seen_before_the_demo_ends(show):
    show.to("Rows", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("the first row")
    assert "the last row" not in show.frame.locator(OUTPUT).inner_text()
    show.press("Shift+Enter")
    show.toast().to_contain_text("It runs already")
    (show.talk.folder / "notebooks/go").touch()
    show.output().to_contain_text("the last row")
    expect(show.here("figure.picture > svg")).to_be_visible()


@pytest.mark.parametrize("key", ["i", "F9"])
def test_a_run_is_interrupted_and_the_talk_moves_on(show, key):
    show.to("Without end", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 2")
    show.press(key)
    show.output().to_contain_text("stopped")
    show.to("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")


@pytest.mark.parametrize("key", ["k", "F10"])
def test_the_kernel_is_restarted_without_a_question(show, key):
    show.to("Without end", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 2")
    show.press(key)
    show.toast().to_have_text("A new kernel is starting")
    show.toast().to_have_text("The new kernel is ready")
    show.idle()
    forget_toast(show)
    show.to("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    show.idle()
    assert not show.page.locator("#toast").text_content()  # it is said once


def test_what_a_part_needs_runs_again_in_a_new_kernel(show):
    show.to("Prepared", "Stage test")
    show.press("Shift+Enter")
    run = show.frame.locator(OUTPUT).last
    expect(run).to_contain_text("42 ")
    show.idle()
    earlier = run.inner_text()
    show.press("k")
    show.toast().to_have_text("The new kernel is ready")
    show.press("Shift+Enter")
    expect(run).not_to_contain_text(earlier)
    expect(run).to_contain_text("42 ")


def test_what_has_run_is_still_there_after_a_reload(show):
    show.to("Several", "Stage test")
    show.page.evaluate("sessionStorage.clear()")
    show.page.reload()
    show.ready()
    show.press("Shift+Enter")
    show.output().to_contain_text("one")
    show.page.reload()
    show.ready()
    show.output().to_contain_text("one")
    expect(show.here(".next-cell")).to_contain_text("'two'")
    show.press("k", "Control+Enter")
    expect(show.frame.locator(OUTPUT).nth(1)).to_contain_text("two")


@pytest.mark.parametrize("key", ["i", "k"])
def test_what_runs_is_stopped_also_right_after_a_reload(show, key):
    """The engine finds its kernel only some time after its slides are there."""
    show.to("Without end", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 2")
    show.page.reload()
    show.page.locator("iframe.shown.ready").wait_for()
    show.press(key)
    show.toast().to_have_text({"i": "Interrupted", "k": "The new kernel is ready"}[key])
    show.idle()
    expect(show.frame.locator(f"{OUTPUT} pre")).to_have_count(0)  # that run had not ended


@of_the_stage
def test_an_interrupt_that_fails_says_so(show):
    show.to("Without end", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 2")
    address = "**/api/kernels/*/interrupt"
    show.page.route(address, lambda request: request.fulfill(status=500))
    show.press("i")
    show.toast().to_have_text("The kernel could not be interrupted; K starts a new one")
    show.page.unroute(address)
    assert "500" in show.errors.pop()  # the browser's own remark
    show.press("i")
    show.output().to_contain_text("stopped")


@of_the_stage
def test_a_new_talk_shows_no_results_of_an_earlier_one(show):
    show.to("Afterwards", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    show.idle()
    show.page.goto("about:blank")
    (show.talk.folder / "state.json").unlink()
    show.open("99-stage")
    show.to("Afterwards")
    expect(show.frame.locator(f"{OUTPUT} pre")).to_have_count(0)


def test_output_that_grows_stays_in_its_box_with_the_end_in_view(show):
    show.to("Without end", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 40")
    box, text = show.inside(
        """output => {
            const text = document.querySelector(`${output} pre`);
            return [text.parentElement, text].map(element => element.getBoundingClientRect().toJSON());
        }""",
        OUTPUT,
    )
    assert text["height"] > 2 * box["height"]
    assert box["bottom"] <= 720
    assert abs(text["bottom"] - box["bottom"]) < 2
    show.press("i")
    show.output().to_contain_text("stopped")


def test_a_cell_waits_for_its_kernel_and_runs_once(show):
    show.to("Count", "Stage test")
    show.idle()
    count = show.talk.folder / "notebooks/count"
    count.write_text("")
    kernel, _ = show.talk.kernel("99-stage")
    kernel.suspend()
    show.page.reload()
    show.page.locator("iframe.shown.ready").wait_for()
    show.press("Shift+Enter", "Shift+Enter")
    show.toast().to_contain_text("It runs already")
    assert show.page.locator("#kernel.starting").count()
    kernel.resume()
    show.output().to_contain_text("1")
    show.idle()
    assert count.read_text() == "x"


def test_a_cell_waits_until_there_is_a_kernel(show):
    if show.engine == "rise":
        pytest.skip("JupyterLab shows no slide before it has found the kernel")
    show.to("Afterwards", "Stage test")
    sessions = "**/api/sessions**"
    show.page.evaluate("sessionStorage.clear()")
    show.page.route(sessions, lambda request: None)  # no answer, for now
    show.page.reload()
    show.page.locator("iframe.shown.ready").wait_for()
    show.press("Shift+Enter")
    show.toast().to_contain_text("The kernel is starting")
    show.page.unroute(sessions)
    show.output().to_contain_text("42")


# --- what must not happen ----------------------------------------------------------------------------------

STRAY = [
    *(letter for letter in ascii_lowercase if letter not in "fklrs"), *digits,  # what those do stays
    "Delete", "Insert", "Enter", "Tab", "Escape", "d", "d", "x", "Shift+M", "Shift+V", "Shift+Delete",
    "Control+a", "Control+x", "Control+v", "Control+z", "Control+Shift+Minus", "Control+s", "Alt+r",
    "Alt+Enter", "F1", "F2", "F3", "F4", "F6", "F7", "F8", "'", "/", ",", "-", "+",
]  # fmt: skip


def test_stray_keys_change_nothing(show):
    show.to("Afterwards", "Stage test")
    show.frame.locator(CODE).first.click(position={"x": 5, "y": 5})
    show.press("Escape")
    before, file = show.cells(), (show.talk.folder / "notebooks/99-stage.ipynb").read_bytes()
    for key in STRAY:
        show.inside("() => document.querySelector('.jp-Notebook')?.focus()")  # its keys work there
        show.press(key, "Escape")
    show.to("Afterwards", "Stage test")
    assert show.cells() == before
    assert (show.talk.folder / "notebooks/99-stage.ipynb").read_bytes() == file
    assert not show.page.locator("#emergency, dialog[open]").count()


def test_a_double_click_opens_no_text_for_editing(show):
    show.to("No code", "Stage test")
    show.heading().dblclick()
    show.page.mouse.click(640, 600, button="right")
    assert show.heading().is_visible()
    assert not show.frame.locator(".lm-Menu").count()


def test_in_an_editor_keys_type_until_escape(show):
    show.to("Afterwards", "Stage test")
    before = show.cells()
    editor = show.frame.locator(f"{CODE} :is(.cm-content, .CodeMirror-code)")
    editor.click()
    show.press("End", "Space", "+", "Space", "n", "m", "i", "k", "x", "Backspace", "Control+s")
    expect(editor).to_contain_text("print(6 * 7) + nmik")
    show.at("Afterwards")
    for _ in " + nmik":
        show.press("Backspace")
    show.press("#", "Shift+Enter")
    show.output().to_contain_text("42")
    show.press("Backspace", "Escape", "ArrowRight")
    show.at("Count")
    assert show.cells() == before
    assert [cell for cell in saved(show) if cell.get("outputs")] == []


def saved(show):
    return nbformat.read(show.talk.folder / "notebooks/99-stage.ipynb", 4).cells


# --- live and replayed, questions, controls ----------------------------------------------------------------


@of_the_stage
def test_the_whole_talk_is_replayed_and_live_again(show):
    show.to("Two threads", "The GIL")
    show.press("r", "Shift+Enter")
    expect(show.page.locator("#replay")).to_have_text("REPLAY")
    expect(show.here(".state.recorded")).to_be_visible()
    expect(show.here("figure.picture svg")).to_be_visible()
    show.press("r", "Shift+Enter")
    expect(show.page.locator("#replay")).to_have_text("")
    expect(show.here(".state.live")).to_be_visible()
    expect(show.here("figure.picture svg")).to_be_visible()


SLOW = """() => {
    const [now, later] = [fetch, (run) => setTimeout(run, 1000)];
    window.fetch = (...request) => new Promise((resolve) => later(() => resolve(now(...request))));
}"""


@of_the_stage
def test_a_switch_to_replay_counts_for_the_run_right_after_it(show):
    show.page.reload()
    show.ready()
    show.to("Two threads", "The GIL")
    show.page.evaluate(SLOW)
    show.press("r", "Shift+Enter")
    expect(show.here(".state.recorded")).to_be_visible()
    show.press("r", "Shift+Enter")
    expect(show.here(".state.live")).to_be_visible()
    show.idle()
    show.page.reload()
    show.ready()


@of_the_stage
def test_one_demo_is_replayed(show):
    show.to("Two threads", "The GIL")
    show.press("Shift+R")
    show.toast().to_have_text("gil_lanes is replayed from now on")
    show.press("Shift+Enter")
    expect(show.here(".state.recorded")).to_be_visible()
    show.press("Shift+R")
    show.toast().to_have_text("gil_lanes is live from now on")


def test_a_choice_stands_beside_the_result_also_after_a_reload(show):
    show.to("Your prediction", "The GIL")
    show.press("b")
    expect(show.here("tr.chosen")).to_contain_text("100 ms")
    show.page.reload()
    show.ready()
    expect(show.here("tr.chosen")).to_contain_text("100 ms")
    show.to("Two threads")
    show.press("Shift+Enter")
    expect(show.here(".prediction")).to_contain_text("You said B, 100 ms")


def test_controls_redraw_the_picture(show):
    show.to("Your turn: turn the knobs", "The GIL")
    show.press("Shift+Enter")
    expect(show.here("figure.picture svg")).to_contain_text("thread 1")
    show.press("t")
    expect(show.here("figure.picture svg")).to_contain_text("process 1")
    show.press("1")
    expect(show.here("figure.picture svg")).not_to_contain_text("process 1")
    show.here("[data-option=mechanism] label").first.click()
    expect(show.here("figure.picture svg")).to_contain_text("thread 0")
    show.press("k")  # the new kernel knows nothing of the controls
    show.press("t")
    expect(show.here("figure.picture svg")).to_contain_text("process 0")
    show.idle()
    show.page.reload()  # what was shown can no longer be redrawn
    show.ready()
    expect(show.here("figure.picture svg")).to_contain_text("process 0")
    expect(show.here(":checked").first).to_have_value("processes")
    show.press("2")
    expect(show.here("figure.picture svg")).to_contain_text("process 1")
    show.press("t")
    expect(show.here("figure.picture svg")).to_contain_text("thread 1")


@of_the_stage
def test_a_key_without_a_control_says_so(show):
    show.to("Your turn: turn the knobs", "The GIL")
    show.press("Shift+Enter")
    expect(show.here("figure.picture svg")).to_contain_text("thread 1")
    show.press("3")
    show.toast().to_have_text("workers: 1 or 2 or 4")
    badge = "set => getComputedStyle(set, '::after').content"
    assert show.here("[data-option=workers]").evaluate(badge) == '"1 2 4"'
    show.press("-", "-")
    show.toast().to_have_text("interval: 1 or 5 or 20")
    show.to("The claim")
    for key in ("2", "t", "+"):
        forget_toast(show)
        show.press(key)
        show.toast().to_have_text("No controls on this slide")


@of_the_stage
def test_enter_unfolds_and_folds(show):
    show.to("Exercise: find the race", "The GIL")
    solution = show.here("details > pre.code")
    for shown in (True, False):
        show.press("Enter")
        expect(solution).to_be_visible(visible=shown)
    show.to("The claim")
    show.press("Enter")
    show.toast().to_have_text("Nothing to unfold on this slide")


# --- the screen --------------------------------------------------------------------------------------------


@of_the_stage
def test_the_screen_goes_black_and_comes_back(show):
    show.to("No code", "Stage test")
    for again in (".", "Escape"):
        show.press(".")
        assert show.page.locator("#blank").is_visible()
        show.press(again)
        assert not show.page.locator("#blank").is_visible()
    show.at("No code")


def test_dark_and_light(show):
    for look in ("dark", "light"):
        show.press("l")
        expect(show.page.locator("html")).to_have_attribute("data-look", look)
        expect(show.frame.locator("html")).to_have_attribute("data-look", look)


@of_the_stage
def test_full_screen(show):
    show.press("f")
    show.page.wait_for_function("document.fullscreenElement")
    show.press("f")
    show.page.wait_for_function("!document.fullscreenElement")


@of_the_stage
def test_the_help_lists_the_keys_and_fits(show):
    show.press("?")
    box = show.page.locator("#help").bounding_box()
    assert box["height"] <= 720
    assert show.page.locator("#help").evaluate("help => help.scrollHeight <= help.clientHeight")
    expect(show.page.locator("#help")).to_contain_text("Shift-Enter")
    show.press("h")
    assert not show.page.locator("#help").is_visible()


@of_the_stage
def test_the_speakers_window_follows_and_steers(show):
    show.to("No code", "Stage test")
    with show.page.expect_popup() as opened:
        show.press("s")
    speaker = opened.value
    expect(speaker.locator("#title")).to_have_text("No code")
    expect(speaker.locator("#next-title")).to_have_text("Afterwards")
    speaker.keyboard.press("ArrowRight")
    show.at("Afterwards")
    expect(speaker.locator("#title")).to_have_text("Afterwards")
    expect(speaker.locator("#notes")).to_contain_text("Forty-two.")
    expect(speaker.locator("#pace")).not_to_have_text("not begun")
    speaker.close()


def test_text_is_large_and_grows_with_the_window(show):
    show.to("Text", "Stage test")
    show.press("Shift+Enter")
    show.output().to_contain_text("8")
    smallest, code = text_sizes(show)
    assert smallest >= 24
    assert code >= 20
    show.page.set_viewport_size({"width": 1920, "height": 1080})
    larger = pytest.approx([1.5 * smallest, 1.5 * code], abs=0.1)
    assert until(lambda: text_sizes(show) == larger)  # some sizes glide
    show.page.set_viewport_size({"width": 1280, "height": 720})


def test_numbers_and_rules_are_those_of_the_export(show):
    """test_export.py looks at the other side."""
    show.to("Text", "Stage test")
    numbers = show.frame.locator(".slide-number").inner_text()
    assert "".join(numbers.split()) == "10/10"
    rules = "all => [...new Set(all.map(cell => getComputedStyle(cell).borderBottomWidth))]"
    assert show.here("thead th").evaluate_all(rules) == ["2px"]
    assert show.here("tbody td").evaluate_all(rules) == ["1px"]
    show.to("The machine in the room", "Welcome")
    expect(show.here("table.facts")).to_be_visible()
    assert show.here("table.facts :is(th, td)").evaluate_all(rules) == ["1px"]
    show.to("Your prediction", "The GIL")
    assert show.here("tbody td").evaluate_all(rules) == ["0px"]


def text_sizes(show):
    """The smallest size, in pixels, of the words on the slide, and that of its code and output."""
    return show.inside(
        """here => {
            const sizes = {text: [], code: []};
            const words = document.createTreeWalker(document.querySelector(here), NodeFilter.SHOW_TEXT);
            while (words.nextNode()) {
                const parent = words.currentNode.parentElement;
                if (!words.currentNode.data.trim() || !parent.checkVisibility()) continue;
                const kind = parent.closest('code, pre, .cm-editor, .CodeMirror') ? 'code' : 'text';
                sizes[kind].push(parseFloat(getComputedStyle(parent).fontSize));
            }
            return [Math.min(...sizes.text), Math.min(...sizes.code)];
        }""",
        HERE,
    )


# --- a talk goes on ----------------------------------------------------------------------------------------


def test_after_its_kernel_was_killed_the_talk_goes_on(show):
    show.to("Afterwards", "Stage test")
    show.idle()
    process, _ = show.talk.kernel("99-stage")
    show.page.evaluate(ALL_TOASTS)  # the first may be gone before it is looked for
    process.kill()
    show.toast().to_have_text("The new kernel is ready")
    assert any(said.startswith("The kernel died") for said in show.page.evaluate("said"))
    show.idle()
    show.at("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    assert not show.frame.locator(".jp-Dialog, .modal.in").count()


def test_nothing_is_saved_by_itself(show):
    show.page.clock.install()
    show.open("99-stage")
    show.to("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    show.page.clock.fast_forward("30:00")
    show.page.clock.resume()
    show.to("Text")  # and a while later ...
    show.press("Shift+Enter")
    show.output().to_contain_text("8")
    assert [cell for cell in saved(show) if cell.get("outputs")] == []


def test_no_request_leaves_the_machine(show):
    assert show.requests
    site = f"127.0.0.1:{show.talk.port}"
    assert {url for url in show.requests if urlsplit(url).netloc not in (site, "")} == set()


def test_the_console_shows_no_error_but_the_explained(show):
    assert set(show.errors) <= set(EXPLAINED[show.engine])
    assert show.dialogs == []


def test_nothing_changes_at_home_or_in_git(show):
    assert (files(show.home), git_status()) == show.before


@of_the_stage
def test_what_the_stage_keeps_is_whole_and_only_for_its_page(show):
    for body, status in ((b"{", 400), (b"[1]", 400), (b'{"part": "99-stage"}', 204)):
        assert status == answer(show.talk, "stage/state", data=body, method="PUT")
    assert answer(show.talk, "stage/talk", data=b"{}", method="PUT") == 405
    show.talk.token = "wrong"
    for path in ("stage/talk", "stage/settings", "stage/state", "stage/stage.js", "stage/alive"):
        assert answer(show.talk, path) == 403
    for path in ("stage", "stage/speaker", "stage/emergency"):
        assert "/login" in show.talk.request(path).url


def answer(talk, path, **more):
    """The HTTP status of an answer."""
    try:
        return talk.request(path, **more).status
    except HTTPError as error:
        return error.code


def emergency(folder):
    """The emergency deck of the folder's notebooks; no cell has run."""
    talk = talks.of(sorted(folder.glob("*.ipynb")))
    sections = {part.stem: export.slides(part) for part in talk.parts}
    return export.written(talk, sections, {"replay": True, "facts": {}})["talk.html"]


@pytest.mark.alone  # any other talk would remove what the first one left
def test_everything_dies_and_the_talk_goes_on(browser, folder):
    with Talk(*PRESENT, folder) as first:
        (first.folder / "emergency.html").write_text(emergency(folder))
        about = json.loads((first.folder / "talk.json").read_text()) | {"emergency": True}
        (first.folder / "talk.json").write_text(json.dumps(about))
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        show = Show(first, page)
        show.open("99-stage")
        show.to("Your prediction", "The GIL")
        show.press("l", "b")
        show.to("No code", "Stage test")
        state = first.folder / "state.json"
        assert until(lambda: '"99-stage": {"slide": 3' in state.read_text())
        first.terminal.kill(9)
        expect(page.locator("#gone")).to_be_visible()
        show.press("x")
        rescue = page.frame_locator("#emergency")
        heading = rescue.locator("section.present > section.present :is(h1, h2)")
        expect(heading).to_have_text("No code")
        expect(rescue.locator("html")).to_have_attribute("data-look", "dark")
        expect(rescue.locator("tr.chosen")).to_contain_text("100 ms")
        show.press("ArrowRight", "x")
        show.at("Afterwards")
        show.press("ArrowLeft", "x")
        expect(heading).to_have_text("No code")
        show.press("End", "ArrowRight", "Escape")  # past the last slide that the stage has
        show.at("No code")
        page.close()
    with Talk(*PRESENT, folder, FRESH="") as second:
        second.terminal.expect("It goes on at the slide where it stopped; FRESH=1 begins anew")
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        show = Show(second, page)
        show.open()
        show.at("No code")
        page.close()
