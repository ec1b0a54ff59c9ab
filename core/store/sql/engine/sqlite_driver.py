"""aiosqlite with one trip to its thread for each statement, or for several.

aiosqlite makes a trip for opening a cursor, executing, fetching and closing. Each trip costs two thread switches and,
on a busy loop, a turn of the loop, which is most of a small statement's cost. This connection does the four in one
trip, hidden behind the cursor that SQLAlchemy expects, and `run_steps` does several statements in one.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Self, TypeVar

import aiosqlite
import msgspec
from typing_extensions import override

T = TypeVar("T")

_CACHED_STATEMENTS: Final = 512
"""The most prepared statements of a connection. The bulk inserts alone are some dozens."""


class Step(msgspec.Struct, frozen=True):
    """A statement for `run_steps`, in the driver's own terms."""

    sql: str
    parameters: Sequence[Any] = ()


StepRows = list[tuple[Any, ...]]
"""The rows of a step, in the driver's own terms."""


class OneTripConnection(aiosqlite.Connection):
    """A connection that inherits, because SQLAlchemy's dialect uses private parts of aiosqlite's."""

    @override
    def cursor(self) -> "OneTripCursor":  # type: ignore[override]  # the dialect's adapter needs no more of it
        """Return a cursor that is opened when it is used."""
        return OneTripCursor(self)

    async def run_steps(self, steps: Sequence[Step]) -> list[StepRows]:
        """Run statements one after the other; return the rows of each. The first error ends it."""
        return await self.trip(_run_steps, steps)

    async def run_last_steps(self, steps: Sequence[Step]) -> Exception | None:
        """Run statements and commit. Raises the error of a statement; returns the error of the commit."""
        return await self.trip(_run_last_steps, steps)

    async def read_steps(self, steps: Sequence[Step]) -> list[StepRows]:
        """Run statements that read, all as of one instant; return the rows of each."""
        return await self.trip(_read_steps, steps)

    async def trip(self, work: Callable[..., T], *arguments: Any) -> T:
        """Call `work` with the sqlite3 connection in the driver's thread."""
        # This is the only way to run a function in that thread; aiosqlite's own methods use it.
        result: T = await self._execute(work, self._conn, *arguments)  # type: ignore[no-untyped-call]
        return result


class OneTripCursor:
    """A cursor as SQLAlchemy uses it: it executes once, fetches all, and is closed."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self.arraysize = 1
        self.description: Any = None
        self.lastrowid: int | None = None
        self.rowcount = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._rows = []

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> "OneTripCursor":
        """Run a statement and keep its rows."""
        result = await self._connection.trip(_execute, sql, parameters)
        self._rows, self.description, self.rowcount, self.lastrowid = result
        return self

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> "OneTripCursor":
        """Run a statement for each row of parameters."""
        self.rowcount = await self._connection.trip(_execute_many, sql, parameters)
        return self

    async def fetchall(self) -> list[tuple[Any, ...]]:
        """Return the rows that were kept."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Forget the rows, the only thing to free."""
        self._rows = []


async def connect_one_trip(path: str | Path) -> OneTripConnection:
    """Open a database file."""
    connection = OneTripConnection(
        lambda: sqlite3.connect(str(path), cached_statements=_CACHED_STATEMENTS), iter_chunk_size=64
    )
    # A process that ends without closing must not wait for the thread.
    thread = connection._thread
    thread.daemon = True
    try:
        await connection
    except BaseException:
        # aiosqlite has told its thread to end and does not wait for it; it must not outlive the loop.
        await asyncio.to_thread(thread.join)
        raise
    return connection


def _execute(
    connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]
) -> tuple[list[tuple[Any, ...]], Any, int, int | None]:
    cursor = connection.execute(sql, parameters)
    rows = cursor.fetchall() if cursor.description else []
    result = (rows, cursor.description, cursor.rowcount, cursor.lastrowid)
    cursor.close()
    return result


def _execute_many(connection: sqlite3.Connection, sql: str, parameters: Sequence[Sequence[Any]]) -> int:
    cursor = connection.executemany(sql, parameters)
    count = cursor.rowcount
    cursor.close()
    return count


def _run_steps(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[StepRows]:
    results = []
    for step in steps:
        cursor = connection.execute(step.sql, step.parameters)
        results.append(cursor.fetchall() if cursor.description else [])
        cursor.close()
    return results


def _run_last_steps(connection: sqlite3.Connection, steps: Sequence[Step]) -> Exception | None:
    _run_steps(connection, steps)
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        return error
    return None


def _read_steps(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[StepRows]:
    connection.execute("BEGIN")
    try:
        return _run_steps(connection, steps)
    finally:
        connection.execute("ROLLBACK")
