"""Make it once, solved: one thread at a time looks, and writes what it did not find."""

from __future__ import annotations

import threading

import check
from check import Connection

lock = threading.Lock()  # one, for all threads


def connection(made: dict[str, Connection], server: str) -> Connection:
    with lock:
        if server not in made:
            made[server] = Connection(server)  # takes a moment
        return made[server]


if __name__ == "__main__":
    check.make_it_once(connection)
