"""Send it once, solved: each worker gets the atlas when it starts, and keeps it."""

from concurrent.futures import ProcessPoolExecutor

import check
from check import Atlas, Found, find

kept: list[Atlas] = []  # in each worker, its atlas


def keep(atlas: Atlas) -> None:
    kept.append(atlas)


def find_in_kept(place: str) -> Found:
    return find(kept[0], place)


def look_up(atlas: Atlas, places: list[str], workers: int) -> list[Found]:
    pool = ProcessPoolExecutor(workers, initializer=keep, initargs=(atlas,))
    with pool:
        return list(pool.map(find_in_kept, places))


if __name__ == "__main__":
    check.send_it_once(look_up)
