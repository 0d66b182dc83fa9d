"""A child process is a copy of its parent (fork), or a new Python that was told little (forkserver, spawn).

In fresh Pythons, newborn.py starts children by each method, changes things, and asks the next child for them.
Look for: the price of a new Python; and a held lock that fork hands on, without the thread that frees it.

    $ python demos/start_methods.py
"""

import json
import multiprocessing
import platform
import subprocess
import sys
from itertools import chain
from pathlib import Path

import textpicture
from harness import Attachment, CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record

NEWBORN = Path(__file__).with_name("newborn.py")
METHODS = multiprocessing.get_all_start_methods()  # the first is the default of this Python
CHILDREN = ("first", "next")
PYTHONS = Number(3, 1, most=1000, about="fresh Pythons for each method")
DEADLINE = 20  # seconds for one of them, which takes half a second


def fresh(method):
    """Of a Python in which nothing is warm: the ms to the results of two children, the answers of a third."""
    try:
        with ctrl_c_is_mine():
            command = [sys.executable, NEWBORN, method]
            done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
        return json.loads(done.stdout)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        raise CannotRun(f"no process could start by {method}: end other programs, run it again") from None


def ask_all(pythons):
    """The rows of each method; in the end the picture of all answers."""
    answers = {}
    for method in METHODS:
        found = [fresh(method) for _ in range(pythons)]
        answers[method] = found[0]["answers"]
        yield [(method, [ms[at] for ms in found], "result in", "ms", {"child": at}) for at in CHILDREN], []
    yield [], [picture(answers)]


def picture(answers):
    """A name, words and an SVG: what the children of each method have."""
    lines = [f"Does a child have it? (default of Python {platform.python_version()} here: {METHODS[0]})", ""]
    lines.append(f"{'':34}" + "".join(f"{method:>12}" for method in answers))
    for question in answers[METHODS[0]]:
        said = ("yes" if answer[question] else "no" for answer in answers.values())
        lines.append(f"{question:34}" + "".join(f"{word:>12}" for word in said))
    return "inherits", "\n".join(lines), textpicture.draw(lines, r"\byes\b")


def main(argv=None):
    args = parse_args(__doc__, argv, pythons=PYTHONS)
    asked = ask_all(args.pythons)
    shown = ([*(Run(*row) for row in rows), *(Attachment(*at) for at in table)] for rows, table in asked)
    return record(args, chain.from_iterable(shown))


if __name__ == "__main__":
    sys.exit(main())
