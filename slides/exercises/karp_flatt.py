"""Karp and Flatt: how much of a program is serial, and how fast can it get?

t1 and tp are the seconds that it takes with one worker and with p. Mend speedup, efficiency (of a worker),
serial_fraction (after Karp and Flatt; with one worker nobody knows: math.nan), and predict: the speedup of p
workers where a known fraction is serial (after Amdahl); with p = math.inf it is the ceiling.
Hint: with p workers the serial fraction takes as long as before, the rest 1/p of it. What is 1 / math.inf?

    $ python build/exercises/karp_flatt.py
"""

import check


def speedup(t1: float, tp: float) -> float:
    return tp / t1


def efficiency(t1: float, tp: float, p: int) -> float:
    return speedup(t1, tp)


def serial_fraction(t1: float, tp: float, p: int) -> float:
    return 1 - efficiency(t1, tp, p)


def predict(serial: float, p: float) -> float:
    return p * (1 - serial)


if __name__ == "__main__":
    check.karp_flatt(speedup, efficiency, serial_fraction, predict)
