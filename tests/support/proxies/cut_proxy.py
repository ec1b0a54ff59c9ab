"""A proxy on loopback whose connections can be cut at any byte, or go silent without being closed."""

import asyncio
import contextlib

from deploy.services.definition import LOOPBACK

_CHUNK = 4096
"""Small, so that a cut falls into the middle of what was written at once."""


class CutProxy:
    """Connections to one port, through one of its own."""

    def __init__(self, port: int | None) -> None:
        """With None the first two bytes of each connection are the port that it leads to."""
        self._server_port = port
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.is_silent = False
        """Whether what comes is thrown away. A connection on which something was thrown away stays silent."""
        self.connections = 0
        """How many there have been."""

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._serving:  # also of a connection that leads nowhere yet, which is not cut
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)

    def cut(self) -> None:
        """Cut all connections: what is on its way is lost."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
                port = self._server_port or int.from_bytes(await reader.readexactly(2), "big")
                await self._join((reader, writer), await asyncio.open_connection(LOOPBACK, port))
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _join(self, *ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        """Pass on in both directions until one end is gone."""
        (reader, writer), (back_reader, back_writer) = ends
        self._writers.update((writer, back_writer))
        silenced = asyncio.Event()
        ways = (
            asyncio.create_task(self._pass(reader, back_writer, silenced)),
            asyncio.create_task(self._pass(back_reader, writer, silenced)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for end in (writer, back_writer):
                end.close()
            await asyncio.wait(ways)
        finally:
            for way in ways:
                way.cancel()
            back_writer.transport.abort()
            self._writers.difference_update((writer, back_writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silenced: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self.is_silent:
                    silenced.set()
                if not silenced.is_set():
                    writer.write(data)
                    await writer.drain()
