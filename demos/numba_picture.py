"""Loops stay Python loops: numba compiles them, shares them among threads, and a picture is there.

A pendulum swings above three magnets. Colour: the magnet that keeps it if let go there; dark: late.
Look for: pixels a millisecond, and that all draw the same; then a fine picture, as it is computed.

    $ python demos/numba_picture.py
"""

import sys
import time
from itertools import chain

from harness import Attachment, CannotRun, Number, Run, needs_packages, parse_args, record
from image import picture
from pendulum import EDGE, PALETTE, sketch, swing

with needs_packages():
    import numpy as np
    from numba import extending, njit, prange

WIDTH = Number(960, 120, least=120, most=3000, about="pixels in a row of the fine picture")
REPEATS = 3
BANDS = 15  # of the fine picture; each is a line in the terminal as soon as it is there

extending.register_jitable(swing)  # Python calls it as it is; what is compiled calls it compiled


def draw(pixels, rows):
    height, width = pixels.shape
    for column in prange(width):
        for row in rows:
            x, y = 2 * column + 1 - width, height - 1 - 2 * row
            pixels[row, column] = swing(EDGE * x / width, EDGE * y / width)


compiled = njit(draw)
parallel = njit(parallel=True)(draw)
WAYS = [("Python", draw, 40), ("@njit", compiled, 4), ("@njit(parallel=True)", parallel, 4)]
# The number: how many times smaller than the fine picture is the one that takes it a tenth of a second.


def drawn(draw, columns, bands=1):
    """The picture, in one go or band by band with a line of text for each; and the seconds it took."""
    pixels, start = np.zeros((columns * 3 // 8, columns), np.uint8), time.perf_counter()
    for rows in np.array_split(np.arange(len(pixels)), bands):
        draw(pixels, rows)
        if bands > 1:
            print(sketch(pixels[rows]))
    return pixels, time.perf_counter() - start


def rates(width):
    """What a Run is made of, for each way that draws a small picture as Python does."""
    expected, _ = drawn(draw, width // 40)
    for name, way, smaller in WAYS:
        small, warm_up = drawn(way, width // 40)  # numba compiles it now
        if (small != expected).any():
            raise CannotRun(f"{name} draws another picture than Python: use another version of numba")
        pictures = [drawn(way, width // smaller) for _ in range(REPEATS)]
        speeds = [pixels.size / seconds / 1000 for pixels, seconds in pictures]
        yield name, speeds, "rate", "px/ms", {"pixels": f"{pictures[0][0].size:,}"}, warm_up


def fine(width):
    pixels, seconds = drawn(parallel, width, BANDS)
    words = f"{pixels.size:,} pixels in {seconds:.2f} s: which magnet keeps the pendulum"
    yield picture("picture", words, pixels, PALETTE)


def main(argv=None):
    args = parse_args(__doc__, argv, width=WIDTH)
    runs = (Run(*row) for row in rates(min(args.width, WIDTH.default)))
    return record(args, chain(runs, (Attachment(*at) for at in fine(args.width))))


if __name__ == "__main__":
    sys.exit(main())
