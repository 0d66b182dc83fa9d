"""make present: the slides as a live slideshow in the browser, until Ctrl-C.

    $ python slides/present.py [FOLDER]

FOLDER holds the notebooks (default: slides/). The environment decides the rest: CLASSIC=1 shows them with
classic RISE, REPLAY=1 replays recordings, PORT=… sets the port, NO_BROWSER=1 opens no browser.

The talk runs on a copy in build/present/<process id>/. All that Jupyter reads or writes is there too, its log
among it, so that neither the configuration in somebody's home nor the notebooks in git can change.
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
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import psutil
import watchdog

SLIDES = Path(__file__).resolve().parent
STAGE = SLIDES / "stage"
BUILD = SLIDES.parent / "build" / "present"
LOG = "server.log"
RISE, CLASSIC = "rise", "nbclassic/notebooks"  # where the server has the two engines
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
    except (CannotPresent, ServerFailed) as error:
        print(f"make present: {error}", file=sys.stderr)
        return 2 if isinstance(error, CannotPresent) else 1
    return 0


def present(folder: Path) -> None:
    """Serve the notebooks of the folder until KeyboardInterrupt; nothing that was started outlives it."""
    port = requested_port()
    talk = BUILD / str(os.getpid())
    first = prepare(folder, talk)
    token = secrets.token_hex(16)
    mark = watchdog.mark("PRESENT_RUN")
    watchdog.guard(mark)
    try:
        engine = CLASSIC if os.environ.get("CLASSIC") else RISE
        ours = mark | {"JUPYTER_TOKEN": token, "DECK_PART_URL": f"/{engine}/{{}}.ipynb"}
        server = start(talk, port, environment(talk) | ours)
        url = f"http://127.0.0.1:{listening(server, talk, token)}/{engine}/{first}?token={token}"
        print(f"\n  {url}\n\n  The talk is at this address. Ctrl-C here ends everything.\n", flush=True)
        if has_desktop():
            webbrowser.open(url)
        raise ServerFailed(f"the server ended by itself, with status {server.wait()}; see {talk / LOG}")
    finally:
        for number in ENDING_SIGNALS:  # a second Ctrl-C would cut this short
            signal.signal(number, signal.SIG_IGN)
        watchdog.end(mark)


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


def prepare(folder: Path, talk: Path) -> str:
    """Make the talk's folder: the notebooks, their look, the settings; the name of the first notebook."""
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise CannotPresent(f"{folder} has no notebooks; name a folder that has")
    try:
        remove_ended_talks()
        shutil.rmtree(talk, ignore_errors=True)
        shutil.copytree(STAGE, talk)
        talk.chmod(0o700)
        for place in ("config/nbconfig/rise.json", "settings/jupyterlab-rise/plugin.jupyterlab-settings"):
            (talk / place).parent.mkdir(exist_ok=True)
            shutil.copy(STAGE / "rise.json", talk / place)  # one for both engines
        # RISE's own extension only: others that an environment may have need a newer Lab than RISE's.
        extension = "share/jupyter/labextensions/jupyterlab-rise"
        shutil.copytree(Path(sys.prefix, extension), talk / "data/labextensions/jupyterlab-rise")
        served = talk / "notebooks"
        served.mkdir()
        for notebook in notebooks:
            shutil.copy(notebook, served)
            (served / notebook.name).with_suffix(".css").touch()  # RISE asks for it
        theme = [SLIDES / "theme" / name for name in ("deck.css", "rise.css")]
        (served / "rise.css").write_text("\n".join(css.read_text("utf-8") for css in theme), "utf-8")
    except OSError as error:
        raise CannotPresent(f"cannot make {talk}: {error}") from None
    return notebooks[0].name


def remove_ended_talks() -> None:
    for old in BUILD.glob("*"):
        if not (old.name.isdecimal() and psutil.pid_exists(int(old.name))):
            shutil.rmtree(old, ignore_errors=True)  # what cannot be removed does not stop a talk


def environment(talk: Path) -> dict[str, str]:
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
        | {name: str(talk / folder) for name, folder in folders.items()}
        | {
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


def start(talk: Path, port: int | None, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the server, away from the terminal and its Ctrl-C."""
    command = [sys.executable, "-m", "jupyter_server", f"--ServerApp.port={port or FIRST_PORT}"]
    retries = 0 if port else MORE_PORTS
    with (talk / LOG).open("wb") as log:
        return subprocess.Popen(
            [*command, f"--ServerApp.port_retries={retries}"],
            cwd=talk,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def listening(server: subprocess.Popen[bytes], talk: Path, token: str) -> int:
    """Wait until the server answers; its port."""
    about = talk / "runtime" / f"jpserver-{server.pid}.json"  # written a little earlier
    direct = build_opener(ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise ServerFailed(f"the server did not start; {talk / LOG} says why")
        with contextlib.suppress(OSError, json.JSONDecodeError):  # not yet
            port: int = json.loads(about.read_text("utf-8"))["port"]
            url = f"http://127.0.0.1:{port}/api/status"  # it refuses other tokens than its own
            direct.open(Request(url, headers={"Authorization": f"token {token}"}), timeout=5).close()
            return port
        time.sleep(0.05)
    raise ServerFailed(f"the server did not start within {START_SECONDS:g} s; see {talk / LOG}")


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
