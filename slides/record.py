"""make record [DEMO=x]: run each distinct run(...) of the slides once, and keep its record and picture.

The recordings are what the stage falls back on, and the evidence for every claim about speed.
"""

import ast
import itertools
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import recordings
import running

SLIDES = Path(__file__).resolve().parent
sys.path.append(str(SLIDES.parent / "demos"))
import plots  # noqa: E402  (the demos are scripts, not an installed package)
from harness import replace  # noqa: E402
from machine import usable_cores  # noqa: E402

DEADLINE = 120.0  # seconds a demo
ATTEMPTS = 30
MOST_BUSY = 15.0  # percent of all cores, in the second before
MOST_DISTURBED = 0.03


def calls(function: str, notebook: Path) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The arguments of each call of the function in a notebook's cells, which must be plain values."""
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] != "code" or text.startswith("%%"):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                try:
                    options = {str(word.arg): ast.literal_eval(word.value) for word in node.keywords}
                    yield [ast.literal_eval(value) for value in node.args], options
                except ValueError:
                    where = f"{notebook.name}, cell {number}"
                    raise SystemExit(f"{where}: {function}(...) takes plain values only") from None


def runs() -> list[tuple[str, dict[str, Any]]]:
    """Every distinct run(demo, option=...) of the slides, and all that a tune(...) offers."""
    found = []
    for notebook in sorted(SLIDES.glob("*.ipynb")):
        for (demo,), options in [*calls("run", notebook), *offered(notebook)]:
            for word in ("deadline", "picture"):  # they change nothing of what is measured
                options.pop(word, None)
            if (demo, options) not in found:
                found.append((demo, options))
    return found


def offered(notebook: Path) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The runs that the controls of the notebook's tune(...) can ask for."""
    for demo, choices in calls("tune", notebook):
        choices.pop("deadline", None)
        for values in itertools.product(*choices.values()):
            yield demo, dict(zip(choices, values, strict=True))


def folder() -> Path:
    """Where this machine's recordings are kept: recorded/<os-arch-Ncores>."""
    return recordings.FOLDER / f"{platform.system()}-{platform.machine()}-{usable_cores()}cores".lower()


def quietly(demo: str, options: dict[str, Any]) -> dict[str, Any]:
    """Run the demo while nothing else disturbs it: a recording is evidence."""
    for _ in range(ATTEMPTS):
        if psutil.cpu_percent(interval=1.0) < MOST_BUSY:
            with running.until_all_is_ended():
                taken = running.live(demo, options, DEADLINE, lambda line: print(f"    {line}", flush=True))
            if recordings.disturbed(taken) < MOST_DISTURBED:
                return taken
        print("    this machine is busy; once more ...", flush=True)
    raise running.Failed("this machine is busy; end what keeps it so")


def main() -> int:
    wanted = os.environ.get("DEMO")
    chosen = [(demo, options) for demo, options in runs() if wanted in (None, "", demo)]
    if not chosen:
        known = ", ".join(dict.fromkeys(demo for demo, _ in runs()))
        print(f"make record: no slide runs a demo called {wanted!r}; they run {known}", file=sys.stderr)
        return 2
    folder().mkdir(parents=True, exist_ok=True)
    for demo, options in chosen:
        file = folder() / f"{recordings.name(demo, options)}.json"
        print(f"{file.name}", flush=True)
        running.compile_first(demo)
        try:
            taken = quietly(demo, options)
        except running.Failed as error:
            print(f"make record: {demo}: {error}; the earlier recording stays", file=sys.stderr)
            return 1
        replace(file, json.dumps(taken, indent=1) + "\n")
    for file in recordings.FOLDER.glob("*/*.json"):  # a picture changes with plots.py, too
        replace(file.with_suffix(".svg"), plots.draw(json.loads(file.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
