"""A load balancer before the gateways of a cluster's workers: each connection goes to the next worker that is ready.

It asks every worker's `/ready` again and again, so one that is drained, or has died, gets none. Clients know the
balancer's address alone.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import count
from typing import Final
from urllib.parse import urlsplit

_LOOK_S: Final = 0.1
_BUSY_S: Final = 5.0
"""The time in which a worker of a busy machine answers. One that is dead refuses at once."""


class GatewayBalancer:
    """The balancer. `list_gateways` returns the addresses of the workers' gateways."""

    def __init__(self) -> None:
        self.list_gateways: Callable[[], Sequence[str]] = tuple
        self._connections: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server
        self._ready: list[str] = []
        self._looked = asyncio.Event()
        self._turns = count()

    @property
    def address(self) -> str:
        """The address for clients."""
        return f"ws://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def wait_for_gateways(self, number: int) -> None:
        """Wait until so many workers are ready."""
        while len(self._ready) < number:
            await self._looked.wait()

    async def run(self, started: asyncio.Event) -> None:
        """Listen until cancelled, and cut the connections then."""
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        started.set()
        try:
            while True:
                gateways = self.list_gateways()
                answers = await asyncio.gather(*map(_is_ready, gateways))
                self._ready = [gateway for gateway, is_ready in zip(gateways, answers, strict=True) if is_ready]
                self._looked.set()
                self._looked = asyncio.Event()
                await asyncio.sleep(_LOOK_S)
        finally:
            self._listener.close()
            for task in self._connections:
                task.cancel()
            if self._connections:
                await asyncio.wait(self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        ways: list[asyncio.Task[None]] = []
        try:
            from_worker, to_worker = await self._connect()
            try:
                ways += [asyncio.create_task(_copy(reader, to_worker)), asyncio.create_task(_copy(from_worker, writer))]
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                to_worker.transport.abort()
        finally:
            for way in ways:
                way.cancel()
            writer.transport.abort()
            self._connections.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while True:
            if self._ready:
                url = urlsplit(self._ready[next(self._turns) % len(self._ready)])
                with contextlib.suppress(OSError):
                    return await asyncio.open_connection(url.hostname, url.port)
            await self._looked.wait()


async def _is_ready(gateway: str) -> bool:
    url = urlsplit(gateway)
    try:
        async with asyncio.timeout(_BUSY_S):
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            with contextlib.closing(writer):
                writer.write(f"GET /ready HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
                return b" 200 " in await reader.readline()
    except (OSError, TimeoutError):
        return False


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def balancing() -> AsyncIterator[GatewayBalancer]:
    """Run a balancer, which knows no worker yet."""
    balancer, started = GatewayBalancer(), asyncio.Event()
    running = asyncio.create_task(balancer.run(started))
    await started.wait()
    try:
        yield balancer
    finally:
        running.cancel()
        await asyncio.wait([running])
