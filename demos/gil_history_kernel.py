"""What gil_history.py runs on every CPython from 2.7 on, so it is written for the oldest.

countdown N R: R times the seconds of two countdowns, one after the other and in two threads.
echo:          answers each byte of its input beside a busy thread, until there are no more.
"""

import os
import sys
import threading
import time

now = getattr(time, "perf_counter", time.time)  # 2.7 has no better clock


def countdown(n):
    while n > 0:
        n -= 1


def sequential(n):
    countdown(n)
    countdown(n)


def threads(n):
    both = [threading.Thread(target=countdown, args=(n,)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()


def seconds(function, n):
    start = now()
    function(n)
    return now() - start


def echo():
    busy = threading.Thread(target=countdown, args=(10**12,))
    busy.daemon = True
    busy.start()
    byte = b"first"
    while byte:
        byte = os.read(0, 1)
        os.write(1, byte)
    os._exit(0)  # the busy thread has no end


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo()
    n, repeats = int(sys.argv[2]), int(sys.argv[3])
    for _ in range(repeats):
        sys.stdout.write("{} {}\n".format(seconds(sequential, n), seconds(threads, n)))
