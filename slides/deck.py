"""What a slide cell calls: show() cuts code out of a demo, run() runs a demo live, and safely.

run() never leaves a slide empty or anything running: when the live run fails, or a replay is asked for, it
shows the recording, labelled with its date, its machine and the reason.

Environment: REPLAY=1 shows recordings only; DECK_EXPORT=1, set by `make slides`, makes a failed run, or a
missing recording, an error; DECK_PART_URL, set by `make present`, is the address of a part.
"""

import ast
import contextlib
import functools
import html
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import watchdog
from IPython.display import HTML, Markdown, clear_output, display

ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"
SLIDES = ROOT / "slides"
RECORDED = SLIDES / "recorded"
RUNNING = (
    ROOT / "build" / "running"
)  # holds a file while a demo runs live: one that stays tells of a dead kernel

sys.path.append(str(DEMOS))
import plots  # noqa: E402  (the demos are scripts, not an installed package)
import sources  # noqa: E402
from harness import SCHEMA  # noqa: E402
from machine import describe, describe_machine, interpreter, machine, usable_cores  # noqa: E402

DEADLINE = 20.0  # seconds; an audience waits no longer
MOST_LINES = 500  # no slide shows more; a demo that prints more has gone wild
COLUMNS = 80  # of code size on a slide, beside a margin


class Failed(Exception):
    """Why a live run gave no record, in one line."""


class Measured(dict[str, Any]):
    """A record. A cell that ends with one does not print it: its picture is already there."""

    def _ipython_display_(self) -> None:
        pass


def show(demo: str, *names: str) -> None:
    """Display functions, classes or constants of demos/<demo>.py, or the whole file."""
    display(Markdown(f"```python\n{source(demo, *names)}\n```"))


def source(demo: str, *names: str) -> str:
    """The lines that define the names, in their order, with decorators and without docstrings."""
    text = (DEMOS / f"{demo}.py").read_text(encoding="utf-8")
    if not names:
        return text.rstrip()
    lines, found = text.splitlines(), {}
    for node in ast.parse(text).body:
        for name in defines(node):
            found[name] = definition(node, lines)
    if missing := [name for name in names if name not in found]:
        raise ValueError(f"demos/{demo}.py has no {', '.join(missing)}; it has {', '.join(found)}")
    return "\n\n".join(dict.fromkeys(found[name] for name in names))


def defines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def definition(node: ast.stmt, lines: list[str]) -> str:
    """The lines of a statement; the slide says in words what the docstring says."""
    first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", []))])
    numbers = set(range(first, (node.end_lineno or first) + 1))
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(inner):
            doc = inner.body[0]
            numbers -= set(range(doc.lineno, (doc.end_lineno or doc.lineno) + 1))
    return "\n".join(lines[number - 1] for number in sorted(numbers))


def run(demo: str, *, deadline: float = DEADLINE, **options: object) -> Measured | None:
    """Run demos/<demo>.py with --option value ..., live in this cell, then draw what it measured.

    Returns the record; of the recording where that is shown; None where there is none.
    """
    if os.environ.get("REPLAY"):
        return replay(demo, options, "replay", rhythm="DECK_EXPORT" not in os.environ)
    try:
        measured = live(demo, options, deadline, lambda line: print(line, flush=True))
    except (Failed, KeyboardInterrupt) as why:
        if "DECK_EXPORT" in os.environ:
            raise
        return replay(demo, options, str(why) or "the live run was interrupted")
    show_result(measured)
    return measured


def room() -> None:
    """Display the machine in the room and the Python that runs there."""
    here, python = machine(), interpreter()
    number = here["cores"]
    limits = f"of {number['logical']}" + (f", quota {number['quota']:g}" if number["quota"] else "")
    load = "unknown" if here["load"] is None else f"{here['load']:.1f} programs wanted a core (last minute)"
    facts = {
        "Processor": here["cpu"],
        "Cores we may use": f"{number['usable']} ({limits})",
        "System": here["os"],
        "Python": describe(python),
        "Load": load,
    }
    table((f"<th>{html.escape(key)}</th><td>{html.escape(value)}</td>" for key, value in facts.items()))


