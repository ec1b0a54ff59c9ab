"""A few connections that only read. In WAL mode readers neither wait for the writer nor hold it up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.sql.base import Executable

from core.domain.errors import Unavailable
from core.store.sql.engine.connection import AnyRow, Asked, Connection, Parameters, run_to_end
from core.store.sql.engine.query import Query, Rows

T = TypeVar("T")


class ReadPool:
    """A pool that lends a free connection to each read. Reads that find none wait in their order."""

    __slots__ = ("_closed", "_free", "_running", "_size", "_slots")

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._free = list(connections)
        self._size = len(self._free)
        self._slots = asyncio.Semaphore(self._size)
        self._running: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def query(self, query: Query, **parameters: Any) -> Rows:
        """Return all rows of a compiled query."""
        return await self._lend(lambda connection: connection.query(query, **parameters))

    async def query_together(self, *asked: Asked) -> list[Rows]:
        """Return the rows of several queries that all see the same instant."""
        return await self._lend(lambda connection: connection.query_in_snapshot(*asked))

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """Return all rows of any statement."""
        return await self._run(lambda connection: connection.fetch_all(statement))

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """Return the first row of any statement."""
        return await self._run(lambda connection: connection.fetch_one(statement))

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:  # noqa: ARG002
        """Raise, because the pool only reads."""
        raise RuntimeError("writes go through Store.write()")

    async def close(self) -> None:
        """Finish the reads in flight and close the connections."""
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)
        for connection in self._free:
            await connection.close()
        self._free.clear()

    async def _run(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        return await run_to_end(self._lend(read), self._running)

    async def _lend(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        if self._closed:
            raise Unavailable("the store is closed")
        async with self._slots:
            connection = self._free.pop()
            try:
                return await read(connection)
            finally:
                self._free.append(connection)
