"""The slides: no outputs in git, short cells, everything they name exists, and the minutes fit."""

import ast
import builtins
import re

import deck
import nbformat
import pytest
import record
import recordings
import sources
import talks
from conftest import DEMOS, SLIDES
from listing import file_of, listing, source
from running import COLUMNS

NOTEBOOKS = sorted(SLIDES.glob("*.ipynb"))
MOST_WORDS, MOST_LINES = 45, 12

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path):
    return nbformat.read(path, as_version=4)


def slides(path):
    """The slides of a notebook, each a list of its cells, notes and fragments included."""
    found = []
    for cell in read(path).cells:
        kind = cell.metadata.slideshow.slide_type
        if kind in ("slide", "subslide"):
            found.append([])
        if kind != "skip":
            found[-1].append(cell)
    return found


def notes(slide):
    return [cell.source for cell in slide if cell.metadata.slideshow.slide_type == "notes"]


def minutes(slide):
    (note,) = notes(slide)
    return float(re.search(r"^Minutes: ([\d.]+)$", note, re.MULTILINE)[1])


def words(text):
    """The words that an audience reads."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(r"\w[\w'’.-]*", re.sub(r"[#*>|`-]", " ", text))


def test_it_is_valid_and_holds_no_outputs(path):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.nbformat_minor >= 5
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
        assert set(cell.metadata) <= {"slideshow", "tags"}
    assert notebook.metadata.kernelspec.name == "python3"


def test_its_name_orders_it(path):
    assert re.fullmatch(r"\d\d-[a-z0-9-]+", path.stem)


def test_cells_are_short_and_define_nothing(path):
    for cell in read(path).cells:
        if cell.cell_type != "code" or "by-hand" in cell.metadata.get("tags", []):
            continue
        assert len(cell.source.splitlines()) <= 5, cell.source
        tree = ast.parse(cell.source)
        assert not any(
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.For | ast.While)
            for node in ast.walk(tree)
        )


def test_cells_stand_alone_so_that_a_restarted_kernel_runs_any_of_them(path):
    for cell in read(path).cells:
        if cell.cell_type == "code" and not cell.source.startswith("%%"):
            tree = ast.parse(cell.source)
            imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
            names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
            known = {alias.name for node in imports for alias in node.names} | set(dir(builtins))
            known |= {node.id for node in names if isinstance(node.ctx, ast.Store)}
            assert {node.id for node in names} <= known, cell.source


def test_every_run_and_show_names_something_that_exists(path):
    for (demo,), options in [*record.calls("run", path), *record.calls("tune", path)]:
        assert demo in sources.demos()
        mpi = sources.run_line(demo).startswith("mpiexec")
        text = (DEMOS / f"{demo}.py").read_text() + ("workers=" if mpi else "python=")
        for option in set(options) - {"deadline", "picture"}:
            assert f"{option}=" in text, f"{demo} has no --{option}"
    for (demo, *names), options in record.calls("show", path):
        text = source(demo, *names)
        assert listing(text, **options, language=file_of(demo).suffix)
        assert len(text.splitlines()) <= MOST_LINES
        assert max(map(len, text.splitlines())) <= COLUMNS


def test_every_picture_that_is_asked_for_is_in_the_recording(path):
    for (demo,), options in record.calls("run", path):
        if picture := options.pop("picture", ""):
            options.pop("deadline", None)
            assert (taken := recordings.best(demo, options)), f"make record DEMO={demo}"
            assert picture in deck.pictures(taken), demo


def test_every_file_that_a_slide_tells_to_run_exists(path):
    for cell in read(path).cells:
        for name in re.findall(r"demos/(\w+)\.py", cell.source):
            assert (DEMOS / f"{name}.py").exists()


def test_one_idea_a_slide(path):
    for slide in slides(path):
        text = "\n".join(
            cell.source
            for cell in slide
            if cell.cell_type == "markdown" and cell.metadata.slideshow.slide_type != "notes"
        )
        assert re.match(r"##? ", text), "a slide begins with a heading"
        assert len(words(text)) <= MOST_WORDS, f"{len(words(text))} words: {text}"
        for block in re.findall(r"```\w*\n(.*?)```", text, re.DOTALL):
            assert len(block.splitlines()) <= MOST_LINES
        assert sum(cell.cell_type == "code" and not cell.source.startswith("%%") for cell in slide) <= 1


def test_every_slide_has_notes_and_their_minutes_fit_the_budget(path):
    found = slides(path)
    for slide in found:
        (note,) = notes(slide)
        assert re.search(r"^Say: \S", note, re.MULTILINE)  # plain: the speaker's window shows it as it is
        assert re.search(r"^If it surprises: \S", note, re.MULTILINE)
        waits = any(cell.cell_type == "code" and not talks.at_once(cell) for cell in slide)
        assert note.startswith("Do: Shift-Enter.") == waits
    budget = read(path).metadata.deck
    assert budget.title
    assert sum(map(minutes, found)) == pytest.approx(budget.minutes)


def test_every_picture_has_alt_text(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            assert "![](" not in cell.source
            assert not re.search(r"<img(?![^>]*\balt=\"[^\"])", cell.source)
            assert "<svg" not in cell.source  # JupyterLab would strip it
