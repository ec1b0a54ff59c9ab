"""A server and one raw connection to it, for tests of the bytes on the wire."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from core.http.bounds import DEFAULT_BOUNDS, HttpBounds
from core.http.server import HttpServer
from core.runtime.sockets import bind_socket

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


@asynccontextmanager
async def connect(
    app: Callable[[Any, Any, Any], Awaitable[None]], bounds: HttpBounds = DEFAULT_BOUNDS
) -> AsyncIterator[Streams]:
    started, stopping = asyncio.Event(), asyncio.Event()
    server = HttpServer(app=app, sock=bind_socket("127.0.0.1", 0), grace_s=1, bounds=bounds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run(started=started, stopping=stopping))
        await started.wait()
        host, _, port = server.authority.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield reader, writer
        finally:
            writer.close()
            stopping.set()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return int(head[0].split()[1]), headers, body
