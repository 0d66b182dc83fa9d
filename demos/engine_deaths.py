"""Tasks on engines of which one dies: what was done all the same, what was lost, and how long it took.

The task that kills its engine leaves its last words in a file, since no answer comes from there.
"""

import json
import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from engine_lanes import lanes
from harness import CannotRun, Lanes, Run
from ipyparallel import RemoteError

DEADLINE = 60  # seconds for the answers of a view: nothing waits for ever
UUID = r"\w{8}-\w+"  # of an engine or a task, in a message

Begun = namedtuple("Begun", "name answers asked last_words over")
Ended = namedtuple("Ended", "name totals asked errors stamps seconds")


def begin(name: str, view: Any, function: Callable[..., Any], tasks: int, folder: str) -> Begun:
    """Hand out all tasks of a view, function(task, last_words)."""
    last_words = Path(folder, name)
    over: list[int] = []
    words = [str(last_words)] * tasks
    answers = view.map_async(function, range(tasks), words, return_exceptions=True)
    answers.add_done_callback(lambda _: over.append(perf_counter_ns()))  # others are waited for meanwhile
    return Begun(name, answers, tasks, last_words, over)


def end(begun: Begun) -> Ended:
    """Wait for all answers. Seconds are from the death to the last of them."""
    if not begun.answers.wait(DEADLINE):
        raise CannotRun(f"{begun.name}: not all answers within {DEADLINE} s")
    answers = begun.answers.get(0)
    errors = [answer for answer in answers if isinstance(answer, RemoteError)]
    done = [answer for answer in answers if answer not in errors]
    for error in errors:
        print(f"{begun.name}: {error.ename}: {re.sub(UUID, '…', error.evalue)}")
    task, *when = json.loads(begun.last_words.read_text())
    stamps = [*(stamp for _, stamp in done), (f"{task}, killed", *when)]
    seconds = (begun.over[0] - when[-1]) / 1e9
    return Ended(begun.name, [total for total, _ in done], begun.asked, errors, stamps, seconds)


def shown(ended: Iterable[Ended], names: Mapping[int, str]) -> Iterator[Run | Lanes]:
    """A row for each view, as it ends; then all lanes."""
    pictures = []
    for name, totals, asked, errors, stamps, seconds in ended:
        raised = ", ".join(error.ename for error in errors) or "none"
        facts = {"tasks done": f"{len(totals)} of {asked}", "error raised": raised}
        yield Run(name, [seconds], "over after", "s", facts, result=sorted(totals))
        window, workers = lanes(stamps, names)
        seen = {engine: spans for engine, spans in workers.items() if spans}
        pictures.append(Lanes(name, "assigned", window, seen, {"view": name}))
    yield from pictures
