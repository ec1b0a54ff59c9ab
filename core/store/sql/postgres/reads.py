"""Reads on PostgreSQL: each on a connection of the pool, in a task that ends even when its caller is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy.sql.base import Executable

from core.store.sql.engine.connection import AnyRow, Asked, Connection, Parameters, run_to_end
from core.store.sql.engine.query import Query, Rows
from core.store.sql.postgres.connections import ConnectionPool

T = TypeVar("T")


class PostgresReads:
    """An `Executor` that only reads. Queries that are asked together see one instant (REPEATABLE READ)."""

    __slots__ = ("_pool", "_running")

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._running: set[asyncio.Task[Any]] = set()

    async def query(self, query: Query, **parameters: Any) -> Rows:
        """Return all rows of a compiled query."""
        return await self._run(lambda connection: connection.query(query, **parameters))

    async def query_together(self, *asked: Asked) -> list[Rows]:
        """Return the rows of several queries that all see the same instant."""
        return await self._run(lambda connection: connection.query_in_snapshot(*asked))

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
        """Finish the reads on their way and close the connections."""
        await self._pool.close()

    async def _run(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        return await run_to_end(self._read(read), self._running)

    async def _read(self, read: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._pool.lend() as connection:
            return await read(connection)
