"""Push it once: every task takes a large atlas along, though an engine needs it only once.

look_up() finds each place in the atlas, by engines, and lists the answers in the order of the places. Mend it
so that the atlas comes to each engine once at most; it is still the engines that find. The script starts two.
Hint: a direct view has push. ipyparallel.Reference("name") stands for what an engine has under that name.

    $ python build/exercises/push_it_once.py
"""

from __future__ import annotations

from functools import partial

import check
from check import Atlas, Engines, Found, find


def look_up(engines: Engines, atlas: Atlas, places: list[str]) -> list[Found]:
    view = engines.load_balanced_view()
    return list(view.map_sync(partial(find, atlas), places))


if __name__ == "__main__":
    check.push_it_once(look_up)
