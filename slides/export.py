"""make slides: execute the notebooks of a talk and write them as HTML files that need nothing else.

    $ python slides/export.py [NOTEBOOK ...] [--output FOLDER]

TALK=30min or PARTS="20 80" choose what is in the talk (slides/talks.py). Its cells run live, on this machine,
one notebook after the other; with REPLAY=1 the demos' recordings are shown instead. The result is in
build/slides: index.html, a page a part, and talk.html, which holds the whole talk and is what the stage falls
back on. Each is one file, with reveal.js, styles, fonts and pictures inside.
When anything fails, one line says what, and the pages of an earlier run stay as they were.
"""

import argparse
import base64
import hashlib
import logging
import mimetypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote

try:
    import nbformat
    import talks
    import warm
    import watchdog
    from bs4 import BeautifulSoup, Tag
    from jinja2 import Environment, FileSystemLoader
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from markupsafe import Markup
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbconvert import SlidesExporter
    from nbconvert.filters import strip_ansi
    from nbconvert.preprocessors import TagRemovePreprocessor
    from talks import CannotTalk, Part, Talk
except KeyboardInterrupt:  # these take a second
    sys.exit(130)

SLIDES = Path(__file__).resolve().parent
ROOT = SLIDES.parent
THEME = SLIDES / "theme"
sys.path.append(str(ROOT / "demos"))
from machine import describe, interpreter, machine  # noqa: E402  (demos/ is not a package)

CELL_SECONDS = 300  # a cell takes 5 s as a rule; the first compilation of a kernel takes longer
NO_ALT = "No description has been provided for this image"  # what nbconvert writes where alt text is missing

# reveal.js adds these two style sheets when it prints; their text depends on the size of a slide alone.
PRINT_STYLES = (
    "@page{size:1280px 720px; margin: 0px;}",
    ".reveal section>img, .reveal section>video, .reveal section>iframe{max-width: 1280px; max-height:720px}",
)


INTERRUPTED = "make slides: interrupted; the pages of an earlier run stay as they were"
AT_LAST = 10.0  # seconds after a Ctrl-C


class CannotExport(Exception):
    """What is wrong before any cell ran, and how to mend it: exit status 2."""


class PartFailed(Exception):
    """Which notebook and cell failed, and why: exit status 1."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: all of slides/")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "slides", metavar="FOLDER")
    args = parser.parse_args(argv)
    try:
        export(talks.of(args.notebooks) if args.notebooks else talks.chosen(), args.output.resolve())
    except (CannotTalk, CannotExport, PartFailed) as error:
        print(f"make slides: {error}", file=sys.stderr)
        return 1 if isinstance(error, PartFailed) else 2
    except KeyboardInterrupt:
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # nbclient's cut task would complain
        print(INTERRUPTED, file=sys.stderr)
        return 130
    print(args.output.resolve() / "talk.html", args.output.resolve() / "index.html", sep="\n")
    return 0


def export(talk: Talk, output: Path) -> None:
    """Write all pages beside output, then put them in its place."""
    if output.exists() and not (output / "index.html").exists():
        raise CannotExport(f"{output} is there and is no earlier result: name another --output")
    output.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".slides-", dir=output.parent) as scratch:
        pages = Path(scratch, "pages")
        pages.mkdir()
        run = {"replay": bool(os.environ.get("REPLAY")), "facts": facts()}
        mark = isolate(Path(scratch))
        hear_ctrl_c(mark, scratch)
        compile_beforehand([part.path for part in talk.parts])
        sections = {}
        for part in talk.parts:
            started = time.monotonic()
            print(f"{part.path.name}  {part.title}: ", end="", flush=True)
            try:
                part.notebook = nbformat.from_dict(part.notebook)  # for nbclient and nbconvert
                cells = execute(part, Path(scratch, part.stem), mark)
                sections[part.stem] = slides(part)
                print(f"{cells} cells, {part.slides} slides, {time.monotonic() - started:.1f} s", end="")
            finally:
                print(flush=True)
        for name, html in written(talk, sections, run).items():
            (pages / name).write_text(html, encoding="utf-8", newline="\n")
        if output.exists():
            output.rename(Path(scratch, "earlier"))
        pages.rename(output)


def hear_ctrl_c(mark: dict[str, str], scratch: str) -> None:
    """Ctrl-C is an exception; should a callback swallow it, or a kernel not end, all ends the same."""

    def leave() -> None:
        print(INTERRUPTED, file=sys.stderr, flush=True)
        watchdog.end(mark)
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(130)

    def interrupted(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        timer = threading.Timer(AT_LAST, leave)
        timer.daemon = True
        timer.start()
        raise KeyboardInterrupt

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not in the background of a shell
        signal.signal(signal.SIGINT, interrupted)


def facts() -> dict[str, str]:
    """Where and when the notebooks are executed, as they are shown."""
    computer = machine()
    return {
        "Processor": computer["cpu"],
        "Usable cores": str(computer["cores"]["usable"]),
        "System": computer["os"],
        "Python": describe(interpreter()),
        "Date": f"{datetime.now(UTC):%d %B %Y, %H:%M} UTC",
    }


# --- executing -------------------------------------------------------------------------------------------


def isolate(scratch: Path) -> dict[str, str]:
    """Keep kernels away from the user's settings, and mark them so that none survives: their mark."""
    mark = watchdog.mark("DECK_EXPORT_RUN")
    watchdog.guard(mark)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        os.environ[name] = str(scratch / name.lower())
    warm.configure(Path(os.environ["IPYTHONDIR"]))
    path = os.pathsep.join(filter(None, (str(SLIDES), os.environ.get("PYTHONPATH"))))
    os.environ.update(mark, DECK_EXPORT="1", PYTHONPATH=path)
    return mark


