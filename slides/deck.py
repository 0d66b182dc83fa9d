"""What a slide cell calls: show() cuts code out of a demo, run() and tune() run it live, and safely.

run() never leaves a slide empty or anything running: when the live run fails, or a replay is asked for, it
shows the recording. Each result says what it is: live, or recorded with date, machine and reason.

Environment: REPLAY=1 shows recordings only, REPLAY=fast without their rhythm; DECK_SETTINGS, set by
`make present`, is the file in which the stage says what to replay; DECK_EXPORT=1, set by `make slides`,
makes a failed run, or a missing recording, an error; DECK_PART_URL is the address of a part.
"""

import contextlib
import html
import itertools
import json
import os
import re
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import recordings
import running
import talks
from IPython.display import HTML, clear_output, display, update_display
from listing import file_of, listing, source
from running import DEADLINE, Failed

sys.path.append(str(Path(__file__).resolve().parent.parent / "demos"))
import plots
from machine import describe, describe_machine, interpreter, machine
from terminal import number, speedup

FEW = 4  # runs whose numbers are read at a glance
BUSY = 0.1  # the share of the time in which a worker had no core though there are enough: it is to be seen
Options = Mapping[str, object]
TUNED: dict[str, Mapping[str, Sequence[Any]]] = {}  # the choices of the demos that have controls
SHOWN: dict[tuple[str, str], "Shown"] = {}  # the last result of a run, by its name, live or replayed


@dataclass
class Shown:
    """A result, and which of its pictures were on a slide."""

    taken: "Measured | None"
    state: str
    pictures: set[str]


class Measured(dict[str, Any]):
    """A record. A cell that ends with one does not print it: its picture is already there."""

    def _ipython_display_(self) -> None:
        pass


def show(demo: str, *names: str, steps: Sequence[str] = ()) -> None:
    """Display functions, classes or constants of demos/<demo>.py, or the whole file.

    Or of a .pyx or .c beside it, named with its suffix: show("cython_fib.pyx", "typed"). Each step lights up
    the lines that hold its text, one step after the other.
    """
    display(HTML(listing(source(demo, *names), steps, file_of(demo).suffix)))


def run(demo: str, *, picture: str = "", deadline: float = DEADLINE, **options: object) -> Measured | None:
    """Run demos/<demo>.py with --option value ..., live in this cell, then draw what it measured.

    Of its pictures all are shown, or the one that is named: "runs" or a measure, "lanes", or an attachment.
    Another picture of the last run comes at once; the same one again is measured anew.
    Returns the record; of the recording where that is shown; None where there is none.
    """
    run_name = recordings.name(demo, options), replaying(demo)
    with running.until_all_is_ended():
        last = SHOWN.get(run_name)
        if not last or picture in last.pictures:
            last = SHOWN[run_name] = Shown(*measure(demo, options, deadline, streamed=True), set())
            clear_output(wait=True)
        last.pictures.add(picture)
        display(HTML(result(demo, last.taken, last.state, picture)))
    return last.taken


def tune(demo: str, *, deadline: float = DEADLINE, **choices: Sequence[Any]) -> None:
    """Like run(), with a control for each option; the first of its choices is shown first.

    In the export every combination is there, as it was recorded.
    """
    TUNED[demo] = choices
    first = {option: values[0] for option, values in choices.items()}
    if "DECK_EXPORT" in os.environ:
        every = [dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values())]
        results = [
            result(demo, *recorded(demo, options), options=options, hidden=options != first)
            for options in every
        ]
        display(HTML(controls(demo, first) + "".join(results)))
        return
    display(HTML(controls(demo, first) + state_line("live", "Live · running …")), display_id=f"tune-{demo}")
    show_tuned(demo, first, deadline)


def retune(demo: str, chosen: Mapping[str, str]) -> None:
    """Show the result of tune() with other values; the stage calls this when a control was changed."""
    options = {
        option: next(value for value in values if str(value) == chosen[option])
        for option, values in TUNED[demo].items()
    }
    show_tuned(demo, options, DEADLINE)


