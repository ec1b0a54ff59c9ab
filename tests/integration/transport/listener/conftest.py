"""A listener whose handler accepts everybody and records their commands."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from core_ext.delivery import Track
from gateway.commands.commands import Command, Identify
from gateway.payloads.dispatch_body import DispatchBody
from gateway.sessions.connection import Connection
from tests.integration.transport.running_listener import RunningListener
from tests.integration.transport.running_listener import run_listener as run


class RecordingHandler:
    """A handler that answers Identify with READY, keeps every other command, and fails for the token `fail`."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.tracks: list[Track] = []
        """The tracks of the connections, in the same order."""
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

    async def wait_end(self) -> int | None:
        """Wait for the next connection to end, and return its close code."""
        async with asyncio.timeout(60):
            return await self.ends.get()


RecordingListener = RunningListener[RecordingHandler]
RunListener = Callable[..., AbstractAsyncContextManager[RecordingListener]]


@pytest.fixture
def run_listener(transport: str) -> RunListener:
    """Run a listener with a test's own settings."""

    def start(**settings: Any) -> AbstractAsyncContextManager[RecordingListener]:
        return run(RecordingHandler(), transport=transport, **settings)

    return start


@pytest.fixture
async def served(run_listener: RunListener) -> AsyncIterator[RecordingListener]:
    """A listener with the default settings."""
    async with run_listener() as running:
        yield running
