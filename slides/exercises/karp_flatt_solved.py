"""Karp and Flatt, solved: the time with p workers is t1 · (serial + (1 − serial) / p)."""

import math

import check


def speedup(t1: float, tp: float) -> float:
    return t1 / tp


def efficiency(t1: float, tp: float, p: int) -> float:
    return speedup(t1, tp) / p


def serial_fraction(t1: float, tp: float, p: int) -> float:
    return (tp / t1 - 1 / p) / (1 - 1 / p) if p > 1 else math.nan


def predict(serial: float, p: float) -> float:
    time = serial + (1 - serial) / p
    return 1 / time if time else math.inf


if __name__ == "__main__":
    check.karp_flatt(speedup, efficiency, serial_fraction, predict)
