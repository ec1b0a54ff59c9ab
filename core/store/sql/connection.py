"""Connections as the aggregates see them: run a statement, get rows, with our errors.

A caller of the store may be cancelled at any await (its HTTP client went away). SQLAlchemy throws a connection away when a
statement on it is cancelled, and with it the transaction that many units share. So statements run in tasks of their own,
which finish when the caller is cancelled (`run_to_end`).

    Executor        what an aggregate needs
    ├─ Connection       one connection, one user at a time (the writer's own, one of the pool's)
    ├─ LentConnection   the writer's connection, lent to a unit of work for the length of its body
    └─ ReadPool         some connections that only read (pool.py)
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.base import Executable

from core.domain.errors import Unavailable
from core.store.sql.dialect import Dialect
from core.store.sql.errors import translated
from core.store.sql.sqlite_driver import Step

T = TypeVar("T")
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Executor(Protocol):
    """Runs statements."""

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """All rows."""

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """The first row."""

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; the number of rows that it touched."""

    async def in_snapshot(self, read: Callable[["Executor"], Awaitable[T]]) -> T:
        """Run several reads that all see the same instant."""


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
    """Nobody is left to tell; looking keeps asyncio from reporting an error that nobody saw."""
    if not task.cancelled():
        task.exception()


class Connection:
    """One database connection. Used by one task at a time; never by one that may be cancelled."""

    __slots__ = ("_connection", "_dialect", "_driver")

    def __init__(self, *, connection: AsyncConnection, driver: Any, dialect: Dialect) -> None:
        self._connection = connection
        self._driver = driver
        self._dialect = dialect

    @classmethod
    async def open(cls, engine: AsyncEngine, dialect: Dialect) -> "Connection":
        """A new connection. Raises Unavailable."""
        with translated():
            connection = await engine.connect()
            raw = await connection.get_raw_connection()
        return cls(connection=connection, driver=raw.driver_connection, dialect=dialect)

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """All rows."""
        with translated():
            return (await self._connection.execute(statement)).all()

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """The first row."""
        with translated():
            return (await self._connection.execute(statement)).first()

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; the number of rows that it touched."""
        with translated():
            return (await self._connection.execute(statement, parameters)).rowcount

    async def in_snapshot(self, read: Callable[[Executor], Awaitable[T]]) -> T:
        """Run several reads that all see the same instant."""
        await self.control(self._dialect.begin_snapshot)
        try:
            return await read(self)
        finally:
            await self.control("COMMIT")

    async def control(self, sql: str) -> None:
        """Transaction control, past SQLAlchemy."""
        await self.run_steps([Step(sql)])

    async def run_steps(self, steps: Sequence[Step]) -> list[list[tuple[Any, ...]]]:
        """Run compiled statements, past SQLAlchemy; the rows of each."""
        with translated():
            return await self._dialect.run_steps(self._driver, steps)

    async def close(self) -> None:
        """Give the connection back to the system."""
        await self._connection.close()


class LentConnection:
    """The writer's connection in the hands of one unit of work."""

    __slots__ = ("_connection", "_ended", "_error", "_running")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._running: set[asyncio.Task[Any]] = set()
        self._ended = False
        self._error: Unavailable | None = None

    async def fetch_all(self, statement: Executable) -> Sequence[AnyRow]:
        """All rows."""
        return await self._run(self._connection.fetch_all(statement))

    async def fetch_one(self, statement: Executable) -> AnyRow | None:
        """The first row."""
        return await self._run(self._connection.fetch_one(statement))

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> int:
        """Run a statement that writes; the number of rows that it touched."""
        return await self._run(self._connection.execute(statement, parameters))

    async def in_snapshot(self, read: Callable[[Executor], Awaitable[T]]) -> T:
        """The unit of work is a snapshot already."""
        return await read(self)

    async def take_back(self) -> None:
        """End the loan. Waits for a statement that a cancelled body has left running.

        Raises:
            Unavailable: the database failed in the body. It may have rolled back the whole transaction, so the unit
                cannot be kept, even if the body has swallowed the error.
        """
        self._ended = True
        while self._running:
            await asyncio.wait(self._running)
        if self._error is not None:
            raise self._error

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        if self._ended or self._error is not None:
            work.close()
            if self._error is not None:
                raise self._error
            raise RuntimeError("this unit of work has ended")
        return await run_to_end(self._watched(work), self._running)

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            return await work
        except Unavailable as error:
            self._error = error
            raise
