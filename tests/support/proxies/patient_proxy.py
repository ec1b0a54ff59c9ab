"""A TCP proxy that lets clients wait while the server behind it is away, as load balancers may."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

_RETRY_S: Final = 0.05


@contextlib.asynccontextmanager
async def patient_proxy(find_port: Callable[[], int]) -> AsyncIterator[int]:
    """Forward connections to the port on loopback that `find_port` returns. Gives the proxy's own port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_server, from_server = await _connect(find_port), writer
        server_reader, server_writer = to_server
        await asyncio.wait(
            [
                asyncio.create_task(_pump(reader, server_writer)),
                asyncio.create_task(_pump(server_reader, from_server)),
            ],
            return_when=asyncio.FIRST_COMPLETED,
        )
        for each in (server_writer, from_server):
            each.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(proxy.sockets[0].getsockname()[1])
    finally:
        proxy.close()


async def _connect(find_port: Callable[[], int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    while True:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", find_port())
        await asyncio.sleep(_RETRY_S)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