def compile_beforehand(notebooks: Sequence[Path]) -> None:
    """So that no run of a demo waits for a compiler."""
    if warm.needed(notebooks):
        print("what is to be compiled: ", end="", flush=True)
        started = time.monotonic()
        subprocess.run(warm.command(notebooks), stdin=subprocess.DEVNULL, capture_output=True)
        print(f"{time.monotonic() - started:.1f} s", flush=True)


def execute(part: Part, folder: Path, mark: dict[str, str]) -> int:
    """Run the cells in a kernel of this Python, in a folder of its own; how many there were."""
    folder.mkdir()
    kernel = AsyncKernelManager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # this Python, not one installed as python3
        connection_file=str(folder / "connection.json"),
        transport_encryption="required",
    )
    client = NotebookClient(
        part.notebook,
        kernel,
        timeout=CELL_SECONDS,
        coalesce_streams=True,  # else each flushed line is a box of its own
    )
    try:
        with (
            (folder / "kernel.log").open("w") as log,
            client.setup_kernel(cleanup_kc=True, cwd=str(folder), stderr=log),
        ):
            for number, cell in enumerate(part.notebook["cells"], 1):
                try:
                    client.execute_cell(cell, number - 1)
                except CellExecutionError as error:
                    raise failed(part, number, strip_ansi(f"{error.ename}: {error.evalue}")) from error
                except CellTimeoutError as error:
                    raise failed(part, number, f"not done after {CELL_SECONDS} s") from error
                except DeadKernelError as error:
                    raise failed(part, number, "the kernel died") from error
    finally:
        watchdog.end(mark)
    return client.code_cells_executed


# --- writing ---------------------------------------------------------------------------------------------


def failed(part: Part, number: int, reason: str) -> PartFailed:
    """The error for a cell, counted from 1 over all cells that are shown of the notebook."""
    first_line = part.notebook["cells"][number - 1]["source"].strip().partition("\n")[0]
    where = f"{part.path.name}, cell {number} ({shorten(first_line, 60)})"
    return PartFailed(f"{where}: {shorten(reason, 500)}")


