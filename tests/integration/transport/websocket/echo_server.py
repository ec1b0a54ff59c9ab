"""The gateway's listener with a handler that says back what it hears, for tests that look at the wire alone."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from core.runtime.clock import SystemClock
from core.runtime.metrics import Metrics
from core.runtime.settings.settings import GatewaySettings
from core.wire.close_codes import UNKNOWN_ERROR
from gateway.commands.commands import Command, Identify, RequestGuildMembers
from gateway.sessions.connection import Connection
from gateway.transport.listener import Listener, make_listener

UNLIMITED = 1_000_000_000
KILL = "kill "
"""A message "kill NAME" closes the connection of that name, from within the callback of another."""


class EchoHandler:
    """Tells each connection its own name with every answer, so that an answer that goes astray is seen.

    `ends` holds the close code of each connection that ended, by name; `found` is set whenever one is added.
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
        """Say something to a connection."""
        connection.send(0, {"name": connection.session, "text": text})

    def on_closed(self, connection: Connection, code: int | None) -> None:
        """Remember how it ended."""
        name = connection.session or ""
        if self.connections.get(name) is connection:
            del self.connections[name]
        connection.session = None
        self.ends[name] = code
        self.changed.set()


class EchoServer:
    """A listener that runs."""

    def __init__(self, listener: Listener, handler: EchoHandler, metrics: Metrics) -> None:
        self.listener = listener
        self.handler = handler
        self.metrics = metrics

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.listener.address

    async def wait_for_end(self, name: str) -> int | None:
        """How the connection of that name ended."""
        async with asyncio.timeout(20):
            while name not in self.handler.ends:
                self.handler.changed.clear()
                await self.handler.changed.wait()
        return self.handler.ends[name]

    async def wait_until_empty(self) -> None:
        """Until no connection is left."""
        async with asyncio.timeout(20):
            while self.listener.connections:  # noqa: ASYNC110 - nothing tells when a socket is gone
                await asyncio.sleep(0.005)


class _Faults(logging.Handler):
    """Every error that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@contextlib.asynccontextmanager
async def run_echo_server(transport: str, **settings: Any) -> AsyncIterator[EchoServer]:
    """A listener on loopback; fails at the end when anything was logged as an error or escaped into the event loop."""
    faults = _Faults()
    logging.getLogger().addHandler(faults)
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.found.append(repr(context)))
    handler, metrics = EchoHandler(), Metrics()
    listener = make_listener(
        settings=GatewaySettings(
            host="127.0.0.1", port=0, **{"commands_per_minute": UNLIMITED, "transport": transport, **settings}
        ),
        clock=SystemClock(),
        call_later=asyncio.get_running_loop().call_later,
        handler=handler,
        metrics=metrics,
    )
    await listener.start()
    try:
        yield EchoServer(listener, handler, metrics)
    finally:
        await listener.stop()
        logging.getLogger().removeHandler(faults)
    assert faults.found == []
    assert listener.connections == []
