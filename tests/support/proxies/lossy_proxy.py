"""A proxy on loopback that loses answers or holds requests back, from the moment that it sees certain bytes.

Requests pass until one has the awaited bytes. Then either that one still passes and all answers are lost, or it and all
that follow it on its connection are held. `release` lets everything pass again; what was held goes first.
"""

import asyncio
import contextlib
import enum
from collections.abc import AsyncIterator
from typing import Final

from deploy.services.definition import LOOPBACK

_CHUNK: Final = 1 << 16


class Fault(enum.Enum):
    """What happens from the awaited bytes on."""

    LOSE_ANSWERS = enum.auto()
    HOLD_REQUESTS = enum.auto()


class LossyProxy:
    """Connections to one port, through one of its own."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._fault: Fault | None = None
        self._awaited = b""
        self._occurrences = 0
        self._has_struck = False
        self._released = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, port: int) -> AsyncIterator["LossyProxy"]:
        """Serve until the context ends."""
        proxy = cls(port)
        server = await asyncio.start_server(proxy._serve, LOOPBACK, 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            proxy.release()
            server.close()
            for task in proxy._tasks:
                task.cancel()
            await asyncio.gather(*proxy._tasks, return_exceptions=True)

    def strike(self, fault: Fault, awaited: bytes, *, occurrence: int = 1) -> None:
        """Begin the fault at a request with these bytes; `occurrence` counts such requests."""
        self._fault, self._awaited, self._occurrences = fault, awaited, occurrence
        self._released.clear()

    def release(self) -> None:
        """End the fault."""
        self._fault, self._has_struck = None, False
        self._released.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self._server_port)
        ways = (self._pass_requests(reader, server_writer), self._pass_answers(server_reader, writer))
        pair = [asyncio.create_task(way) for way in ways]
        self._tasks.update(pair)
        await asyncio.wait(pair, return_when=asyncio.FIRST_COMPLETED)
        for stream in (writer, server_writer):
            stream.close()

    async def _pass_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._fault is not None and self._awaited in data:
                    self._occurrences -= data.count(self._awaited)  # several requests may come at once
                    self._has_struck = self._has_struck or self._occurrences <= 0
                if self._has_struck and self._fault is Fault.HOLD_REQUESTS:
                    await self._released.wait()
                writer.write(data)
                await writer.drain()

    async def _pass_answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                if self._has_struck and self._fault is Fault.LOSE_ANSWERS:
                    continue
                writer.write(data)
                await writer.drain()
