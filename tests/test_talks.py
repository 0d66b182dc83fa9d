"""Which parts and slides make a talk, and the routes that there are."""

import nbformat
import pytest
import talks
from conftest import SLIDES
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook


def cell(source, kind="slide", tags=None):
    new = new_code_cell if kind == "code" else new_markdown_cell
    metadata = {"slideshow": {"slide_type": "-" if kind == "code" else kind}}
    return new(source, metadata=metadata | ({"tags": tags} if tags else {}))


def write(folder, stem, *cells, minutes=9):
    deck = {"title": stem[3:].title(), "minutes": minutes}
    nbformat.write(new_notebook(cells=list(cells), metadata={"deck": deck}), folder / f"{stem}.ipynb")


DECK = {"deck": {"title": "x", "minutes": 1}}
SETUP = new_code_cell("picture = 'x'", metadata={"slideshow": {"slide_type": "skip"}})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two notebooks, and no TALK or PARTS of the reader's."""
    for name in ("TALK", "PARTS"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path, "10-first", cell("# First"), cell("Minutes: 2", "notes"))
    write(
        tmp_path,
        "20-second",
        cell("## The claim"),
        cell("Say: so.\n\nMinutes: 1.5", "notes"),
        SETUP,
        cell("## Two threads"),
        cell("from deck import run\nrun('x')", "code"),
        cell("More", "fragment"),
        cell("## Same", "subslide"),
        cell("Minutes: 0.5", "notes"),
        cell("## Same"),
    )
    (tmp_path / "routes").mkdir()
    return tmp_path


def route(folder, *entries, monkeypatch, name="short"):
    lines = ", ".join(f"'{entry}'" for entry in entries)
    text = f"title = 'Briefly'\nminutes = 5\nslides = [{lines}]"
    (folder / "routes" / f"{name}.toml").write_text(text)
    monkeypatch.setenv("TALK", name)
    return talks.chosen(folder)


def sources(part):
    return [cell["source"].splitlines()[0] for cell in part.notebook["cells"]]


# --- what is chosen --------------------------------------------------------------------------------------


def test_without_a_choice_it_is_every_part_in_order(folder):
    talk = talks.chosen(folder)
    assert (talk.title, talk.minutes) == (talks.TITLE, 18)
    assert [(part.stem, part.title, part.minutes, part.slides) for part in talk.parts] == [
        ("10-first", "First", 9, 1),
        ("20-second", "Second", 9, 4),
    ]


@pytest.mark.parametrize("words", ["20 10", "20-second 10", " 20-second  10-first "])
def test_parts_are_chosen_by_number_or_name_in_their_order(folder, monkeypatch, words):
    monkeypatch.setenv("PARTS", words)
    assert [part.stem for part in talks.chosen(folder).parts] == ["20-second", "10-first"]


def test_exercises_are_in_a_route_that_asks_for_them_and_in_the_whole_part(folder, monkeypatch):
    task = [cell("## Task"), cell("from exercise import exercise\nexercise('x')", "code")]
    write(
        folder, "30-third", cell("## Idea"), cell("Minutes: 1", "notes"), *task, cell("Minutes: 8", "notes")
    )
    talk = route(folder, "30-third", monkeypatch=monkeypatch)
    assert [(part.slides, part.minutes) for part in talk.parts] == [(1, 1)]
    with (folder / "routes" / "short.toml").open("a") as file:
        file.write("\nexercises = true")
    assert [(part.slides, part.minutes) for part in talks.chosen(folder).parts] == [(2, 9)]
    monkeypatch.delenv("TALK")
    assert talks.chosen(folder).parts[-1].slides == 2


def test_a_route_has_a_title_a_budget_and_parts(folder, monkeypatch):
    talk = route(folder, "20-second", "10-first", monkeypatch=monkeypatch)
    assert (talk.name, talk.title, talk.minutes) == ("short", "Briefly", 5)
    assert [part.stem for part in talk.parts] == ["20-second", "10-first"]


def test_slides_of_a_route_bring_their_notes_and_fragments_and_what_sets_them_up(folder, monkeypatch):
    entries = "20-second / Two threads", "20-second / The claim", "10-first"
    part, last = route(folder, *entries, monkeypatch=monkeypatch).parts
    assert sources(part)[:4] == ["picture = 'x'", "## Two threads", "from deck import run", "More"]
    assert sources(part)[4:] == ["## The claim", "Say: so."]
    assert (part.slides, part.minutes) == (2, 1.5)
    assert last.minutes == 9


def test_a_slide_that_was_stacked_below_another_stands_alone(folder, monkeypatch):
    write(folder, "30-third", cell("# Third"), cell("## Below", "subslide"))
    (part,) = route(folder, "30-third / Below", monkeypatch=monkeypatch).parts
    assert [talks.kind(cell) for cell in part.notebook["cells"]] == ["slide"]


