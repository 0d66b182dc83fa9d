"""make present: what it starts, its end, however that comes, and what cannot be presented."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import present
import pytest
from conftest import PATIENCE, ROOT, SLIDES, files, free_port, git_status, until
from jupyter_client import BlockingKernelClient
from live import Talk

PRESENT = [sys.executable, SLIDES / "present.py"]
BUILD = ROOT / "build" / "present"


# --- the end -----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    """A folder with a notebook, which no test opens."""
    slide = nbformat.v4.new_markdown_cell("# Stage", metadata={"slideshow": {"slide_type": "slide"}})
    metadata = {"deck": {"title": "Stage", "minutes": 1}}
    nbformat.write(nbformat.v4.new_notebook(cells=[slide], metadata=metadata), tmp_path / "00-stage.ipynb")
    return tmp_path


def start_kernel(talk):
    """Start a kernel with a child that is hard to end: in a session of its own, deaf to TERM."""
    kernel = talk.ask("kernels", data=b"{}")["id"]
    client = BlockingKernelClient(connection_file=str(talk.folder / f"runtime/kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
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
    assert {file.parts[0] for file in files(tmp_path)} <= {".cache"}  # where %%cython keeps what it compiled
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
    ended = BUILD / DIED
    (ended / "notebooks").mkdir(parents=True)
    port = free_port()
    with Talk(*PRESENT, folder, PORT=port) as talk:
        assert not ended.exists()
        assert talk.port == port


# --- a talk that died --------------------------------------------------------------------------------------

ABOUT = {"title": "Stage", "minutes": 1, "parts": [{"name": "00-stage"}]}
STATE = {"part": "00-stage"}
LIVES = "1"  # init or its like
DIED = "4194305"  # no process: Linux counts to 4194304, macOS to 99998


@pytest.mark.parametrize(
    "about, process, hours, fresh, goes_on",
    [
        (ABOUT, DIED, 0, "", True),
        (ABOUT | {"minutes": 2}, DIED, 2, "", True),
        (ABOUT, DIED, 4, "", False),
        (ABOUT, DIED, 0, "1", False),
        (ABOUT, LIVES, 0, "", False),
        (ABOUT | {"title": "Another"}, DIED, 0, "", False),
        (ABOUT | {"parts": []}, DIED, 0, "", False),
    ],
)
def test_the_same_talk_goes_on_where_it_died(tmp_path, monkeypatch, about, process, hours, fresh, goes_on):
    monkeypatch.setattr(present, "BUILD", tmp_path)
    monkeypatch.setenv("FRESH", fresh)
    state = tmp_path / process / "state.json"
    state.parent.mkdir()
    state.write_text(json.dumps(STATE))
    state.with_name("talk.json").write_text(json.dumps(about))
    then = time.time() - hours * 3600
    os.utime(state, (then, then))
    assert present.left_state(ABOUT) == (STATE if goes_on else None)


def test_an_end_that_is_meant_leaves_nothing_to_go_on_with(folder):
    with Talk(*PRESENT, folder) as talk:
        assert talk.request("stage/state", data=json.dumps(STATE).encode(), method="PUT").status == 204
        assert (talk.folder / "state.json").exists()
        talk.terminal.sendintr()
        assert talk.status() == 0
        assert not (talk.folder / "state.json").exists()


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


@pytest.mark.alone  # it looks at the talks that there are
@pytest.mark.parametrize("name, value", [("REPLAY", "yes"), ("TALK", "12h"), ("PARTS", "77")])
def test_a_talk_that_does_not_exist_is_refused(folder, name, value):
    status, words = refusal(folder, **{name: value})
    assert status == 2
    assert words.count("\n") == 1
    assert value in words


@pytest.mark.alone  # the next talk removes the log
def test_a_server_that_does_not_start_is_reported_with_its_log(folder, tmp_path):
    (tmp_path / "jupyter_server.py").write_text("raise SystemExit('no server today')")
    status, words = refusal(folder, PYTHONPATH=tmp_path)
    assert status == 1
    assert words.count("\n") == 1
    (log,) = re.findall(r"/.*server\.log", words)  # the path may hold spaces
    assert "no server today" in Path(log).read_text()
