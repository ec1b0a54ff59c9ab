"""A write connection, lent to one unit of work."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from sqlalchemy.sql.base import Executable

from core.domain.errors import Unavailable
from core.store.sql.engine.connection import AnyRow, Asked, Connection, Parameters, run_to_end
from core.store.sql.engine.query import Query, Rows

T = TypeVar("T")


class LentConnection:
    """A loan until it is taken back. A statement goes on when the body is cancelled; taking back waits for it."""

    __slots__ = ("_connection", "_ended", "_error", "_running", "_stops_when_cancelled")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stops_when_cancelled = connection.stops_when_cancelled
        self._running: set[asyncio.Task[Any]] = set()
        self._ended = False
        self._error: Unavailable | None = None

    async def query(self, query: Query, **parameters: Any) -> Rows:
        """Return all rows of a compiled query."""
        if self._stops_when_cancelled:
            return await self._run(self._connection.query(query, **parameters))
        self._check()
        return await self._watched(self._connection.query(query, **parameters))

    async def query_together(self, *asked: Asked) -> list[Rows]:
        """Run several queries. A unit of work sees one instant, and its own writes."""
        if self._stops_when_cancelled:
            return await self._run(self._connection.query_together(*asked))
        self._check()
        return await self._watched(self._connection.query_together(*asked))

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """Return all rows of any statement."""
        return await self._run(self._connection.fetch_all(statement))

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """Return the first row of any statement."""
        return await self._run(self._connection.fetch_one(statement))

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; return the number of rows that it touched."""
        return await self._run(self._connection.execute(statement, parameters))

    async def take_back(self) -> None:
        """End the loan. Waits for a statement that a cancelled body has left running.

        Raises:
            Unavailable: when the database failed in the body. It may have rolled back the whole transaction, so the
                unit is void, even if the body has swallowed the error.
        """
        self._ended = True
        while self._running:
            await asyncio.wait(self._running)
        if self._error is not None:
            raise self._error

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            self._check()
        except BaseException:
            work.close()
            raise
        return await run_to_end(self._watched(work), self._running)

    def _check(self) -> None:
        if self._error is not None:
            raise self._error
        if self._ended:
            raise RuntimeError("this unit of work has ended")

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except Unavailable as error:
            self._error = error
            raise
