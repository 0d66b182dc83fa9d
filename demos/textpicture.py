"""Lines of text as a picture: what the terminal prints is on the slide too. Standard library only.

The classes are those of plots.py, for a style sheet to change; without one the colours here hold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

WIDTH, SIZE, ROW = 1200, 26, 34  # of the picture, the font, a line: 76 columns fit


def draw(lines: Sequence[str], marked: str) -> str:
    """The lines in a font of fixed width, as an SVG; what the pattern matches stands out."""
    words = escape("\n".join(lines))
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ROW * len(lines) + 10}" role="img"'
    font = f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}"'
    rows = [row(line, ROW * number, marked) for number, line in enumerate(lines, 1)]
    return "\n".join([f'<svg {frame} aria-label="{words}">', f"<g {font}>", *rows, "</g>", "</svg>\n"])


def row(line: str, y: int, marked: str) -> str:
    """A line. Its spaces are such that no page runs them together."""
    pieces = []
    end = 0
    for found in re.finditer(marked, line):
        pieces += [still(line[end : found.start()]), loud(found[0])]
        end = found.end()
    words = "".join([*pieces, still(line[end:])])
    return f'<text x="0" y="{y}" class="ink" fill="#1b1b1b">{words}</text>'


def loud(words: str) -> str:
    return f'<tspan class="loud" fill="#a84300" font-weight="bold">{still(words)}</tspan>'


def still(words: str) -> str:
    return escape(words).replace(" ", "\N{NO-BREAK SPACE}")
