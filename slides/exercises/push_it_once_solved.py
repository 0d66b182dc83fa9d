"""Push it once, solved: each engine gets the atlas, and keeps it under a name to which tasks refer."""

from __future__ import annotations

from functools import partial

import check
from check import Atlas, Engines, Found, find

with check.needs_packages():
    from ipyparallel import Reference


def look_up(engines: Engines, atlas: Atlas, places: list[str]) -> list[Found]:
    engines[:].push({"atlas": atlas}, block=True)
    view = engines.load_balanced_view()
    return list(view.map_sync(partial(find, Reference("atlas")), places))


if __name__ == "__main__":
    check.push_it_once(look_up)
