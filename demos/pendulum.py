"""A pendulum above three magnets: which of them keeps it when it is let go somewhere, and when.

Plain Python, so that whoever compiles it can show what that gains. Its units: a magnet is 1 from the middle
and pulls with 1 / distance² (a mass of 1 in a time of 1). Standard library only.
"""

import math
from statistics import mode

from image import ramp

MAGNETS = (0.0, 1.0), (-0.866, -0.5), (0.866, -0.5)
GRAVITY, FRICTION, HEIGHT = 0.2, 0.15, 0.2  # it swings so high above the magnets
STEP, MOST = 0.04, 560  # of time, and how many of them: enough for the latest in a picture
CAUGHT = -3.9  # energy; with less than -2.95 no way leads from one magnet to another
EDGE = 3.6  # of a picture, to the left and right
SHADES = 85  # of a magnet's colour: light is early, dark is late
COLOURS = "fff3cf f0a030 a84300 200806", "dcefff 3f97dc 003f80 020a1e", "ffffff b0adb8 4d4756 0b0911"
PALETTE = b"".join(ramp(colours, SHADES) for colours in COLOURS)
GLYPHS = " ▒█"  # of the magnets, in a terminal


def swing(x, y):
    """Let it go at (x, y): the number of the colour for the magnet that keeps it, and for when."""
    vx = vy = 0.0
    keeper = late = 0
    while late < MOST:
        energy = (vx * vx + vy * vy + GRAVITY * (x * x + y * y)) / 2
        ax, ay = -GRAVITY * x - FRICTION * vx, -GRAVITY * y - FRICTION * vy
        nearest = 0.0
        for magnet, (mx, my) in enumerate(MAGNETS):
            dx, dy = mx - x, my - y
            near = 1 / math.sqrt(dx * dx + dy * dy + HEIGHT * HEIGHT)
            energy -= near
            ax, ay = ax + dx * near * near * near, ay + dy * near * near * near
            if near > nearest:
                nearest, keeper = near, magnet
        if energy < CAUGHT:
            break
        vx, vy = vx + STEP * ax, vy + STEP * ay
        x, y = x + STEP * vx, y + STEP * vy
        late += 1
    return SHADES * keeper + (SHADES - 1) * late // MOST


def sketch(rows, width=80):
    """Rows of pixels as a line of text: in each of its columns the magnet that keeps most of them."""
    ends = [i * len(rows[0]) // width for i in range(width + 1)]
    cells = ([pixel // SHADES for row in rows for pixel in row[a:b]] for a, b in zip(ends, ends[1:]))
    return "".join(GLYPHS[mode(cell)] for cell in cells)
