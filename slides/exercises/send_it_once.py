"""Send it once: every task takes a large atlas along, though a worker needs it only once.

look_up() finds each place in the atlas, by processes, and lists the answers in the order of the places. Mend
it so that the atlas is not pickled more often than there are workers; it is still the workers that find.
Hint: ProcessPoolExecutor has an initializer, which each worker calls once, before its first task.

    $ python build/exercises/send_it_once.py
"""

from concurrent.futures import ProcessPoolExecutor
from functools import partial

import check
from check import Atlas, Found, find


def look_up(atlas: Atlas, places: list[str], workers: int) -> list[Found]:
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(partial(find, atlas), places))


if __name__ == "__main__":
    check.send_it_once(look_up)
