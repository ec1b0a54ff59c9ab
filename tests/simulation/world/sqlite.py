"""SQLite without a thread: a trip to the database takes virtual time, and happens at its beginning, middle or end.

The real driver runs each trip in a thread, one after the other. Here a trip is queued in the same order behind those
before it, and its answer comes a while after it was done, so a process can die in between: before the statement, or
after a COMMIT whose answer nobody heard.

`Disk` is what outlives a process: it makes the dialect for `SqlStore.open`, and closes a dead process's connections, as
the operating system does (their transactions roll back).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Final

import msgspec
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.sql.engine.dialect import SQLITE, Dialect, connect_sqlite
from core.store.sql.engine.sqlite_driver import OneTripCursor

_CACHED_STATEMENTS: Final = 512
_TRIP_S: Final = 0.004
"""The most of half a trip, usually. It is longer than a real one, so that more is under way at once."""
_SLOW_SHARE: Final = 0.01
_SLOW_S: Final = 0.15
"""A disk that is busy."""
_first: Final[list[AsyncEngine]] = []
"""The first engine, whose compiled statements the others have too."""


class Disk:
    """The database file of one server, and the connections that processes have to it."""

    def __init__(self, path: str, chance: Random) -> None:
        self.path = path
        self._chance = chance
        self._open: list[InlineConnection] = []
        self._records: list[Any] = []
        self.dialect: Final[Dialect] = msgspec.structs.replace(SQLITE, connect=self._make_engine)

    def close_all(self) -> None:
        """Close the connections of a process that has died."""
        for connection in self._open:
            connection.cut()
        self._open.clear()
        for record in self._records:
            record.fairy_ref = None  # SQLAlchemy would warn of a connection that nobody has given back
        self._records.clear()

    def delay_s(self) -> float:
        """Return how long the next half of a trip takes."""
        if self._chance.random() < _SLOW_SHARE:
            return self._chance.random() * _SLOW_S
        return self._chance.random() * _TRIP_S

    def _make_engine(self, location: str) -> AsyncEngine:
        engine = connect_sqlite(location, connect=self._connect)
        share_statements(engine)
        event.listen(engine.sync_engine, "checkout", lambda _connection, record, _proxy: self._records.append(record))
        return engine

    async def _connect(self, path: str) -> "InlineConnection":
        connection = InlineConnection(sqlite3.connect(path, cached_statements=_CACHED_STATEMENTS), self.delay_s)
        self._open.append(connection)
        return connection


def share_statements(engine: AsyncEngine) -> None:
    """Let SQLAlchemy compile each statement once for the engines of all processes and all seeds."""
    if not _first:
        _first.append(engine)
    first, own = _first[0].sync_engine, engine.sync_engine
    own._compiled_cache = first._compiled_cache
    own.dialect = own.pool._dialect = first.dialect


class _Errands:
    """The queue by which SQLAlchemy's adapter reaches the driver's thread."""

    @staticmethod
    def put_nowait(errand: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        future, function = errand
        future.set_result(function())


class InlineConnection:
    """A connection as SQLAlchemy's adapter and our dialect use it."""

    def __init__(self, connection: sqlite3.Connection, delay_s: Callable[[], float]) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._delay_s = delay_s
        self._free_s = 0.0
        self._tx = _Errands()

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")
        return self._connection

    @property
    def isolation_level(self) -> str | None:
        return self._conn.isolation_level

    @isolation_level.setter
    def isolation_level(self, level: Any) -> None:
        self._conn.isolation_level = level

    def cursor(self) -> OneTripCursor:
        return OneTripCursor(self)  # type: ignore[arg-type]  # it asks for `trip` alone

    async def create_function(self, *args: Any, **options: Any) -> None:
        self._conn.create_function(*args, **options)

    async def commit(self) -> None:
        await self.trip(sqlite3.Connection.commit)

    async def rollback(self) -> None:
        await self.trip(sqlite3.Connection.rollback)

    async def close(self) -> None:
        self.cut()

    def stop(self) -> None:
        self.cut()

    def cut(self) -> None:
        """Close it now. A transaction that is open is rolled back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def trip(self, work: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        """Call `work` with the sqlite3 connection, in its turn. It happens even if the caller is cancelled."""
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._free_s = max(self._free_s, loop.time()) + self._delay_s()
        loop.call_at(self._free_s, self._do, loop, answer, partial(work, self._conn, *arguments))
        return answer

    def _do(self, loop: asyncio.AbstractEventLoop, answer: asyncio.Future[Any], work: Callable[[], Any]) -> None:
        try:
            settle: Callable[[], None] = partial(_set_result, answer, work())
        except Exception as error:
            settle = partial(_set_error, answer, error)
        loop.call_later(self._delay_s(), settle)


def _set_result(answer: asyncio.Future[Any], result: Any) -> None:
    if not answer.done():
        answer.set_result(result)


def _set_error(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
