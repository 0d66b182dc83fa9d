"""A talk in a terminal, and its stage in a browser that is driven by keys, as in a room."""

import json
import os
import re
import signal
import socket
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pexpect
import watchdog
from conftest import PATIENCE, ROOT, free_port, until
from playwright.sync_api import Page, expect

HERE = ".reveal.ready .slides > section.present > section.present"  # the slide that is shown
CODE = f"{HERE} :is(.jp-CodeCell, .code_cell)"
OUTPUT = f"{HERE} :is(.jp-OutputArea, .output)"


def default_signals() -> None:
    """A shell that runs the tests in the background has Ctrl-C ignored, by all that they start."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)


class Talk:
    """A running `make present` (or its command), in a terminal of its own, at a port of its own.

    It takes up no talk that died before, unless FRESH="" is given.
    """

    def __init__(self, *command: str | Path, **environment: str | int | Path) -> None:
        # A make that runs the tests would hand its options on.
        inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        given = {"PORT": free_port(), "FRESH": "1", "NO_BROWSER": "1"} | environment
        program, *words = map(str, command)
        self.terminal = pexpect.spawn(
            program,
            words,
            env=inherited | {name: str(value) for name, value in given.items()},
            cwd=str(ROOT),
            preexec_fn=default_signals,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.terminal.expect(r"http://127\.0\.0\.1:(\d+)/stage\?token=(\w+)")
        self.url = self.terminal.match[0]
        self.port, self.token = int(self.terminal.match[1]), self.terminal.match[2]
        self.folder = Path(self.processes()[0].environ()["JUPYTER_CONFIG_DIR"]).parent

    def __enter__(self) -> "Talk":
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever a failed test left."""
        self.terminal.close(force=True)
        watchdog.end({"JUPYTER_TOKEN": self.token})

    def processes(self):
        """The server and all that it started: they inherit its token."""
        return watchdog.marked({"JUPYTER_TOKEN": self.token})

    def left(self):
        """The processes that stay after the end, having had a while to go."""
        until(lambda: not self.processes())
        return self.processes()

    def status(self) -> int:
        """The exit status, once it has ended; minus the signal where one ended it."""
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        return -self.terminal.signalstatus if self.terminal.signalstatus else self.terminal.exitstatus

    def request(self, path: str, **more):
        url = f"http://127.0.0.1:{self.port}/{path}"
        request = Request(url, headers={"Authorization": f"token {self.token}"}, **more)
        return build_opener(ProxyHandler({})).open(request, timeout=PATIENCE)

    def ask(self, path: str, **more):
        """The answer of the server's API."""
        with self.request(f"api/{path}", **more) as answer:
            return json.load(answer)

    def kernel(self, part: str):
        """The process and the state of a part's kernel; None before it has one."""
        kernels = [
            session["kernel"] for session in self.ask("sessions") if session["path"] == f"{part}.ipynb"
        ]
        for process in self.processes():
            if kernels and any(kernels[0]["id"] in word for word in process.cmdline()):
                return process, kernels[0]["execution_state"]
        return None

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Show:
    """The stage in a page; all requests and all errors are kept."""

    def __init__(self, talk: Talk, page: Page) -> None:
        self.talk, self.page = talk, page
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.dialogs: list[str] = []  # that the browser opened, and closed
        page.context.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda websocket: self.requests.append(websocket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.accept()))
        page.set_default_timeout(PATIENCE * 1000)
        self.frame = page.frame_locator("iframe.shown")

    def open(self, part: str = "") -> None:
        """Load the stage where it was, or with this part."""
        self.page.goto("about:blank")  # else another hash is no other page
        self.page.goto(self.talk.url + (f"#{part}" if part else ""))
        self.ready()

    def ready(self) -> None:
        self.page.locator("iframe.shown.ready").wait_for()
        self.idle()

    def idle(self) -> None:
        expect(self.page.locator("#kernel")).to_have_class("idle")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, title: str, part: str = "") -> None:
        """Go to a slide by the map, in another part by its title."""
        if part:
            self.choose(part)
            self.page.locator("iframe.shown.ready").wait_for()
        self.choose(title)
        self.at(title)

    def choose(self, words: str) -> None:
        self.press("m")
        self.page.locator("#map button").filter(has_text=words).last.click()

    def heading(self):
        """The heading on the slide; JupyterLab puts a link's sign behind it."""
        return self.frame.locator(f"{HERE} :is(h1, h2)").first

    def at(self, title: str, step: int | None = None) -> None:
        """Expect this slide, with as many steps shown."""
        expect(self.heading()).to_have_text(re.compile(f"^{re.escape(title)}¶?$"))
        if step is not None:
            expect(self.here(".fragment.visible")).to_have_count(step)

    def here(self, selector: str):
        """What is on the slide."""
        return self.frame.locator(f"{HERE} {selector}")

    def output(self):
        """What can be expected of the output on this slide."""
        return expect(self.frame.locator(OUTPUT).first)

    def toast(self):
        return expect(self.page.locator("#toast"))

    def cells(self):
        """The cells of the part that is shown, as its notebook has them, without their outputs."""
        return self.inside(
            """() => {
                const notebook = window.jupyterapp?.shell.currentWidget.content.model ?? Jupyter.notebook;
                return notebook.toJSON().cells.map(({ cell_type, source }) => [cell_type, source]);
            }"""
        )

    def inside(self, script: str, argument: object = None):
        """Evaluate a script in the frame that is shown."""
        return self.page.locator("iframe.shown").element_handle().content_frame().evaluate(script, argument)