def slides(part: Part) -> str:
    """The slides of a part as sections for reveal.js, each with a name, and pictures inside."""
    exporter = SlidesExporter(
        template_file="slides.html.j2",
        extra_template_paths=[str(THEME)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.register_preprocessor(TagRemovePreprocessor(remove_input_tags={talks.AT_ONCE}), enabled=True)
    html, _ = exporter.from_notebook_node(nbformat.from_dict(part.notebook))
    soup = BeautifulSoup(html, "html.parser")
    named = {str(tag["id"]): tag for tag in soup.select("[id]")}
    for number, cell in enumerate(part.notebook["cells"], 1):
        shown = named.get(f"cell-id={cell['id']}")
        for picture in shown.select("img, svg:not(svg svg)") if shown else ():
            try:
                check(picture)
                embed(picture, part.path.parent)
            except ValueError as error:
                raise failed(part, number, str(error)) from error
    found = zip(soup.select("section > section"), talks.slides(part.notebook), strict=True)
    for number, (section, cells) in enumerate(found, 1):
        section["id"] = f"{part.stem}-{number}"
        section["data-part"] = part.stem
        section["data-timing"] = f"{60 * talks.minutes(cells):.0f}"  # seconds, for the speaker view
    return str(soup)


def written(talk: Talk, sections: dict[str, str], run: dict[str, Any]) -> dict[str, str]:
    """The HTML of every page by the name of its file: the list of parts, each part, the whole talk."""
    templates = Environment(loader=FileSystemLoader(THEME), autoescape=True)
    speaker_view = (reveal() / "plugin/notes/speaker-view.html").read_text("utf-8")
    look = [fonts(), *assets("deck.css")]
    inside = {
        "sections": {stem: Markup(html) for stem, html in sections.items()},
        "styles": [*assets("dist/reset.css", "dist/reveal.css"), *look, *assets("export.css", "dialogs.css")],
        "scripts": assets("dist/reveal.js", "plugin/notes/notes.js", "slide.js", "export.js"),
    }

    def deck(**content: Any) -> str:
        html = templates.get_template("deck.html.j2").render(talk=talk, run=run, **inside, **content)
        soup = BeautifulSoup(html, "html.parser")
        relink(soup, talk, content["whole"])
        return seal(soup, BeautifulSoup(speaker_view, "html.parser"))

    index = templates.get_template("index.html.j2").render(
        talk=talk, run=run, styles=[*look, *assets("contents.css")]
    )
    pages = {
        "index.html": seal(BeautifulSoup(index, "html.parser")),
        "talk.html": deck(shown=talk.parts, whole=True),
    }
    for previous, part, following in zip(
        [None, *talk.parts], talk.parts, [*talk.parts[1:], None], strict=False
    ):
        pages[f"{part.stem}.html"] = deck(shown=[part], whole=False, previous=previous, next=following)
    return pages


def assets(*names: str) -> list[Markup]:
    """The text of these files of theme/, or else of reveal.js."""
    return [
        Markup((THEME / name if "/" not in name else reveal() / name).read_text("utf-8")) for name in names
    ]


def fonts() -> Markup:
    """The style sheet of the fonts, with the files of reveal.js's package inside."""

    def inside(found: re.Match[str]) -> str:
        (file,) = (reveal() / "dist/theme/fonts").glob(f"*/{found[1]}")
        return f"url(data:font/woff;base64,{base64.b64encode(file.read_bytes()).decode()})"

    return Markup(re.sub(r'url\("fonts/(.+?)"\)', inside, (THEME / "fonts.css").read_text("utf-8")))


def relink(soup: BeautifulSoup, talk: Talk, whole: bool) -> None:
    """Lead links to other parts to where these are; one to a part that the talk lacks is no link."""
    there = {f"{part.stem}.html": f"#/{part.stem}-1" if whole else f"{part.stem}.html" for part in talk.parts}
    for link in soup.select(".slides a[href]"):
        target = str(link["href"])
        if target in there:
            link["href"] = there[target]
        elif re.fullmatch(r"[\w-]+\.html", target):
            link.unwrap()


def reveal() -> Path:
    """The folder of reveal.js inside the package that carries it (which need not be importable)."""
    try:
        package = metadata.distribution("sphinx-revealjs")
    except metadata.PackageNotFoundError as error:
        raise CannotExport("reveal.js is missing: run this with make slides, which installs it") from error
    return Path(str(package.locate_file("sphinx_revealjs/_static/revealjs")))


def check(picture: Tag) -> None:
    """Raise a ValueError for a picture that says nothing to those who cannot see it."""
    if picture.name == "img":
        name, mend = picture.get("alt"), "write ![what it shows](file)"
    else:
        title = picture.find("title", recursive=False)
        name = picture.get("aria-label") or (title.get_text() if title else None)
        mend = 'give it role="img" and an aria-label'
    if picture.get("aria-hidden") != "true" and (not name or name == NO_ALT):
        seen = picture.get("src") if picture.name == "img" else picture
        raise ValueError(f"the picture {shorten(str(seen), 60)} has no text alternative: {mend}")


def embed(picture: Tag, folder: Path) -> None:
    """Put an image's file, named relative to the folder, into the page; a ValueError when there is none."""
    source = str(picture.get("src", "data:"))
    if source.startswith("data:"):
        return
    kind, _ = mimetypes.guess_type(source)
    try:
        data = base64.b64encode((folder / unquote(source)).read_bytes()).decode()
    except OSError as error:
        raise ValueError(f"the picture {source} is no file in {folder.name}/") from error
    picture["src"] = f"data:{kind};base64,{data}"


def seal(page: BeautifulSoup, popup: BeautifulSoup | None = None) -> str:
    """Write the page's Content-Security-Policy: what stands in the page, by its hash, and nothing else.

    The popup is reveal's speaker view: the page writes it into a window that inherits the policy, and
    which shows the page in two frames.
    """
    documents = [page, *([popup] if popup else [])]
    ours = "script:not(.slides script)"  # a cell's output may bring styles, but no script
    scripts = {digest(tag.get_text()) for found in documents for tag in found.select(ours)}
    styles = {digest(tag.get_text()) for found in documents for tag in found.select("style")}
    attributes = {digest(str(tag["style"])) for found in documents for tag in found.select("[style]")}
    rules = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "img-src data:", "font-src data:"]
    if popup:
        styles |= {digest(style) for style in PRINT_STYLES}
        rules.append("frame-src 'self' file:")  # to some browsers a file has no origin that is 'self'
    if scripts:
        rules.append(f"script-src {' '.join(sorted(scripts))}")
    if attributes:
        styles |= {"'unsafe-hashes'", *attributes}  # lets a hash allow a style attribute too
    rules.append(f"style-src {' '.join(sorted(styles))}")
    meta = page.select_one("meta[http-equiv=Content-Security-Policy]")
    assert meta, "every template has one"
    meta["content"] = "; ".join(rules)
    return str(page)


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def shorten(text: str, width: int) -> str:
    """The text as one line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


if __name__ == "__main__":
    sys.exit(main())
