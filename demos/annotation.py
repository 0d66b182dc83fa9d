"""What `cython -a` shows of functions in a .pyx, as words and as a picture: yellow lines need Python."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from textpicture import ROW, SIZE, WIDTH, still

HERE = Path(__file__).resolve().parent
LINE = re.compile(r'line score-(\d+)".*?</pre>\n(<pre class=\'cython code.*?</pre>)?', re.DOTALL)
CALL = re.compile(r"<span class='pyx?_(?:c|macro)_api'>")  # Cython's marks: of Python, or of a helper for it
COUNTED = "calls of Python's C API"
CODE = 76 - len(COUNTED)  # columns


class Line(NamedTuple):
    text: str
    score: int  # Cython's own, for its yellow: the calls, weighed
    calls: int | None  # of functions and macros; None where the line has no C of its own


def picture(file: str, *functions: str) -> tuple[str, str, str]:
    """A name, words and an SVG: functions of a .pyx beside this file, and what is behind their lines."""
    lines = [Line(f"{'':{CODE}}{COUNTED}", 0, None), *of(functions, annotated(HERE / file))]
    return "yellow lines", "\n".join(map(in_words, lines)), draw(lines)


def annotated(source: Path) -> list[Line]:
    """All lines of a file, as Cython's own page has them."""
    with TemporaryDirectory() as folder:
        told = ["--annotate", "-3", str(source), "-o", f"{folder}/module.c"]
        subprocess.run([sys.executable, "-m", "cython", *told], check=True, capture_output=True, cwd=folder)
        page = Path(folder, "module.html").read_text(encoding="utf-8")
    texts = source.read_text(encoding="utf-8").splitlines()
    return [
        Line(text, int(found[1]), len(CALL.findall(found[2])) if found[2] else None)
        for text, found in zip(texts, LINE.finditer(page))
    ]


def of(functions: Sequence[str], lines: Sequence[Line]) -> list[Line]:
    """The lines of these functions, with one blank line between two of them."""
    kept: list[Line] = []
    inside = False
    for line in lines:
        if line.text[:1].strip():  # not indented
            inside = any(re.match(rf"(?:cp?)?def\b.*\b{name}\(", line.text) for name in functions)
        if inside and (line.text or kept[-1].text):
            kept.append(line)
    return kept if kept[-1].text else kept[:-1]


def in_words(line: Line) -> str:
    return line.text if line.calls is None else f"{line.text:<{CODE}}{line.calls or 'none':>4}"


def draw(lines: Sequence[Line]) -> str:
    words = escape("\n".join(map(in_words, lines)))
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ROW * len(lines) + 10}" role="img"'
    font = f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}"'
    rows = [row(line, ROW * number) for number, line in enumerate(lines, 1)]
    return "\n".join([f'<svg {frame} aria-label="{words}">', f"<g {font}>", *rows, "</g>", "</svg>\n"])


def row(line: Line, y: int) -> str:
    """Without a class: yellow is light in every look, and what is on it dark."""
    words = f'fill="#1b1b1b">{still(in_words(line))}</text>'
    if not line.score:
        return f'<text x="6" y="{y}" class="ink" {words}'
    back = f'<rect y="{y - SIZE}" width="{WIDTH}" height="{ROW}" fill="{yellow(line.score)}"/>'
    return f'{back}<text x="6" y="{y}" {words}'


def yellow(score: int) -> str:
    """Like Cython's, the stronger the greater the score; but even the palest is seen on a bad projector."""
    share = score / (score + 10)
    return f"#ff{round(240 - 40 * share):02x}{round(160 - 160 * share):02x}"
