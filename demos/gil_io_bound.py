"""I/O-bound Python: who waits lets the GIL go, so threads and asyncio wait for all replies at once.

Asks a server in another process, on 127.0.0.1, that takes --delay ms for each reply.
Look for: 1000/delay requests a second one after the other; many times that with threads or asyncio.

    $ python demos/gil_io_bound.py
"""

import asyncio
import multiprocessing
import queue
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from harness import CannotRun, Number, compare, ctrl_c_is_mine, parse_args, record
from progress import Replies
from slow_server import HOST, serve

REQUESTS = Number(20, 5, most=200, about="of each variant")  # a system may allow 256 open files
DELAY = Number(60, 10, most=60_000, about="of each reply, in ms")  # 1.2 s one after the other
REQUEST = "GET /{} HTTP/1.0\r\n\r\n"


def fetch(port, number, replies):
    with socket.create_connection((HOST, port)) as connection:
        connection.sendall(REQUEST.format(number).encode())
        return int(replies.add(connection.makefile().read()).split()[-1])


async def fetch_async(port, number, replies):
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(REQUEST.format(number).encode())
    reply = replies.add(await reader.read())
    writer.close()
    return int(reply.split()[-1])


def sequential(port, numbers, replies):
    return [fetch(port, number, replies) for number in numbers]


def threads(port, numbers, replies):
    with ThreadPoolExecutor(len(numbers)) as pool:
        return list(pool.map(fetch, [port] * len(numbers), numbers, [replies] * len(numbers)))


def coroutines(port, numbers, replies):
    async def at_once():
        return await asyncio.gather(*(fetch_async(port, number, replies) for number in numbers))

    return asyncio.run(at_once())


def beside_a_server(delay, experiment):
    """What experiment(port) yields, while the server listens there."""
    ports = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(delay, ports), daemon=True)
    with ctrl_c_is_mine():
        server.start()
    try:
        yield from experiment(ports.get(timeout=20))  # seconds; no start takes that long
    except queue.Empty:
        raise CannotRun(f"the server did not start: let this program listen on {HOST}") from None
    finally:
        server.terminate()
        server.join()


def main(argv=None):
    args, replies = parse_args(__doc__, argv, requests=REQUESTS, delay=DELAY), Replies()
    variants, numbers = [sequential, threads, coroutines], range(args.requests)
    runs = beside_a_server(args.delay, lambda port: replies.told(compare(variants, port, numbers, replies)))
    rate = {"measure": "requests", "unit": "/s"}
    return record(args, (replace(r, values=[args.requests / t for t in r.values], **rate) for r in runs))


if __name__ == "__main__":
    sys.exit(main())