def room() -> None:
    """Display the machine in the room and the Python that runs there."""
    here, python = machine(), interpreter()
    cores = here["cores"]
    limits = f"of {cores['logical']}" + (f", quota {cores['quota']:g}" if cores["quota"] else "")
    load = (
        "unknown" if here["load"] is None else f"{here['load']:.1f} tasks ran or waited (average of a minute)"
    )
    facts = {
        "Processor": here["cpu"],
        "Cores we may use": f"{cores['usable']} ({limits})",
        "System": here["os"],
        "Python": describe(python),
        "Load": load,
    }
    table((f"<th>{html.escape(key)}</th><td>{html.escape(value)}</td>" for key, value in facts.items()))


def parts() -> None:
    """Display the parts of this talk, each a link to its slides."""
    address = os.environ.get("DECK_PART_URL", "{}.html" if "DECK_EXPORT" in os.environ else "{}.ipynb")
    rows = []
    for part in talks.chosen().parts:
        link = f'<a href="{address.format(part.stem)}" target="_self">{html.escape(part.title)}</a>'
        rows.append(f"<td>{part.stem[:2]}</td><td>{link}</td><td>{part.minutes:g} min</td>")
    table(rows)


def table(rows: Iterable[str]) -> None:
    display(HTML(f'<table class="facts">{"".join(f"<tr>{row}</tr>" for row in rows)}</table>'))


# --- live or recorded ------------------------------------------------------------------------------------


def measure(demo: str, options: Options, deadline: float, streamed: bool) -> tuple[Measured | None, str]:
    """The record of a live run or, where that fails or is not wanted, of the recording; its state line.

    Streamed, the slide shows the state and the lines of the demo as they come.
    """

    def seen(line: str) -> None:
        if streamed:
            print(line, flush=True)

    if how := replaying(demo):
        taken, state = recorded(demo, options)
        if taken and streamed and how == "rhythm":
            display(HTML(state))
            with contextlib.suppress(KeyboardInterrupt):  # seen enough: the rest at once
                in_rhythm(taken["output"])
        return taken, state
    if streamed:
        display(HTML(state_line("live", "Live · running …")))
    try:
        taken = Measured(running.live(demo, options, deadline, seen))
    except (Failed, KeyboardInterrupt) as why:
        running.ignore_interrupts()
        if "DECK_EXPORT" in os.environ:
            raise
        return recorded(demo, options, str(why) or "the live run was interrupted")
    words = f"Live · {when(taken, '%H:%M')} · {describe_machine(taken['machine'])}"
    if recordings.disturbed(taken) > BUSY:
        again = "" if "DECK_EXPORT" in os.environ else ", Ctrl-Enter runs it again"
        words += f" · the machine is busy{again}"
    return taken, state_line("live", words)


def replaying(demo: str) -> str:
    """How the demo is to be replayed: "rhythm" or "at once"; "" means live."""
    if file := os.environ.get("DECK_SETTINGS"):
        settings = json.loads(Path(file).read_text(encoding="utf-8"))
        return str(settings["replay"] or ("rhythm" if demo in settings["replayed"] else ""))
    if wanted := os.environ.get("REPLAY"):
        return "at once" if wanted == "fast" or "DECK_EXPORT" in os.environ else "rhythm"
    return ""


def recorded(demo: str, options: Options, why: str = "") -> tuple[Measured | None, str]:
    """The recording and its state line; None, and words that say so, where there is none."""
    taken = recordings.best(demo, options)
    reason = f" · {why}" if why else ""
    if taken is None:
        words = f"There is no recording of {recordings.name(demo, options)}{reason}"
        if "DECK_EXPORT" in os.environ:
            raise Failed(words)
        return None, state_line("recorded", words)
    words = f"Recorded · {when(taken)} · {describe_machine(taken['machine'])}{reason}"
    return Measured(taken), state_line("recorded", words)


