"""Connections as the aggregates see them: they run statements and return rows, and raise our errors.

    Executor            the interface that aggregates use
    ├─ Connection       one connection, one user at a time: the writer's own, or one of the pool's
    ├─ LentConnection   a write connection, lent to a unit of work for the length of its body (writing/lending.py)
    ├─ ReadPool         some connections that only read (pool.py)
    └─ PostgresReads    the same on PostgreSQL, where connections come and go (postgres/reads.py)

A caller of the store may be cancelled at any await (its HTTP client went away). SQLAlchemy throws a connection away
when a statement on it is cancelled, and with it the transaction that many units share. So its statements run in tasks
of their own, which finish when the caller is cancelled (`run_to_end`). Compiled queries need none on SQLite: they are
one call of the driver, which finishes by itself, and the next one waits for it (`Dialect.stops_when_cancelled`).
"""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.base import Executable

from core.domain.errors import Unavailable
from core.store.sql.engine.dialect import Dialect, RunSteps
from core.store.sql.engine.errors import translated
from core.store.sql.engine.query import Query, QueryCache, Rows
from core.store.sql.engine.sqlite_driver import Step

T = TypeVar("T")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Asked = tuple[Query, Mapping[str, Any]]


class Executor(Protocol):
    """The interface that runs statements."""

    async def query(self, query: Query, **parameters: Any) -> Rows:
        """Return all rows of a compiled query."""

    async def query_together(self, *asked: Asked) -> list[Rows]:
        """Return the rows of several queries that all see the same instant."""

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """Return all rows of any statement."""

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """Return the first row of any statement."""

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; return the number of rows that it touched."""


async def run_to_end(work: Coroutine[Any, Any, T], running: set[asyncio.Task[Any]]) -> T:
    """Await `work`, which goes on when the caller is cancelled; `running` holds it until it has ended."""
    task = asyncio.get_running_loop().create_task(work)
    running.add(task)
    task.add_done_callback(running.discard)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_look_at_error)
        raise


def _look_at_error(task: asyncio.Task[Any]) -> None:
    """Read the result of an abandoned task, so that asyncio does not report its error."""
    if not task.cancelled():
        task.exception()


class Connection:
    """One database connection. One task at a time uses it, and never a task that may be cancelled."""

    __slots__ = ("_connection", "_dialect", "_driver", "_queries")

    def __init__(self, *, connection: AsyncConnection, driver: Any, dialect: Dialect, queries: QueryCache) -> None:
        self._connection = connection
        self._driver = driver
        self._dialect = dialect
        self._queries = queries

    @classmethod
    async def open(cls, *, engine: AsyncEngine, dialect: Dialect, queries: QueryCache) -> "Connection":
        """Open a connection. Raises Unavailable."""
        with translated():
            connection = await engine.connect()
            raw = await connection.get_raw_connection()
        return cls(connection=connection, driver=raw.driver_connection, dialect=dialect, queries=queries)

    @property
    def driver(self) -> Any:
        """The driver's own connection."""
        return self._driver

    @property
    def stops_when_cancelled(self) -> bool:
        """Whether a compiled query is given up when its caller is cancelled."""
        return self._dialect.stops_when_cancelled

    async def query(self, query: Query, **parameters: Any) -> Rows:
        """Return all rows of a compiled query."""
        compiled = self._queries.compiled(query)
        (rows,) = await self.run_steps([compiled.step(parameters)])
        return compiled.convert(rows)

    async def query_together(self, *asked: Asked) -> list[Rows]:
        """Run several queries in one trip, on the writer's connection, which is in a transaction already."""
        return await self._query_together(self._dialect.run_steps, asked)

    async def query_in_snapshot(self, *asked: Asked) -> list[Rows]:
        """Run several queries in one trip, in a transaction of its own."""
        return await self._query_together(self._dialect.read_steps, asked)

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """Return all rows of any statement."""
        with translated():
            return (await self._connection.execute(statement)).all()

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """Return the first row of any statement."""
        with translated():
            return (await self._connection.execute(statement)).first()

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; return the number of rows that it touched."""
        with translated():
            return (await self._connection.execute(statement, parameters)).rowcount

    async def run_steps(self, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        """Run statements in the driver's terms, in one trip; return the rows of each."""
        with translated():
            return await self._dialect.run_steps(self._driver, steps)

    async def run_last_steps(self, steps: Sequence[Step]) -> Unavailable | None:
        """Run statements and commit, in one trip; return the commit's error. Raises the error of a statement."""
        with translated():
            error = await self._dialect.run_last_steps(self._driver, steps)
        if error is None:
            return None
        refusal = Unavailable()
        refusal.__cause__ = error
        return refusal

    async def _query_together(self, run: RunSteps, asked: Sequence[Asked]) -> list[Rows]:
        compiled = [self._queries.compiled(query) for query, _ in asked]
        steps = [one.step(parameters) for one, (_, parameters) in zip(compiled, asked, strict=True)]
        with translated():
            results = await run(self._driver, steps)
        return [one.convert(rows) for one, rows in zip(compiled, results, strict=True)]

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()
