"""Make it once: four threads share their connections, and yet each of them makes one.

connection() gives the connection to a server, and makes it when it is asked for the first time. Many threads
ask at the same time. Mend it so that there is one connection to each server, and that everybody gets it.
Hint: to make one takes a moment. What does another thread see meanwhile, if it looks into made?

    $ python build/exercises/make_it_once.py
"""

from __future__ import annotations

import check
from check import Connection


def connection(made: dict[str, Connection], server: str) -> Connection:
    if server not in made:
        made[server] = Connection(server)  # takes a moment
    return made[server]


if __name__ == "__main__":
    check.make_it_once(connection)
