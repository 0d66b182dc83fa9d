"""Find the race: four threads sell from one stock, and afterwards too much is left in it.

Each thread calls sell() with the same stock and with orders of its own. Mend sell() so that no sale is lost,
and so that payments still wait at the same time. Each order is paid, and removed from the stock, once.
Hint: remove() takes a moment. What may another thread do between the reading and the writing of stock[item]?

    $ python build/exercises/find_the_race.py
"""

import check
from check import pay, remove


def sell(stock: dict[str, int], orders: list[str]) -> None:
    for item in orders:
        pay()  # waits for the bank
        stock[item] = remove(stock[item])  # one less


if __name__ == "__main__":
    check.find_the_race(sell)
