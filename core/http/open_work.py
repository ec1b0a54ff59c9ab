"""The work that must end before a server has stopped: its connections, and the requests in flight."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol


class Connection(Protocol):
    """A connection, as the server ends it."""

    @property
    def is_idle(self) -> bool:
        """Whether no request is there."""

    def shutdown(self) -> None:
        """Answer the requests that are there, and no more."""

    def abort(self) -> None:
        """End now."""


class OpenWork:
    """The open work of one server."""

    __slots__ = ("_when_left", "connections", "is_stopping", "tasks")

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.is_stopping = False
        """Whether a request that begins now is the last one of its connection."""
        self._when_left: asyncio.Future[None] | None = None

    def leave(self, connection: Connection) -> None:
        """Forget a connection that is lost."""
        self.connections.discard(connection)
        if self._when_left is not None and not self._when_left.done():
            self._when_left.set_result(None)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Answer a request."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def wait_until_done(self) -> None:
        """Wait until all connections are gone and all requests have ended."""
        while self.connections:
            self._when_left = asyncio.get_running_loop().create_future()
            await self._when_left
        while self.tasks:
            await asyncio.wait(self.tasks)