def in_rhythm(output: list[tuple[float, str]]) -> None:
    """Print the lines of a recording as it printed them."""
    start = time.monotonic()
    for second, line in output:
        time.sleep(max(0.0, start + second - time.monotonic()))
        print(line, flush=True)


def when(taken: Mapping[str, Any], time_of_day: str = "") -> str:
    """The day of a record, and the time here: 22 November 2026, 18:40."""
    started = datetime.fromisoformat(taken["started"]).astimezone()
    return f"{started.day} {started:%B %Y}" + (f", {started.strftime(time_of_day)}" if time_of_day else "")


# --- what the cell shows ---------------------------------------------------------------------------------


def show_tuned(demo: str, options: Options, deadline: float) -> None:
    with running.until_all_is_ended():
        shown = result(demo, *measure(demo, options, deadline, streamed=False), options=options)
        update_display(HTML(controls(demo, options) + shown), display_id=f"tune-{demo}")


def result(
    demo: str,
    taken: Measured | None,
    state: str,
    picture: str = "",
    options: Options | None = None,
    hidden: bool = False,
) -> str:
    """The state, the room for a prediction, the pictures, and the printed lines to unfold."""
    about = {"class": "result", "data-demo": demo, "data-measured": in_words(taken) if taken else ""}
    if options is not None:
        about["data-options"] = json.dumps({option: str(value) for option, value in options.items()})
    attributes = "".join(f' {name}="{html.escape(value)}"' for name, value in about.items())
    inside = [state, '<p class="prediction" hidden></p>']
    if taken:
        svgs = pictures(taken)
        shown = [svgs[picture]] if picture in svgs else svgs.values()  # rather all than an empty slide
        inside += [f'<figure class="picture">{svg}</figure>' for svg in shown]
        printed = html.escape("\n".join(line for _, line in taken["output"]))
        inside.append(f"<details><summary>What the script printed</summary><pre>{printed}</pre></details>")
    return f"<div{attributes}{' hidden' if hidden else ''}>{''.join(inside)}</div>"


def pictures(taken: Mapping[str, Any]) -> dict[str, str]:
    """The pictures of a record by their names: those of plots.pictures(), then its attachments."""
    attached = {attachment["name"]: attachment["svg"] for attachment in taken["attachments"]}
    return plots.pictures(taken) | attached


def in_words(taken: Mapping[str, Any]) -> str:
    """What was measured, short enough to be read beside a prediction; else ""."""
    runs = taken["runs"]
    if taken["lanes"]:
        together = [line for _, line in taken["output"] if line.startswith("together ")]
        return together[-1] if together else ""
    if len({run["variant"] for run in runs}) < len(runs) or len(runs) > FEW:
        return ""
    if len(runs) > 1 and all(run["measure"] == "time" for run in runs):
        return "speedup of " + ", ".join(f"{run['variant']} {speedup(run, runs):,.2f}" for run in runs)
    return ", ".join(f"{run['variant']} {number(median(run['values']))} {run['unit']}" for run in runs)


def state_line(kind: str, words: str) -> str:
    return f'<p class="state {kind}">{html.escape(words)}</p>'


def controls(demo: str, chosen: Options) -> str:
    """A row of buttons for each option; numbers in their order."""
    fieldsets = []
    for option, values in TUNED[demo].items():
        ordered = sorted(values) if all(isinstance(value, int | float) for value in values) else values
        buttons = [
            f'<label><input type="radio" name="{option}" value="{value}"'
            f"{' checked' if value == chosen[option] else ''}> {value}</label>"
            for value in ordered
        ]
        legend = f"<legend>{'interval, ms' if option == 'interval' else option}</legend>"
        digits = " ".join(filter(re.compile(r"\d$").match, map(str, ordered)))  # each is a key
        about = f'data-option="{option}" data-keys="{digits}"'
        fieldsets.append(f"<fieldset {about}>{legend}{''.join(buttons)}</fieldset>")
    return f'<form class="tune" data-demo="{demo}">{"".join(fieldsets)}</form>'
