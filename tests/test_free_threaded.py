"""make free-threaded: a Python without a GIL is found or fetched, or a line says why not."""

import free_threaded
import pytest
from test_interpreters import answers, nowhere, program

ONE = answers(build="free-threaded", gil=False, executable="/opt/python3.14t")

__all__ = ["nowhere"]  # a fixture


@pytest.fixture
def uv(nowhere, monkeypatch):
    """A uv that does what the text says, in a place of its own."""

    def say(text):
        monkeypatch.setattr(free_threaded.shutil, "which", lambda _: program(nowhere / "uv", text))

    return say


def test_one_that_is_there_is_shown_and_nothing_fetched(nowhere, uv, capsys):
    uv(f"touch {nowhere}/fetched")
    program(nowhere / "bin" / "python3.14t", ONE)
    assert free_threaded.main() == 0
    said = capsys.readouterr().out
    assert "/opt/python3.14t" in said
    assert said.endswith("Try it: python demos/gil_lanes.py --python 3.14t\n")
    assert not (nowhere / "fetched").exists()


def test_one_that_is_not_is_fetched(nowhere, uv, capsys):
    (nowhere / "bin").mkdir()
    new = program(nowhere / "new", ONE)
    uv(f'[ "$*" = "python install 3.14t" ] && /bin/cp {new} {nowhere}/bin/python3.14t')
    assert free_threaded.main() == 0
    assert "/opt/python3.14t" in capsys.readouterr().out


def test_where_there_is_no_network_one_line_says_so(nowhere, uv, capsys):
    uv("echo 'error: cannot download' >&2; echo '  cause: no network' >&2; exit 1")
    assert free_threaded.main() == 2
    said = capsys.readouterr().err
    assert said.startswith("make free-threaded: nothing was changed: no network. Without a network: ")
    assert said.count("\n") == 1


def test_without_uv_a_copy_of_our_own_is_taken(nowhere, monkeypatch, capsys):
    monkeypatch.setattr(free_threaded.shutil, "which", lambda _: None)
    monkeypatch.setattr(
        free_threaded.setup, "own_uv", lambda: program(nowhere / "own", "echo ours >&2; exit 1")
    )
    assert free_threaded.main() == 2
    assert "nothing was changed: ours." in capsys.readouterr().err