def parts() -> None:
    """Display the parts of this deck, each a link to its slides."""
    address = os.environ.get("DECK_PART_URL", "{}.html" if "DECK_EXPORT" in os.environ else "{}.ipynb")
    rows = []
    for notebook in sorted(SLIDES.glob("*.ipynb")):
        about = json.loads(notebook.read_text(encoding="utf-8"))["metadata"]["deck"]
        link = f'<a href="{address.format(notebook.stem)}" target="_self">{html.escape(about["title"])}</a>'
        rows.append(f"<td>{notebook.stem[:2]}</td><td>{link}</td><td>{about['minutes']:g} min</td>")
    table(rows)


def table(rows: Iterable[str]) -> None:
    display(HTML(f'<table class="facts">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'))


# --- live ------------------------------------------------------------------------------------------------


def live(demo: str, options: dict[str, object], deadline: float, line_seen: Any) -> Measured:
    """Run the demo, hand each line on as it comes, end everything that it started; its record."""
    check_last(demo)
    protect()
    mark = watchdog.mark("DECK_RUN")
    with tempfile.TemporaryDirectory(prefix="deck-") as folder, running(demo):
        file = Path(folder, "record.json")
        with ending(mark):
            stream([*command(demo, options), "--json", str(file)], mark, deadline, line_seen)
        if not file.exists():
            raise Failed("the live run wrote no record")
        return Measured(json.loads(file.read_text(encoding="utf-8")))


def command(demo: str, options: dict[str, object]) -> list[str]:
    """The demo's own run line, by this Python, plus the options."""
    try:
        line = sources.run_line(demo)
    except OSError as error:
        raise Failed(f"demos/{demo}.py cannot be read: {error.strerror}") from None
    if line is None:
        raise Failed(f"demos/{demo}.py is no demo: its docstring has no run line")
    real = {"python": sys.executable, f"demos/{demo}.py": str(DEMOS / f"{demo}.py")}
    words = [real.get(word, word) for word in shlex.split(line)]
    return words + [word for name, value in options.items() for word in (f"--{name}", str(value))]


def stream(words: list[str], mark: dict[str, str], deadline: float, line_seen: Any) -> None:
    """Run the command until it ends well; Failed if it does not, in time and with few lines."""
    terminal = {"COLUMNS": str(COLUMNS), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    child = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | mark | terminal,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    lines: queue.Queue[str | None] = queue.Queue()
    threading.Thread(target=read, args=(child.stdout, lines), daemon=True).start()
    end, last = time.monotonic() + deadline, ""
    for count in range(MOST_LINES + 1):
        line = next_line(lines, child, end)
        if line is None:
            break
        if count == MOST_LINES:
            raise Failed(f"the live run printed more than {MOST_LINES} lines")
        line_seen(line)
        last = line.strip() or last
    if time.monotonic() >= end:
        raise Failed(f"the live run took longer than {deadline:g} s")
    status = child.wait()
    if status:
        raise Failed(f"the live run ended with status {status}: {last or 'it printed nothing'}")


def read(pipe: Any, lines: queue.Queue[str | None]) -> None:
    """Put the lines of a pipe into the queue, then None; no more than are shown, no endless one."""
    for _ in range(MOST_LINES + 1):
        line = pipe.readline(2000)
        if not line:
            break
        lines.put(line.rstrip("\n"))
    lines.put(None)


def next_line(lines: queue.Queue[str | None], child: subprocess.Popen[str], end: float) -> str | None:
    """The next line; None when it is too late or the child has ended, even if a grandchild holds the pipe."""
    while (left := end - time.monotonic()) > 0:
        gone = child.poll() is not None  # asked before the queue, so that no line of it is missed
        with contextlib.suppress(queue.Empty):
            return lines.get(timeout=min(left, 0.1))
        if gone:
            return None
    return None


@contextlib.contextmanager
def ending(mark: dict[str, str]) -> Iterator[None]:
    """At the end, however it comes, end everything that carries the mark; Ctrl-C does not cut that short."""
    try:
        yield
    finally:
        main = threading.current_thread() is threading.main_thread()
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
        watchdog.end(mark)
        if main:
            signal.signal(signal.SIGINT, before)


@functools.cache
def protect() -> None:
    """From now on nothing that this kernel starts survives it, even if it is killed."""
    mark = watchdog.mark("DECK_KERNEL")
    os.environ.update(mark)
    watchdog.guard(mark)


@contextlib.contextmanager
def running(demo: str) -> Iterator[None]:
    """Leave a file behind if the kernel dies meanwhile, for check_last()."""
    file = RUNNING / demo
    with contextlib.suppress(OSError):  # a read-only checkout: then the next run is simply live again
        RUNNING.mkdir(parents=True, exist_ok=True)
        file.write_text(str(os.getpid()))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)


