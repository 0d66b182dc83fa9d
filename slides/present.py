"""make present: the slides as a live slideshow in the browser, until Ctrl-C.

    $ python slides/present.py [FOLDER]

FOLDER holds the notebooks (default: slides/). The environment decides the rest: TALK=30min shows a route of
slides/routes/, PARTS="20 80" some parts; CLASSIC=1 shows them with classic RISE; REPLAY=1 replays recordings
in their rhythm, REPLAY=fast at once; PORT=… sets the port; NO_BROWSER=1 opens no browser.

The talk runs on a copy in build/present/<process id>/. All that Jupyter reads or writes is there too, its log
among it, so that neither the configuration in somebody's home nor the notebooks in git can change. If a talk
died there within the last hours, the same talk goes on where it was; FRESH=1 begins anew.
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import webbrowser
from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

import psutil
import talks
import warm
import watchdog

SLIDES = Path(__file__).resolve().parent
STAGE = SLIDES / "stage"
THEME = SLIDES / "theme"
BUILD = SLIDES.parent / "build" / "present"
EMERGENCY = SLIDES.parent / "build" / "slides" / "talk.html"  # make slides writes it
LOG = "server.log"
REPLAY = {"": "", "0": "", "1": "rhythm", "fast": "at once"}
RESUMABLE = 3 * 3600.0  # seconds; what was left earlier is another day's talk
FIRST_PORT, MORE_PORTS = 8888, 50  # a talk takes the first that is free
START_SECONDS = 60.0  # for a slow disk; as a rule the server starts in 2 s
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotPresent(Exception):
    """What is wrong before anything was started, and how to mend it: exit status 2."""


class ServerFailed(Exception):
    """The server did not start, or ended by itself: exit status 1."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SLIDES, help="default: slides/")
    folder = parser.parse_args(argv).folder
    try:
        with own_terminal(), contextlib.suppress(KeyboardInterrupt):
            end_on_signals()
            present(folder)
    except (CannotPresent, talks.CannotTalk, ServerFailed) as error:
        print(f"make present: {error}", file=sys.stderr)
        return 1 if isinstance(error, ServerFailed) else 2
    return 0


def present(folder: Path) -> None:
    """Serve the talk until KeyboardInterrupt; nothing that was started outlives it."""
    port = requested_port()
    talk, home = talks.chosen(folder), BUILD / str(os.getpid())
    state = left_state(description(talk))
    remove_ended_talks()
    prepare(talk, home, state)
    try:
        serve(home, port, [part.path for part in talk.parts], resumed=bool(state))
    except KeyboardInterrupt:
        (home / "state.json").unlink(missing_ok=True)  # an end that is meant: the next talk begins anew
        raise


def serve(home: Path, port: int | None, notebooks: Sequence[Path], resumed: bool) -> None:
    token = secrets.token_hex(16)
    mark = watchdog.mark("PRESENT_RUN")
    watchdog.guard(mark)
    try:
        server = start(home, port, environment(home) | mark | {"JUPYTER_TOKEN": token})
        url = f"http://127.0.0.1:{listening(server, home, token)}/stage?token={token}"
        print(f"\n  {url}\n\n  The talk is at this address. Ctrl-C here ends everything.")
        if resumed:
            print("  It goes on at the slide where it stopped; FRESH=1 begins anew.")
        print(flush=True)
        compile_beside(home, notebooks, mark)
        if has_desktop():
            webbrowser.open(url)
        raise ServerFailed(f"the server ended by itself, with status {server.wait()}; see {home / LOG}")
    finally:
        for number in ENDING_SIGNALS:  # a second Ctrl-C would cut this short
            signal.signal(number, signal.SIG_IGN)
        watchdog.end(mark)


