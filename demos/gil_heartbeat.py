"""Some calls let the GIL go, some never do: a heartbeat beside them tells which.

One thread beats every millisecond while another makes a call; its longest silence is measured.
Look for: 1 to 2 ms where the call lets go; 5 to 10 ms, one or two turns, where Python code is made to;
as long as the whole call where it never lets go.

    $ python demos/gil_heartbeat.py
"""

import hashlib
import re
import statistics
import sys
import threading
import time
import zlib

from harness import Number, Run, parse_args, record

SIZE = Number(100, 2, least=1, most=1_000, about="how long each call takes, roughly in ms")
BEAT = 0.001  # seconds
REPEATS = 3


def calls(size):
    """{what: (function, arguments)}, for about `size` ms each."""
    return {
        "time.sleep": (time.sleep, (size / 1000,)),  # lets go, like the next two
        "sha256, one piece": (hashlib.sha256, (bytes(1_500_000 * size),)),
        "zlib.compress": (zlib.compress, (bytes(range(256)) * 1_200 * size,)),
        "Python loop": (repeat, (abs, -1, 35_000 * size)),  # is made to let go, like the next
        "sha256, 2,000 B each": (repeat, (hashlib.sha256, bytes(2_000), 700 * size)),
        "re.search": (re.search, ("p.*l.*serial", "parallel\n" * 12_000 * size)),  # never does
        "sorted": (sorted, ([i * i % 999_983 for i in range(4_000 * size)],)),
        "sum(range)": (sum, (range(70_000 * size),)),
        "3**n": (pow, (3, 14_000 * size)),
    }


def repeat(function, argument, times):
    for _ in range(times):
        function(argument)


def beat(beats, stop):
    while not stop.is_set():
        time.sleep(BEAT)
        beats.append(time.perf_counter())


def listen(function, arguments):
    """Call beside a heartbeat: how long the call took, and the longest silence, in ms."""
    beats, stop = [time.perf_counter()], threading.Event()
    heart = threading.Thread(target=beat, args=(beats, stop), daemon=True)
    caller = threading.Thread(target=function, args=arguments, daemon=True)
    heart.start()
    time.sleep(5 * BEAT)
    start = time.perf_counter()
    caller.start()
    caller.join()
    took = time.perf_counter() - start
    stop.set()
    heart.join()  # after one more beat
    return 1000 * took, 1000 * max(b - a for a, b in zip(beats, beats[1:]))


def hear(size):
    """Of each call what it is, the silences beside it, and how long it took."""
    for what, call in calls(size).items():
        took, silences = zip(*(listen(*call) for _ in range(REPEATS)))
        yield what, list(silences), {"call": f"{statistics.median(took):.3g} ms"}


def main(argv=None):
    args = parse_args(__doc__, argv, size=SIZE)
    return record(args, (Run(what, ms, "silence", "ms", call) for what, ms, call in hear(args.size)))


if __name__ == "__main__":
    sys.exit(main())
