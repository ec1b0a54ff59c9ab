"""A proxy before a PostgreSQL that cuts a connection at its next COMMIT, before or after the server has got it."""

import asyncio
from enum import Enum

from sqlalchemy.engine import make_url

_COMMIT = b"COMMIT\0"


class Cut(Enum):
    """When a connection is cut."""

    NEVER = 0
    BEFORE = 1
    """The server does not hear of the COMMIT."""
    AFTER = 2
    """The server commits; its answer is lost."""


class CuttingProxy:
    """The proxy. `cut` is what becomes of the next COMMIT."""

    def __init__(self, address: str) -> None:
        self._url = make_url(address)
        self._server: asyncio.Server | None = None
        self.cut = Cut.NEVER

    @property
    def address(self) -> str:
        """The address of the database through the proxy."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return self._url.set(port=port).render_as_string(hide_password=False)

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Listen no more. Connections end with their clients."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection(self._url.host, self._url.port)
        answers = asyncio.ensure_future(_copy(back, writer))
        try:
            while data := await reader.read(65536):
                if _COMMIT not in data or self.cut is Cut.NEVER:
                    forth.write(data)
                    continue
                is_told, self.cut = self.cut is Cut.AFTER, Cut.NEVER
                answers.cancel()
                await asyncio.wait([answers])
                if is_told:
                    forth.write(data)
                    await back.read(1)
                return
        finally:
            answers.cancel()
            forth.close()
            writer.close()
            await asyncio.wait([answers])


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
