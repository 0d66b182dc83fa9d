"""An HTTP server that is slow: it takes its time for each reply, to many at once. Standard library only."""

import asyncio

HOST = "127.0.0.1"


def serve(delay, ports):
    """Answer each request for /n with n * n, slowly."""

    async def answer(reader, writer):
        number = int((await reader.readuntil(b"\r\n\r\n")).split()[1][1:])
        await asyncio.sleep(delay / 1000)
        writer.write(f"HTTP/1.0 200 OK\r\n\r\n{number * number}".encode())
        writer.close()

    async def listen():
        server = await asyncio.start_server(answer, HOST, 0, backlog=1000)
        ports.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(listen())
