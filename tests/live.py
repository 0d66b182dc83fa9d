"""A talk in a terminal, and its slideshow in a browser that is driven by keys, as on stage."""

import json
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pexpect
import watchdog
from conftest import ROOT
from playwright.sync_api import Page, expect

PATIENCE = 60.0  # seconds; there are two cores, and other tests run beside these
HERE = ".reveal.ready .slides > section.present > section.present"  # the slide that is shown
CODE = f"{HERE} :is(.jp-CodeCell, .code_cell)"
OUTPUT = f"{HERE} :is(.jp-OutputArea, .output)"


def until(holds: Callable[[], bool]) -> bool:
    """Wait a while until something holds; whether it does."""
    deadline = time.monotonic() + PATIENCE
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return held


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def default_signals() -> None:
    """A shell that runs the tests in the background has Ctrl-C ignored, by all that they start."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_DFL)


class Talk:
    """A running `make present` (or its command), in a terminal of its own, at a port of its own."""

    def __init__(self, *command: str | Path, **environment: str | int | Path) -> None:
        # A make that runs the tests would hand its options on.
        inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
        given = {"PORT": free_port()} | environment
        program, *words = map(str, command)
        self.terminal = pexpect.spawn(
            program,
            words,
            env=inherited | {"NO_BROWSER": "1"} | {name: str(value) for name, value in given.items()},
            cwd=str(ROOT),
            preexec_fn=default_signals,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        self.terminal.expect(r"http://127\.0\.0\.1:(\d+)/\S+\?token=(\w+)")
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

    def ask(self, path: str, **more: bytes):
        """The answer of the server's API."""
        url = f"http://127.0.0.1:{self.port}/api/{path}"
        request = Request(url, headers={"Authorization": f"token {self.token}"}, **more)
        with build_opener(ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Show:
    """The slideshow in a page; all requests and all errors are kept."""

    def __init__(self, talk: Talk, page: Page) -> None:
        self.talk, self.page = talk, page
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.loaded = 0  # the number of requests before the page was loaded
        page.context.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda websocket: self.requests.append(websocket.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        page.on("dialog", lambda dialog: dialog.accept())  # classic asks before it leaves a page
        page.set_default_timeout(PATIENCE * 1000)

    def open(self, notebook: str | None = None) -> None:
        """Load a notebook; by default that of the printed address, else what a link would lead to."""
        url, self.loaded = self.talk.url, len(self.requests)
        self.page.goto(re.sub(r"[^/]+\.ipynb", notebook, url) if notebook else url)
        self.page.locator(HERE).wait_for()
        assert until(self.kernel_idle)  # neither engine runs a cell before it has one

    def kernel_idle(self) -> bool:
        """Whether the page has opened a channel to its kernel, and that waits for work.

        The server's own count of connections stays at zero when a page was left while it connected.
        """
        self.page.wait_for_timeout(50)  # milliseconds; the page's events come only while it is waited for
        name = urlsplit(self.page.url).path.rpartition("/")[2]
        kernels = [session["kernel"] for session in self.talk.ask("sessions") if session["path"] == name]
        idle = [kernel["id"] for kernel in kernels if kernel["execution_state"] == "idle"]
        return any(f"{kernel}/channels" in url for kernel in idle for url in self.requests[self.loaded :])

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, title: str) -> None:
        """Go from the first slide to the one with this title, and wait until its code is selected."""
        self.press("Home")
        expect(self.page.locator(HERE)).to_have_id("slide-0-0")
        while self.title() != title:
            slide = self.slide()
            self.press("Space")
            expect(self.page.locator(HERE)).not_to_have_id(slide)  # else there is no such slide
        if self.page.locator(CODE).count():
            expect(self.page.locator(CODE)).to_have_class(re.compile(r"\b(jp-mod-active|selected)\b"))

    def slide(self) -> str:
        return self.page.locator(HERE).get_attribute("id")

    def title(self) -> str:
        return self.page.locator(f"{HERE} :is(h1, h2)").first.text_content().rstrip("¶")

    def output(self):
        """What can be expected of the output on this slide."""
        return expect(self.page.locator(OUTPUT))
