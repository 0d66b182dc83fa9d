"""make present: the live slideshow in both engines, and its end, however that comes."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from conftest import ROOT, SLIDES
from jupyter_client import BlockingKernelClient
from live import CODE, HERE, OUTPUT, PATIENCE, Show, Talk, free_port, until
from playwright.sync_api import expect, sync_playwright

PRESENT = [sys.executable, SLIDES / "present.py"]
BUILD = ROOT / "build" / "present"

# What may stand in the console as an error, and why.
EXPLAINED = {
    "rise": {"RangeError: Maximum call stack size exceeded": "Lab's toolbar; it prints this elsewhere too"},
    "classic": {},
}

expect.set_options(timeout=PATIENCE * 1000)


# --- the slideshow -----------------------------------------------------------------------------------------

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


def stage_test():
    """A notebook with what no deck has: a demo that waits for the test, and one without end."""

    def slide(text, *code):
        shown = nbformat.v4.new_markdown_cell(text, metadata={"slideshow": {"slide_type": "slide"}})
        return [shown, *map(nbformat.v4.new_code_cell, code)]

    cells = [
        *slide("# Stage test"),
        *slide("## Rows", ROWS),
        *slide("## Without end", ENDLESS),
        *slide("## Afterwards", "print(6 * 7)"),
        *slide("## Text\n\nWords, `code`:\n\n- a list\n\n> a claim\n\n| a | b |\n|---|---|\n| 1 | 2 |", "8"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


@pytest.fixture(scope="module")
def browser(chromium):
    flags = ["--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=flags, chromium_sandbox=os.geteuid() != 0
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module", params=list(EXPLAINED))
def show(request, browser, tmp_path_factory):
    """A talk of the real decks and stage_test(), in a home that would lead Jupyter astray, and its page."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("notebooks")
    for notebook in SLIDES.glob("*.ipynb"):
        shutil.copy(notebook, folder)
    nbformat.write(stage_test(), folder / "99-stage.ipynb")
    (home / ".jupyter").mkdir()
    (home / ".jupyter/jupyter_server_config.json").write_text('{"ServerApp": {"base_url": "/elsewhere/"}}')
    (home / ".ipython/profile_default").mkdir(parents=True)
    (home / ".ipython/profile_default/ipython_config.py").write_text("raise SystemExit('astray')")
    engine = {"CLASSIC": "1"} if request.param == "classic" else {}
    with Talk(*PRESENT, folder, HOME=home, JUPYTER_CONFIG_PATH=home / ".jupyter", **engine) as talk:
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        show = Show(talk, page)
        show.engine, show.home, show.before = request.param, home, (files(home), git_status())
        yield show
        page.close()


def test_the_first_deck_opens_as_a_slideshow(show):
    show.open()
    first = nbformat.read(min(SLIDES.glob("*.ipynb")), 4).cells[0].source
    assert first.startswith(f"# {show.title()}\n")
    assert show.slide() == "slide-0-0"
    chrome = "#header, .jp-Toolbar, .prompt, .jp-InputPrompt, .jp-Collapser, #help_b, #help-b, #exit_b"
    assert not [part for part in show.page.locator(chrome).all() if part.is_visible()]


def test_keys_work_at_once_and_a_cell_runs_where_it_is(show):
    show.open()
    show.to("The machine in the room")
    slide = show.slide()
    show.press("Shift+Enter")
    show.output().to_contain_text("Cores we may use")
    assert show.slide() == slide


def test_the_map_leads_to_another_part(show):
    show.open()
    show.to("The map")
    show.press("Shift+Enter")
    part = nbformat.read(SLIDES / "20-gil.ipynb", 4)
    show.page.locator(OUTPUT).get_by_text(part.metadata.deck.title).click()
    show.page.wait_for_url("**/20-gil.ipynb*")
    expect(show.page.locator(HERE)).to_contain_text(part.cells[0].source.partition("\n")[0].strip("# "))
    assert until(show.kernel_idle)  # a page left too early leaves its kernel half started


def test_a_demo_runs_live_and_draws_its_picture(show):
    show.open("20-gil.ipynb")
    show.to("Two threads")
    show.page.locator(CODE).click()  # now the notebook has the focus, and would use its own keys
    show.press("Shift+Enter")
    expect(show.page.locator(f"{OUTPUT} figure.picture > svg")).to_be_visible()
    show.output().to_contain_text("thread 1")
    assert not show.page.locator(f"{OUTPUT} .recorded").count()
    assert show.title() == "Two threads"


