"""What becomes of the counts of a Julia set: the share of its points, and a picture. Needs NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from image import picture, ramp

STEPS = 1000  # a point that stays near for so many is in the set
DARKEST = 60  # steps; few points outside the set stay longer
PALETTE = ramp("fff4d6 f9b233 d8434e 6a2c91 15133f", 255) + bytes.fromhex("1fb5ad")
SET = 255  # the last colour
WIDE = 16 / 9  # as a slide


def fraction(counts: Any) -> float:
    """The share of the points that are in the set."""
    return float(np.mean(counts == STEPS))


def portrait(counts: Any) -> tuple[str, str, str]:
    """The set, the imaginary part upward, and at its right how many steps each row takes."""
    shades = np.minimum(254 * np.log1p(counts) / np.log1p(DARKEST), 254)
    work = counts.sum(axis=1, keepdims=True)
    side = np.linspace(-0.05, 1.05, round(len(counts) * (WIDE - 1)))  # of the longest row
    bars = np.where((side > 0) & (side <= work / work.max()), SET, 0)
    pixels = np.hstack([np.where(counts == STEPS, SET, shades), bars])[::-1].astype(np.uint8)
    words = f"{counts.size:,} points, {fraction(counts):.6f} of them in the Julia set; the work of each row"
    return picture("picture", words, pixels, PALETTE)