@pytest.mark.parametrize(
    "source, tags, expected",
    [
        ("from deck import show\nshow('x', 'y')", [], True),
        ("from drawings.gil import hand_off\nhand_off()", [], True),
        ("from deck import show, run\nshow('x')", [], True),
        ("picture = 'x'", [], True),
        ("from deck import run\nmeasured = run('x')", [], False),
        ("from deck import run as show\nshow('x')", [], False),
        ("from deck import tune\ntune('x', workers=[1, 2])", [], False),
        ("import time\ntime.sleep(9)", [], False),
        ("input()", [], False),
        ("from deck import show\nshow(input())", [], False),
        ("%%px\nshow()", [], False),
        ("from deck import show\nshow('x')", ["by-hand"], False),
    ],
)
def test_a_cell_runs_at_once_when_it_only_shows_something(folder, source, tags, expected):
    write(folder, "10-first", cell("# First"), cell(source, "code", tags))
    tags_now = talks.chosen(folder).parts[0].notebook["cells"][1]["metadata"].get("tags", [])
    assert tags_now == tags + [talks.AT_ONCE] * expected


# --- what cannot be -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"TALK": "long"}, "TALK=long: no such route; there are short"),
        ({"TALK": "../routes/short"}, "TALK=../routes/short: no such route; there are short"),
        ({"TALK": "short", "PARTS": "20"}, "TALK=short and PARTS=20 exclude each other: give one of them"),
        ({"PARTS": "20 30"}, "PARTS: there is no part 30; there are 10-first, 20-second"),
        ({"PARTS": "20 20-second"}, "PARTS: 20-second is named twice"),
    ],
)
def test_a_wrong_choice_says_what_there_is(folder, monkeypatch, environment, words):
    route(folder, "10-first", monkeypatch=monkeypatch)
    monkeypatch.delenv("TALK")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(talks.CannotTalk) as error:
        talks.chosen(folder)
    assert str(error.value) == words


@pytest.mark.parametrize(
    "entries, words",
    [
        (["20-secnd"], "there is no part 20-secnd; the nearest is 20-second"),
        (["20-second / The clam"], "there is no such slide; the nearest is 20-second / The claim"),
        (["20-second / Same"], "20-second / Same: 2 slides have this heading; give each its own"),
        (["20-second", "20-second / The claim"], "20-second, or a slide of it, is named twice"),
        (["20-second / The claim"] * 2, "20-second, or a slide of it, is named twice"),
        (["20-second / The claim", "10-first", "20-second / Two threads"], "20-second comes again"),
        ([], "its list of slides is empty"),
    ],
)
def test_a_wrong_entry_is_named_with_the_nearest_one(folder, monkeypatch, entries, words):
    with pytest.raises(talks.CannotTalk) as error:
        route(folder, *entries, monkeypatch=monkeypatch)
    assert str(error.value).startswith("short.toml: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["title = ", "title = 'x'\nslides = []", "title = 'x'\nminutes = 'y'\nslides = 3"]
)
def test_a_route_that_lacks_something_is_refused(folder, monkeypatch, text):
    (folder / "routes/short.toml").write_text(text)
    monkeypatch.setenv("TALK", "short")
    with pytest.raises(talks.CannotTalk, match=r"^short\.toml: needs title, minutes and slides: "):
        talks.chosen(folder)


@pytest.mark.parametrize(
    "content, words",
    [
        ("{", "not a notebook"),
        (nbformat.writes(new_notebook(cells=[cell("x")])), 'its metadata needs "deck"'),
        (nbformat.writes(new_notebook(cells=[cell("x", "notes")], metadata=DECK)), "has no slide"),
    ],
)
def test_what_is_no_part_of_a_deck_is_refused(folder, content, words):
    path = folder / "30-bad.ipynb"
    path.write_text(content)
    with pytest.raises(talks.CannotTalk) as error:
        talks.chosen(folder)
    assert str(error.value).startswith(f"{path}: {words}")


def test_a_folder_without_notebooks_is_refused(folder):
    with pytest.raises(talks.CannotTalk, match="has no notebooks"):
        talks.chosen(folder / "routes")


# --- the routes of this deck -----------------------------------------------------------------------------


def test_there_are_the_routes_that_were_promised():
    assert {"30min", "45min", "workshop"} <= set(talks.routes())


@pytest.mark.parametrize("name", talks.routes())
def test_every_entry_of_a_route_exists_and_the_minutes_fit(monkeypatch, name):
    monkeypatch.setenv("TALK", name)
    monkeypatch.delenv("PARTS", raising=False)
    talk = talks.chosen(SLIDES)
    assert sum(part.minutes for part in talk.parts) <= talk.minutes
