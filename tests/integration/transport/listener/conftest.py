"""A listener on a loopback socket, with a handler that accepts everybody.

A test runs on uvloop, which is what the server runs on, and on every transport that this machine has; one that looks behind them
is marked with `on_first_transport`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import uvloop

from core.runtime.clock import SystemClock
from core.runtime.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core_ext.delivery import Track
from gateway.commands.commands import Command, Identify
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.connection import Connection
from gateway.transport.listener import TRANSPORTS, Listener, make_listener

RunListener = Callable[..., AbstractAsyncContextManager["Served"]]


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], Any]]:
    return {"uvloop": uvloop.new_event_loop}


class Handler:
    """Answers Identify with READY, keeps every other command, and fails when it is asked to."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.tracks: list[Track] = []
        """Of the connections, in their order."""
        self.commands: list[Command] = []
        self.ends: asyncio.Queue[int | None] = asyncio.Queue()

    def on_command(self, connection: Connection, command: Command) -> None:
        if isinstance(command, Identify):
            if command.token == "fail":
                raise RuntimeError("the handler fails")
            connection.session = self
            self.connections.append(connection)
            track = Track(max_events=10_000, max_bytes=1 << 30)
            track.attach(connection.outlet)
            track.push(DispatchBody("READY", b'{"v":10,"session_id":"s"}'))
            self.tracks.append(track)
            return
        self.commands.append(command)

    def on_closed(self, connection: Connection, code: int | None) -> None:
        self.ends.put_nowait(code)


class Served:
    """A listener that runs, and what its handler saw."""

    def __init__(self, listener: Listener, handler: Handler, metrics: Metrics) -> None:
        self.listener = listener
        self.handler = handler
        self.metrics = metrics

    @property
    def address(self) -> tuple[str, int]:
        return self.listener.address

    async def wait_end(self) -> int | None:
        """How the next connection ended."""
        async with asyncio.timeout(10):
            return await self.handler.ends.get()


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """`gateway.transport` of the listeners of this test."""
    return str(request.param)


@pytest.fixture
def run_listener(transport: str) -> RunListener:
    """Run a listener with settings of the test's own."""

    @contextlib.asynccontextmanager
    async def run(**settings: Any) -> AsyncIterator[Served]:
        handler, metrics = Handler(), Metrics()
        listener = make_listener(
            settings=GatewaySettings(host="127.0.0.1", port=0, transport=transport, **settings),  # type: ignore[arg-type]  # one of its names
            clock=SystemClock(),
            call_later=asyncio.get_running_loop().call_later,
            handler=handler,
            metrics=metrics,
        )
        await listener.start()
        try:
            yield Served(listener, handler, metrics)
        finally:
            await listener.stop()

    return run


@pytest.fixture
async def served(run_listener: RunListener) -> AsyncIterator[Served]:
    """A listener with the default settings."""
    async with run_listener() as running:
        yield running
