"""A load balancer before the API processes of a cluster: each connection goes to the next process.

A person's requests therefore reach all processes in turn. A process that is away refuses, as its port does.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import count
from urllib.parse import urlsplit

from deploy.services.definition import find_free_port


class ApiBalancer:
    """The balancer. `processes` are the addresses of the API processes, and may change."""

    def __init__(self) -> None:
        self.processes: Sequence[str] = ()
        self._turns = count()
        self._port = find_free_port()  # nobody else gets it while it is stopped
        self._listener: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def address(self) -> str:
        """The address for clients, which stays the same."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        """Listen, on the same port as before when it was stopped."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def stop(self) -> None:
        """Listen no more, and cut the connections."""
        if self._listener is not None:
            self._listener.close()
            for writer in self._connections.values():
                writer.transport.abort()
            await asyncio.gather(*self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        await self._forward(reader, writer)
        del self._connections[task]

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        process = urlsplit(self.processes[next(self._turns) % len(self.processes)])
        with contextlib.suppress(OSError):
            from_process, to_process = await asyncio.open_connection(process.hostname, process.port)
            with contextlib.closing(to_process):
                await _exchange((reader, to_process), (from_process, writer))
        writer.close()


async def _exchange(*ways: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
    """Copy in both directions until one side ends."""
    copies = [asyncio.create_task(_copy(reader, writer)) for reader, writer in ways]
    await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    for each in copies:
        each.cancel()
    await asyncio.wait(copies)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