def test_a_row_is_seen_before_the_demo_ends(show):
    show.open("99-stage.ipynb")
    show.to("Rows")
    show.press("Shift+Enter")
    show.output().to_contain_text("the first row")
    assert "the last row" not in show.page.locator(OUTPUT).inner_text()
    (show.talk.folder / "notebooks/go").touch()
    show.output().to_contain_text("the last row")
    expect(show.page.locator(f"{OUTPUT} figure.picture > svg")).to_be_visible()
    assert show.title() == "Rows"


@pytest.mark.parametrize("keys", [["i", "i"], ["F9"]])
def test_a_run_is_interrupted_and_the_talk_moves_on(show, keys):
    show.open("99-stage.ipynb")
    show.to("Without end")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 2")
    show.press(*keys)
    show.output().to_contain_text("stopped")
    show.to("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")


def test_output_that_grows_stays_in_its_box_with_the_end_in_view(show):
    show.open("99-stage.ipynb")
    show.to("Without end")
    show.press("Shift+Enter")
    show.output().to_contain_text("row 40")
    box, text = show.page.evaluate(
        """output => {
            const text = document.querySelector(`${output} pre`);
            return [text.parentElement, text].map(element => element.getBoundingClientRect().toJSON());
        }""",
        OUTPUT,
    )
    assert text["height"] > 2 * box["height"]
    assert box["bottom"] <= 720
    assert abs(text["bottom"] - box["bottom"]) < 2
    show.press("i", "i")
    show.output().to_contain_text("stopped")


def test_text_is_large_and_grows_with_the_window(show):
    show.open("99-stage.ipynb")
    show.to("Text")
    show.press("Shift+Enter")
    show.output().to_contain_text("8")
    smallest, code = text_sizes(show)
    assert smallest >= 24
    assert code >= 20
    show.page.set_viewport_size({"width": 1920, "height": 1080})
    larger = pytest.approx([1.5 * smallest, 1.5 * code], abs=0.1)
    assert until(lambda: text_sizes(show) == larger)  # some sizes glide
    show.page.set_viewport_size({"width": 1280, "height": 720})


