"""One busy thread makes an echo in the same process fifty times slower, and more.

One thread sends each byte back, beside 0, 1, … busy threads; the client is a process of its own.
To send and to receive lets the GIL go; a busy thread takes it, and keeps it for a switch interval.
Look for: a round trip of about one switch interval beside one busy thread, several beside more.

    $ python demos/gil_convoy.py
"""

import socket
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

from harness import CannotRun, Number, Run, ctrl_c_is_mine, parse_args, record

REQUESTS = Number(30, 2, least=1, most=10_000, about="round trips for each row")
BUSY = Number(2, 1, least=1, most=16, about="busy threads at most")
INTERVALS = [5, 20, 0.5]  # switch intervals in ms; the first is Python's own
WARM_UP = 50  # round trips that do not count, before others are busy: a sleepy machine wakes up
PAUSE = 0.001  # seconds between requests: without it the busy thread has no time to take the GIL
STUCK = 10  # seconds; no client needs that long to start


def echo(connection):
    while byte := connection.recv(1):
        connection.sendall(byte)


def spin(stop):
    while not stop.is_set():
        pass


def client(address, requests):  # the milliseconds of each round trip
    times = []
    with socket.create_connection(address) as connection:
        for number in range(WARM_UP + requests):
            time.sleep(PAUSE)
            start, sent = time.perf_counter(), bytes([number % 256])
            connection.sendall(sent)
            if connection.recv(1) != sent:
                raise ConnectionError("the echo differs")
            times.append((time.perf_counter() - start) * 1000)
    return times[WARM_UP:]


def round_trips(interval, busy, requests):
    """Serve one client, with so many busy threads beside this one: its milliseconds."""
    sys.setswitchinterval(interval / 1000)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ProcessPoolExecutor(1) as pool:
        server.settimeout(STUCK)
        with ctrl_c_is_mine():
            times = pool.submit(client, server.getsockname(), requests)
        try:
            connection, _ = server.accept()
            for _ in range(WARM_UP):
                connection.sendall(connection.recv(1))
            for _ in range(busy):
                threading.Thread(target=spin, args=(stop,), daemon=True).start()
            with connection:
                echo(connection)
            return times.result()
        except (OSError, BrokenExecutor):
            raise CannotRun("the client could not start, or was killed: try again") from None
        finally:
            stop.set()


def main(argv=None):
    args = parse_args(__doc__, argv, requests=REQUESTS, busy=BUSY)
    rows = [(f"{ms} ms interval", ms, busy) for ms in INTERVALS for busy in range(args.busy + 1)]
    trips = ((name, round_trips(ms, busy, args.requests), busy) for name, ms, busy in rows)
    return record(args, (Run(name, ms, "latency", "ms", {"busy threads": busy}) for name, ms, busy in trips))


if __name__ == "__main__":
    sys.exit(main())
