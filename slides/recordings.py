"""The recordings of the demos: which file holds which run, and which one fits this machine best."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SLIDES = Path(__file__).resolve().parent
FOLDER = SLIDES / "recorded"

sys.path.append(str(SLIDES.parent / "demos"))
import sources  # noqa: E402  (the demos are scripts, not an installed package)
from harness import SCHEMA  # noqa: E402
from machine import usable_cores  # noqa: E402


def name(demo: str, options: Mapping[str, object]) -> str:
    """The name of a recording's file, without its suffix: gil_lanes@mechanism=processes."""
    given = ",".join(f"{option}={value}" for option, value in sorted(options.items()))
    return f"{demo}@{given}" if given else demo


def best(demo: str, options: Mapping[str, object]) -> dict[str, Any] | None:
    """The recording made with as many cores as this machine has, else the nearest; None if all are stale."""
    found = []
    for file in FOLDER.glob(f"*/{name(demo, options)}.json"):
        taken = json.loads(file.read_text(encoding="utf-8"))
        if taken["schema"] == SCHEMA and fresh(taken):
            found.append((abs(taken["machine"]["cores"]["usable"] - usable_cores()), file.parent.name, taken))
    return min(found, key=lambda item: item[:2])[2] if found else None


def fresh(taken: Mapping[str, Any]) -> bool:
    """Whether the demo is still the one that was recorded; if it cannot be read, there is nothing better."""
    try:
        return bool(taken["source"] == sources.source_hash(taken["demo"]))
    except OSError:
        return True


def disturbed(taken: Mapping[str, Any]) -> float:
    """The share of the time in which a worker had no core, though there are enough, or nobody knows."""
    enough = taken["machine"]["cores"]["usable"]
    ran = [one for one in taken["lanes"] if one["kind"] == "ran" and len(one["workers"]) <= enough]
    spans = [span for one in ran for worker in one["workers"].values() for span in worker]
    lost = sum(end - start for start, end, state in spans if state in ("no core", "unknown"))
    return lost / sum(one["window"] * len(one["workers"]) for one in ran) if ran else 0.0