def text_sizes(show):
    """The smallest size, in pixels, of the words on the slide, and that of its code and output."""
    return show.page.evaluate(
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


def test_nothing_is_saved_by_itself(show):
    show.page.clock.install()
    show.open("99-stage.ipynb")
    show.to("Afterwards")
    show.press("Shift+Enter")
    show.output().to_contain_text("42")
    show.page.clock.fast_forward("30:00")
    show.page.clock.resume()
    show.to("Text")  # and a while later ...
    show.press("Shift+Enter")
    show.output().to_contain_text("8")
    saved = nbformat.read(show.talk.folder / "notebooks/99-stage.ipynb", 4)
    assert not [cell for cell in saved.cells if cell.get("outputs")]


def test_no_request_leaves_the_machine(show):
    assert show.requests
    site = f"127.0.0.1:{show.talk.port}"
    assert {url for url in show.requests if urlsplit(url).netloc not in (site, "")} == set()


def test_the_console_shows_no_error_but_the_explained(show):
    assert set(show.errors) <= set(EXPLAINED[show.engine])


def test_nothing_changes_at_home_or_in_git(show):
    assert (files(show.home), git_status()) == show.before


def files(folder):
    """All files below a folder, with what is in them."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def git_status():
    return subprocess.check_output(["git", "status", "--porcelain"], cwd=ROOT, text=True)


# --- the end -----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A folder with a notebook, which no test opens."""
    nbformat.write(stage_test(), tmp_path / "00-stage.ipynb")
    return tmp_path


def start_kernel(talk):
    """Start a kernel with a child that is hard to end: in a session of its own, deaf to TERM."""
    kernel = talk.ask("kernels", data=b"{}")["id"]
    client = BlockingKernelClient(connection_file=str(talk.folder / f"runtime/kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)
    child = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    start = "subprocess.Popen([sys.executable, '-c', child], stdout=subprocess.PIPE, start_new_session=True)"
    code = f"import subprocess, sys; child = {child!r}; {start}.stdout.readline()"
    assert client.execute(code, reply=True, timeout=PATIENCE)["content"]["status"] == "ok"
    client.stop_channels()


def test_one_ctrl_c_ends_make_present_and_all_that_runs_in_it(tmp_path):
    before = git_status()
    with in_a_shell("make present", HOME=tmp_path) as talk:
        start_kernel(talk)
        assert len(talk.processes()) >= 3  # the server, the kernel, its child
        talk.terminal.sendintr()
        talk.terminal.expect(r"status (\d+)")
        assert talk.processes() == []
        assert talk.terminal.match[1] == "0"
        assert "Traceback" not in talk.terminal.before
        assert not talk.listens()
        talk.terminal.sendline("thanks")
        talk.terminal.expect("heard thanks")  # the shell has its terminal back
    assert files(tmp_path) == {}
    assert git_status() == before


def test_ctrl_z_and_more_ctrl_c_do_not_get_in_its_way():
    with in_a_shell("make present") as talk:
        start_kernel(talk)
        talk.terminal.sendcontrol("z")
        talk.terminal.sendintr()
        assert until(lambda: not talk.listens())
        assert talk.processes()  # the deaf child has a second left
        talk.terminal.sendintr()
        talk.terminal.expect(r"status (\d+)")
        assert talk.processes() == []
        assert talk.terminal.match[1] == "0"


def in_a_shell(command, **environment):
    """A talk whose shell says with which status it ended, then repeats a word."""
    script = f"{command}; echo status $?; read word; echo heard $word"
    return Talk("sh", "-c", script, **environment)


def test_a_term_signal_ends_it_like_ctrl_c(folder):
    with Talk(*PRESENT, folder) as talk:
        start_kernel(talk)
        talk.terminal.kill(signal.SIGTERM)
        assert talk.status() == 0
        assert talk.processes() == []


def test_a_closed_terminal_ends_it(folder):
    with Talk(*PRESENT, folder) as talk:
        start_kernel(talk)
        talk.terminal.ptyproc.fileobj.close()
        assert talk.left() == []


def test_nothing_outlives_a_kill(folder):
    with Talk(*PRESENT, folder) as talk:
        start_kernel(talk)
        talk.terminal.kill(signal.SIGKILL)
        assert talk.left() == []
        assert not talk.listens()


def test_a_second_talk_leaves_the_first_alone(folder):
    with Talk(*PRESENT, folder, PORT="") as first, Talk(*PRESENT, folder, PORT="") as second:
        assert first.port != second.port
        assert (first.folder / "notebooks/00-stage.ipynb").is_file()
        second.terminal.sendintr()
        assert second.status() == 0
        assert first.listens()


def test_a_free_port_is_used_and_what_an_ended_talk_left_is_removed(folder):
    ended = BUILD / "4194305"  # no process: Linux counts to 4194304, macOS to 99998
    (ended / "notebooks").mkdir(parents=True)
    port = free_port()
    with Talk(*PRESENT, folder, PORT=port) as talk:
        assert not ended.exists()
        assert talk.port == port


# --- what cannot be presented ------------------------------------------------------------------------------


def refusal(*words, **environment):
    """The exit status and the words of a talk that cannot start."""
    command = [*map(str, PRESENT), *map(str, words)]
    environment = os.environ | {"NO_BROWSER": "1"} | {name: str(value) for name, value in environment.items()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("port", ["abc", "-1", "80", "65536", "8888.5", "٨٨٨٨"])
def test_a_bad_port_is_refused(folder, port):
    status, words = refusal(folder, PORT=port)
    assert status == 2
    assert words.count("\n") == 1
    assert port in words


def test_a_port_that_is_taken_is_refused(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, words = refusal(folder, PORT=port)
    assert status == 2
    assert words.count("\n") == 1
    assert str(port) in words


def test_a_folder_without_notebooks_is_refused(tmp_path):
    status, words = refusal(tmp_path)
    assert status == 2
    assert words.count("\n") == 1
    assert str(tmp_path) in words


def test_a_server_that_does_not_start_is_reported_with_its_log(folder, tmp_path):
    (tmp_path / "jupyter_server.py").write_text("raise SystemExit('no server today')")
    status, words = refusal(folder, PYTHONPATH=tmp_path)
    assert status == 1
    assert words.count("\n") == 1
    (log,) = re.findall(r"/.*server\.log", words)  # the path may hold spaces
    assert "no server today" in Path(log).read_text()