def compile_beside(home: Path, notebooks: Sequence[Path], mark: dict[str, str]) -> None:
    """Compile what will be needed while the talk begins."""
    if warm.needed(notebooks):
        with (home / "compiling.log").open("wb") as log:
            subprocess.Popen(
                warm.command(notebooks),
                env=environment(home) | mark,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


# --- what the talk needs -----------------------------------------------------------------------------------


def requested_port() -> int | None:
    """PORT, if it is given and free."""
    given = os.environ.get("PORT")
    if not given:
        return None
    if not (given.isascii() and given.isdecimal()) or not 1024 <= int(given) <= 65535:
        raise CannotPresent(f"PORT={given} is no port: give a number from 1024 to 65535, or leave PORT out")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", int(given)))
        except OSError as error:
            mend = "give another one, or leave PORT out"
            raise CannotPresent(f"PORT={given}: {error.strerror}; {mend}") from None
    return int(given)


def prepare(talk: talks.Talk, home: Path, state: dict[str, Any] | None = None) -> None:
    """Make the talk's folder: the notebooks, their look, the settings, and where an earlier talk goes on."""
    about, settings = description(talk), {"replay": replay(), "replayed": [], "look": "light"}
    try:
        shutil.rmtree(home, ignore_errors=True)
        for folder in ("config", "data", "settings"):
            shutil.copytree(STAGE / folder, home / folder)
        home.chmod(0o700)
        for place in ("config/nbconfig/rise.json", "settings/jupyterlab-rise/plugin.jupyterlab-settings"):
            (home / place).parent.mkdir(exist_ok=True)
            shutil.copy(STAGE / "rise.json", home / place)  # one for both engines
        # RISE's own extension only: others that an environment may have need a newer Lab than RISE's.
        extension = "share/jupyter/labextensions/jupyterlab-rise"
        shutil.copytree(Path(sys.prefix, extension), home / "data/labextensions/jupyterlab-rise")
        warm.configure(home / "ipython")
        serve_notebooks(talk, home / "notebooks")
        if EMERGENCY.exists():
            shutil.copy(EMERGENCY, home / "emergency.html")
        for name, document in (("talk", about), ("settings", settings), ("state", state)):
            if document:
                (home / f"{name}.json").write_text(json.dumps(document), "utf-8")
    except OSError as error:
        raise CannotPresent(f"cannot make {home}: {error}") from None


def serve_notebooks(talk: talks.Talk, served: Path) -> None:
    """Put the notebooks in a folder, with what their slides load."""
    served.mkdir()
    for part in talk.parts:
        (served / f"{part.stem}.ipynb").write_text(json.dumps(part.notebook), "utf-8")
        (served / f"{part.stem}.css").touch()  # RISE asks for it
    theme = [(THEME / name).read_text("utf-8") for name in ("fonts.css", "deck.css", "rise.css")]
    (served / "rise.css").write_text("\n".join(theme), "utf-8")
    package = find_spec("sphinx_revealjs")  # found, not imported: only reveal.js is there to use
    assert package and package.submodule_search_locations
    fonts = Path(package.submodule_search_locations[0], "_static/revealjs/dist/theme/fonts/source-sans-pro")
    shutil.copytree(fonts, served / "fonts")
    if (SLIDES / "images").exists():
        shutil.copytree(SLIDES / "images", served / "images")


def description(talk: talks.Talk) -> dict[str, Any]:
    """What the stage knows of the talk: talk.json."""
    return {
        "title": talk.title,
        "minutes": talk.minutes,
        "engine": "classic" if os.environ.get("CLASSIC") else "rise",
        "parts": [
            {
                "name": part.stem,
                "title": part.title,
                "minutes": part.minutes,
                "slides": [
                    {"title": talks.heading(slide), "minutes": talks.minutes(slide)}
                    for slide in talks.slides(part.notebook)
                ],
            }
            for part in talk.parts
        ],
        "emergency": EMERGENCY.exists(),
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def replay() -> str:
    """How the talk is replayed: "rhythm", "at once", or "", which means live."""
    given = os.environ.get("REPLAY", "")
    if given not in REPLAY:
        raise CannotPresent(f"REPLAY={given}: give 1 or fast, or leave REPLAY out")
    return REPLAY[given]


def left_state(about: dict[str, Any]) -> dict[str, Any] | None:
    """Where the same talk was, if it died a short time ago: an orderly end leaves no state."""
    if os.environ.get("FRESH"):
        return None
    for file in sorted(BUILD.glob("*/state.json"), key=lambda file: file.stat().st_mtime, reverse=True):
        then = json.loads((file.parent / "talk.json").read_text("utf-8"))
        same = all(then[key] == about[key] for key in ("title", "parts"))
        if same and ended(file.parent) and time.time() - file.stat().st_mtime < RESUMABLE:
            state: dict[str, Any] = json.loads(file.read_text("utf-8"))
            return state
    return None


def remove_ended_talks() -> None:
    for old in BUILD.glob("*"):
        if ended(old):
            shutil.rmtree(old, ignore_errors=True)  # what cannot be removed does not stop a talk


def ended(home: Path) -> bool:
    """Whether the process whose talk this is has gone."""
    return not (home.name.isdecimal() and psutil.pid_exists(int(home.name)))


def environment(home: Path) -> dict[str, str]:
    """This process's environment, with nobody's Jupyter but the talk's."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return (
        own
        | {name: str(home / folder) for name, folder in folders.items()}
        | {
            "DECK_SETTINGS": str(home / "settings.json"),
            "DECK_PART_URL": "/stage#{}",
            "JUPYTER_PREFER_ENV_PATH": "0",  # ours goes before a virtual environment's
            "PYTHONNOUSERSITE": "1",  # no kernels and extensions from somebody's home
            "PYTHONPATH": os.pathsep.join([str(SLIDES), *filter(None, [own.get("PYTHONPATH")])]),
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), own.get("PATH", os.defpath)]),
        }
    )


def has_desktop() -> bool:
    if os.environ.get("NO_BROWSER") or os.environ.get("CI"):
        return False
    return sys.platform != "linux" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())


# --- the server --------------------------------------------------------------------------------------------


def start(home: Path, port: int | None, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the server, away from the terminal and its Ctrl-C."""
    command = [sys.executable, "-m", "jupyter_server", f"--ServerApp.port={port or FIRST_PORT}"]
    retries = 0 if port else MORE_PORTS
    with (home / LOG).open("wb") as log:
        return subprocess.Popen(
            [*command, f"--ServerApp.port_retries={retries}"],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def listening(server: subprocess.Popen[bytes], home: Path, token: str) -> int:
    """Wait until the server answers; its port."""
    about = home / "runtime" / f"jpserver-{server.pid}.json"  # written a little earlier
    direct = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServerFailed(f"the server did not start; {home / LOG} says why")
        with contextlib.suppress(OSError, json.JSONDecodeError):  # not yet
            port: int = json.loads(about.read_text("utf-8"))["port"]
            url = f"http://127.0.0.1:{port}/api/status"  # it refuses other tokens than its own
            direct.open(Request(url, headers={"Authorization": f"token {token}"}), timeout=5).close()
            return port
        time.sleep(0.05)
    raise ServerFailed(f"the server did not start within {START_SECONDS:g} s; see {home / LOG}")


# --- the terminal ------------------------------------------------------------------------------------------


def end_on_signals() -> None:
    """From now on Ctrl-C, TERM and a closed terminal raise KeyboardInterrupt, and Ctrl-Z does nothing."""
    for number in ENDING_SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # as nohup leaves it
            signal.signal(number, signal.default_int_handler)
    signal.signal(signal.SIGTSTP, lambda *_: None)


@contextlib.contextmanager
def own_terminal() -> Iterator[None]:
    """Take the terminal's keys for this process alone: make would answer Ctrl-C with an error of its own."""
    caller = os.getpgrp()
    if not os.isatty(0) or caller == os.getpid() or os.tcgetpgrp(0) != caller:
        yield
        return
    os.setpgid(0, 0)
    to_foreground(os.getpid())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the terminal is gone
            to_foreground(caller)


def to_foreground(group: int) -> None:
    # The terminal stops a process that does this from the background, unless the signal is blocked.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        os.tcsetpgrp(0, group)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


if __name__ == "__main__":
    sys.exit(main())
