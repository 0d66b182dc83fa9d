"""What numba made of array expressions: its own diagnostics, as words and as a picture."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

import textpicture

COLUMNS = 76  # of the picture; longer are only rulers
TOLD = r"\||fused with|Optimisation"  # the lines with the numbers of loops, before and after


def picture(function: Any) -> tuple[str, str, str]:
    """A name, words and an SVG: the loops in a function compiled with parallel=True, before and after."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        function.parallel_diagnostics(level=1)
    lines = [line[:COLUMNS].rstrip() for line in said.getvalue().splitlines() if re.search(TOLD, line)]
    return "fusion", "\n".join(lines), textpicture.draw(lines, r"#[\d, ]+|fused.*")
