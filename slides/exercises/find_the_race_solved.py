"""Find the race, solved: one thread at a time between the reading and the writing, and only there."""

import threading

import check
from check import pay, remove

lock = threading.Lock()  # one, for all threads


def sell(stock: dict[str, int], orders: list[str]) -> None:
    for item in orders:
        pay()  # waits for the bank, as do the other threads
        with lock:
            stock[item] = remove(stock[item])


if __name__ == "__main__":
    check.find_the_race(sell)
