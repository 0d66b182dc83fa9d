"""Pixels as a picture for a slide: a PNG with a palette, inside an SVG. Standard library only."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from html import escape

WIDTH = 1200  # of every picture, in units that are a pixel on a slide 1280 pixels wide


def ramp(colours: str, steps: int) -> bytes:
    """A piece of a palette: colours from the first through the others to the last of "ffffff 000000"."""
    stops = [bytes.fromhex(colour) for colour in colours.split()]
    parts: list[int] = []
    for i in range(steps):
        place = i * (len(stops) - 1) / (steps - 1)
        low = min(int(place), len(stops) - 2)
        parts += [round(a + (b - a) * (place - low)) for a, b in zip(stops[low], stops[low + 1])]
    return bytes(parts)


def picture(name: str, alt: str, rows: Sequence[Sequence[int]], palette: bytes) -> tuple[str, str, str]:
    """A name, words and an SVG: rows of pixels, from the top; each pixel is the number of its colour."""
    height = WIDTH * len(rows) / len(rows[0])
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
    data = base64.b64encode(png(map(bytes, rows), len(rows[0]), len(rows), palette)).decode()
    inside = f'<image width="{WIDTH}" height="{height:.0f}" href="data:image/png;base64,{data}"/>'
    return name, alt, f'<svg {frame} aria-label="{escape(alt)}">{inside}</svg>\n'


def png(rows: Iterable[bytes], columns: int, height: int, palette: bytes) -> bytes:
    """The bytes of a PNG file: at most 256 colours of three bytes each, a byte a pixel (PNG, 3rd edition)."""
    head = struct.pack(">IIBBBBB", columns, height, 8, 3, 0, 0, 0)  # 8 bits, with a palette
    lines = b"".join(b"\0" + row for row in rows)  # 0: as it is, no filter
    chunks = {b"IHDR": head, b"PLTE": palette, b"IDAT": zlib.compress(lines, 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks.items())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
