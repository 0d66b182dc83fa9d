"""Which parts and slides make a talk: a route with TALK=30min, parts with PARTS="20 80", or every part.

A route is a file of slides/routes/ with a title, a budget of minutes, and what it shows in which order:

    title = "The GIL in half an hour"
    minutes = 30
    slides = ["00-welcome", "20-gil / The claim", "20-gil / Two threads"]

An entry is a whole part, or one slide of it by its heading. Standing next to each other, entries of one
notebook make one part of the talk. Exercises are left out, unless the route says exercises = true.
"""

import ast
import json
import os
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

Notebook = dict[str, Any]  # plain JSON: importing nbformat takes a second
Cell = dict[str, Any]

SLIDES = Path(__file__).resolve().parent
TITLE = "The Hitchhiker’s Guide to Parallelism with Python"
AT_ONCE = "at-once"  # the tag of a cell that the stage runs by itself, and whose code is not on the slide
HELPERS = {"deck", "drawings", "exercise"}  # the modules from which a cell may import what shows something
NOT_INSTANT = {"run", "tune"}  # of what a cell imports from deck, these start a demo


class CannotTalk(Exception):
    """What is wrong with TALK, PARTS or a notebook, and how to mend it: exit status 2."""


@dataclass
class Part:
    """A notebook as it is shown: its chosen slides only, with the cells that run at once tagged."""

    stem: str
    path: Path
    title: str
    minutes: float
    notebook: Any  # a Notebook, or what nbformat makes of one
    slides: int


@dataclass
class Talk:
    name: str
    title: str
    minutes: float  # the budget of a route, else what the parts take
    parts: list[Part]


def chosen(folder: Path = SLIDES) -> Talk:
    """The talk of the notebooks in the folder that TALK and PARTS ask for."""
    route, wanted = os.environ.get("TALK", "").strip(), os.environ.get("PARTS", "").split()
    if route and wanted:
        raise CannotTalk(f"TALK={route} and PARTS={' '.join(wanted)} exclude each other: give one of them")
    notebooks = sorted(folder.glob("*.ipynb"))
    if not notebooks:
        raise CannotTalk(f"{folder} has no notebooks; name a folder that has")
    if route:
        return follow(route, folder)
    return of(select(wanted, notebooks)) if wanted else of(notebooks, "everything")


def of(notebooks: Sequence[Path], name: str = "") -> Talk:
    """The talk of these notebooks, whole, in this order."""
    parts = [read(path) for path in notebooks]
    name = name or " ".join(part.stem for part in parts)
    return Talk(name, TITLE, sum(part.minutes for part in parts), parts)


def routes(folder: Path = SLIDES) -> list[str]:
    """The names that TALK may have."""
    return sorted(file.stem for file in (folder / "routes").glob("*.toml"))


def select(wanted: Sequence[str], notebooks: Sequence[Path]) -> list[Path]:
    """The notebooks of these numbers or names, in this order."""
    found = []
    for word in wanted:
        named = [path for path in notebooks if word in (path.stem, path.stem.partition("-")[0])]
        if not named:
            there = ", ".join(path.stem for path in notebooks)
            raise CannotTalk(f"PARTS: there is no part {word}; there are {there}")
        found += named
    if repeated := [path.stem for path in found if found.count(path) > 1]:
        raise CannotTalk(f"PARTS: {repeated[0]} is named twice")
    return found


# --- routes ----------------------------------------------------------------------------------------------


def follow(route: str, folder: Path) -> Talk:
    """The talk of a route."""
    if route not in routes(folder):
        raise CannotTalk(f"TALK={route}: no such route; there are {', '.join(routes(folder)) or 'none'}")
    file = folder / "routes" / f"{route}.toml"
    try:
        text = tomllib.loads(file.read_text(encoding="utf-8"))
        title, budget, entries = str(text["title"]), float(text["minutes"]), list(map(str, text["slides"]))
        exercises = bool(text.get("exercises", False))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CannotTalk(f"{file.name}: needs title, minutes and slides: {error}") from error
    if not entries:
        raise CannotTalk(f"{file.name}: its list of slides is empty")
    parts: list[Part] = []
    for stem, together in groupby(entries, key=lambda entry: entry.partition(" / ")[0]):
        path = folder / f"{stem}.ipynb"
        if not path.exists():
            near = nearest(stem, (other.stem for other in folder.glob("*.ipynb")))
            raise CannotTalk(f"{file.name}: there is no part {stem}; the nearest is {near}")
        if stem in (part.stem for part in parts):
            raise CannotTalk(f"{file.name}: {stem} comes again after another part; keep its slides together")
        headings = [entry.partition(" / ")[2] for entry in together]
        if len(set(headings)) < len(headings) or ("" in headings and len(headings) > 1):
            raise CannotTalk(f"{file.name}: {stem}, or a slide of it, is named twice")
        try:
            parts.append(read(path, [] if headings == [""] else headings, exercises))
        except LookupError as error:
            raise CannotTalk(f"{file.name}: {error}") from error
    return Talk(route, title, budget, parts)