def check_last(demo: str) -> None:
    """Failed, once, if the last live run of this demo took its kernel with it."""
    file = RUNNING / demo
    if file.exists() and not watchdog.alive(int(file.read_text())):
        file.unlink()
        raise Failed("the kernel died in the last live run; run the cell again for a live one")


# --- recorded --------------------------------------------------------------------------------------------


def replay(demo: str, options: dict[str, object], why: str, rhythm: bool = False) -> Measured | None:
    """Show the recording with its label: its lines, in their rhythm or at once, and its picture."""
    taken = recording(demo, options)
    clear_output(wait=True)
    if taken is None:
        words = f"There is no recording of {name(demo, options)} ({why})"
        if "DECK_EXPORT" in os.environ:
            raise Failed(words)
        label(words)
        return None
    when = datetime.fromisoformat(taken["started"])
    words = f"Recorded {when.day} {when:%B %Y} on {describe_machine(taken['machine'])} ({why})"
    if rhythm:
        label(words)
        with contextlib.suppress(KeyboardInterrupt):  # seen enough: the rest at once
            in_rhythm(taken["output"])
    show_result(taken, words)
    return taken


def in_rhythm(output: list[tuple[float, str]]) -> None:
    """Print the lines of a recording as it printed them."""
    start = time.monotonic()
    for second, line in output:
        time.sleep(max(0.0, start + second - time.monotonic()))
        print(line, flush=True)


def recording(demo: str, options: dict[str, object]) -> Measured | None:
    """The recording made with as many cores as this machine has, else the nearest; None if all are stale."""
    found = []
    for file in RECORDED.glob(f"*/{name(demo, options)}.json"):
        taken = Measured(json.loads(file.read_text(encoding="utf-8")))
        if taken["schema"] == SCHEMA and fresh(taken):
            found.append((abs(taken["machine"]["cores"]["usable"] - usable_cores()), file.parent.name, taken))
    return min(found, key=lambda item: item[:2])[2] if found else None


def fresh(taken: dict[str, Any]) -> bool:
    """Whether the demo is still the one that was recorded; if it cannot be read, there is nothing better."""
    try:
        return bool(taken["source"] == sources.source_hash(taken["demo"]))
    except OSError:
        return True


def name(demo: str, options: dict[str, object]) -> str:
    """The name of a recording's file, without its suffix: gil_lanes@mechanism=processes."""
    given = ",".join(f"{option}={value}" for option, value in sorted(options.items()))
    return f"{demo}@{given}" if given else demo


# --- what the cell shows ---------------------------------------------------------------------------------


def show_result(taken: dict[str, Any], recorded: str = "") -> None:
    """Instead of the lines so far: the label of a recording, the pictures, the lines to unfold."""
    clear_output(wait=True)
    if recorded:
        label(recorded)
    svgs = [plots.draw(taken)] if taken["lanes"] or taken["runs"] else []
    svgs += [attachment["svg"] for attachment in taken["attachments"]]
    for svg in svgs:
        display(HTML(f'<figure class="picture">{svg}</figure>'))
    lines = html.escape("\n".join(line for _, line in taken["output"]))
    display(HTML(f"<details><summary>What the script printed</summary><pre>{lines}</pre></details>"))


def label(words: str) -> None:
    display(HTML(f'<p class="recorded">{html.escape(words)}</p>'))
