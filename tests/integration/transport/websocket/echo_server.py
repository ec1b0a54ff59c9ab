"""The gateway's listener with a handler that echoes, for tests of the wire alone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

from typing_extensions import override

from core.wire.close_codes import UNKNOWN_ERROR
from gateway.commands.commands import Command, Identify, RequestGuildMembers
from gateway.sessions.connection import Connection
from tests.integration.transport.running_listener import RunningListener, run_listener

UNLIMITED = 1_000_000_000
KILL = "kill "
"""A message "kill NAME" closes the connection of that name, from within the callback of another."""


class EchoHandler:
    """A handler whose answers contain the connection's own name, so that an answer to another connection is seen.

    `ends` holds the close code of each connection that ended, by name; `changed` is set whenever one is added.
    """

    def __init__(self) -> None:
        self.connections: dict[str, Connection] = {}
        self.ends: dict[str, int | None] = {}
        self.changed = asyncio.Event()

    def on_command(self, connection: Connection, command: Command) -> None:
        """Log in, or answer."""
        if isinstance(command, Identify):
            connection.session = command.token
            self.connections[command.token] = connection
            self.answer(connection, None)
        elif isinstance(command, RequestGuildMembers):
            text = command.query or ""
            if text.startswith(KILL) and (victim := self.connections.get(text.removeprefix(KILL))) is not None:
                victim.close(UNKNOWN_ERROR)
            self.answer(connection, text)

    def answer(self, connection: Connection, text: str | None) -> None:
        """Send the name and a text to a connection."""
        connection.send(0, {"name": connection.session, "text": text})

    def on_closed(self, connection: Connection, code: int | None) -> None:
        """Keep the close code."""
        name = connection.session or ""
        if self.connections.get(name) is connection:
            del self.connections[name]
        connection.session = None
        self.ends[name] = code
        self.changed.set()

    async def wait_for_end(self, name: str) -> int | None:
        """Wait until the connection of that name has ended, and return its close code."""
        async with asyncio.timeout(60):
            while name not in self.ends:
                self.changed.clear()
                await self.changed.wait()
        return self.ends[name]


EchoServer = RunningListener[EchoHandler]


class _Faults(logging.Handler):
    """A record of all logged errors."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@contextlib.asynccontextmanager
async def run_echo_server(transport: str, **settings: Any) -> AsyncIterator[EchoServer]:
    """Run a server on loopback. It must end without connections, logged errors, or errors in the event loop."""
    with _no_faults():
        options = {"commands_per_minute": UNLIMITED, **settings}
        async with run_listener(EchoHandler(), transport=transport, **options) as server:
            yield server
    assert server.listener.connections == []


@contextlib.contextmanager
def _no_faults() -> Iterator[None]:
    faults = _Faults()
    logging.getLogger().addHandler(faults)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.found.append(repr(context)))
    try:
        yield
    finally:
        logging.getLogger().removeHandler(faults)
    assert faults.found == []