def nearest(word: str, words: Iterable[str]) -> str:
    return get_close_matches(word, list(words), n=1, cutoff=0)[0]


# --- notebooks -------------------------------------------------------------------------------------------


def read(path: Path, headings: Sequence[str] = (), exercises: bool = True) -> Part:
    """The part of a notebook, or of its slides with these headings; a LookupError where one is not there.

    Without headings it is the whole part, with its exercises or not.

    Title and minutes stand in its metadata: {"deck": {"title": "The GIL", "minutes": 12}}.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])  # a text, or its lines
    except OSError as error:
        raise CannotTalk(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError) as error:  # no JSON, or other JSON
        raise CannotTalk(f"{path}: not a notebook: {' '.join(str(error).split())[:200]}") from error
    try:
        deck = notebook["metadata"]["deck"]
        title, time = str(deck["title"]), float(deck["minutes"])
    except (ValueError, TypeError, KeyError) as error:
        raise CannotTalk(f'{path}: its metadata needs "deck": {{"title": …, "minutes": …}}') from error
    found = slides(notebook)
    if not found:
        raise CannotTalk(f"{path}: has no slide")
    wanted = [pick(heading, path.stem, found) for heading in headings] or [
        slide for slide in found if exercises or not is_exercise(slide)
    ]
    if wanted != found:
        found, time = wanted, sum(map(minutes, wanted))
        keep(found, notebook)
    for cell in notebook["cells"]:
        if at_once(cell) and AT_ONCE not in cell["metadata"].get("tags", []):
            cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), AT_ONCE]
    return Part(path.stem, path.resolve(), title, time, notebook, len(found))


def slides(notebook: Notebook) -> list[list[Cell]]:
    """The cells of each slide, its notes and fragments among them; skipped cells belong to none."""
    found: list[list[Cell]] = []
    for cell in notebook["cells"]:
        if kind(cell) in ("slide", "subslide") or (not found and kind(cell) not in ("notes", "skip")):
            found.append([])
        if found and kind(cell) != "skip":
            found[-1].append(cell)
    return found


def kind(cell: Cell) -> str:
    return str(cell["metadata"].get("slideshow", {}).get("slide_type", "-"))


def heading(slide: Sequence[Cell]) -> str:
    """The first heading of a slide, as it is written."""
    text = "\n".join(
        cell["source"] for cell in slide if cell["cell_type"] == "markdown" and kind(cell) != "notes"
    )
    first = re.search(r"^#{1,6} +(.+?) *$", text, re.MULTILINE)
    return first[1] if first else ""


def is_exercise(slide: Sequence[Cell]) -> bool:
    return any("from exercise import" in cell["source"] for cell in slide if cell["cell_type"] == "code")


def minutes(slide: Sequence[Cell]) -> float:
    """What the notes of a slide say of its time: Minutes: 1.5."""
    notes = "\n".join(cell["source"] for cell in slide if kind(cell) == "notes")
    found = re.search(r"^Minutes: *(\d+(?:\.\d+)?)$", notes, re.MULTILINE)
    return float(found[1]) if found else 0.0


def pick(wanted: str, stem: str, found: Sequence[list[Cell]]) -> list[Cell]:
    """The one slide with this heading."""
    named = [slide for slide in found if heading(slide) == wanted]
    if len(named) == 1:
        return named[0]
    if named:
        raise LookupError(f"{stem} / {wanted}: {len(named)} slides have this heading; give each its own")
    near = nearest(wanted, map(heading, found))
    raise LookupError(f"{stem} / {wanted}: there is no such slide; the nearest is {stem} / {near}")


def keep(found: Sequence[list[Cell]], notebook: Notebook) -> None:
    """Leave only these slides in the notebook, after the skipped cells, which set up something."""
    cells = [cell for cell in notebook["cells"] if kind(cell) == "skip" and cell["cell_type"] == "code"]
    for slide in found:
        slide[0]["metadata"]["slideshow"] = {"slide_type": "slide"}  # what it was stacked below may be gone
        cells += slide
    notebook["cells"] = cells


def at_once(cell: Cell) -> bool:
    """Whether a cell may run by itself: it calls nothing but helpers that show something in an instant."""
    if cell["cell_type"] != "code" or "by-hand" in cell["metadata"].get("tags", []):
        return False
    try:
        nodes = list(ast.walk(ast.parse(cell["source"])))
    except SyntaxError:  # a %%magic
        return False
    helpers: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] in HELPERS:
            names = [alias for alias in node.names if alias.name not in NOT_INSTANT]
            helpers |= {alias.asname or alias.name for alias in names}
        elif isinstance(node, ast.Import | ast.ImportFrom):
            return False
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    return all(isinstance(call, ast.Name) and call.id in helpers for call in calls)
