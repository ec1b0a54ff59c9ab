"""All differences between databases, in one place: connecting, beginning, upserts, and direct calls of the driver.

Everything else in this package is SQLAlchemy Core and standard SQL. SQLite, the embedded default, is here; PostgreSQL
is in a module of its own (`core.store.sql.engine.postgres`), so that a single process does not load its driver.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import event
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.engine.interfaces import Dialect as CompilerDialect
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from core.store.sql.engine.sqlite_driver import OneTripConnection, Step, connect_one_trip

_BUSY_TIMEOUT_MS: Final = 5_000
"""Another process (a backup, the sqlite3 shell) may hold the file's lock for a moment."""

_CACHE_KIB: Final = 16 * 1024
"""The page cache of each connection."""

_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    # FULL: a commit has reached the disk when it returns. NORMAL loses acknowledged rows at a power cut.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",
    f"PRAGMA cache_size=-{_CACHE_KIB}",
    "PRAGMA temp_store=MEMORY",
)

Connect = Callable[[str], Awaitable[Any]]
RunSteps = Callable[[Any, Sequence[Step]], Awaitable[list[list[tuple[Any, ...]]]]]


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """The functions of one kind of database."""

    name: str
    begin_write: str
    insert: Callable[[Any], Any]
    """Makes an INSERT with `on_conflict_do_update` and `on_conflict_do_nothing`."""
    connect: Callable[[str], AsyncEngine]
    find_file: Callable[[str], Path | None]
    """Returns the file of a location; None when the database is no file."""
    compiler: CompilerDialect
    """SQLAlchemy's own dialect, for statements that go to the driver directly."""
    run_steps: RunSteps
    """Runs statements on a driver's connection; returns the rows of each."""
    run_last_steps: Callable[[Any, Sequence[Step]], Awaitable[Exception | None]]
    """Runs statements and a commit, in one trip. A statement's error raises; a commit's error is returned."""
    read_steps: RunSteps
    """Runs statements in a read-only transaction of their own."""
    stops_when_cancelled: bool = False
    """Whether the driver gives a statement up when the caller of one of the three functions is cancelled."""


def _find_sqlite_file(location: str) -> Path | None:
    path = location.split(":///", 1)[-1]
    return None if path in ("", ":memory:") else Path(path)


def connect_sqlite(location: str, *, connect: Connect = connect_one_trip) -> AsyncEngine:
    """Make the engine of a database file. `connect` opens a driver's connection to a path."""
    path = location.split(":///", 1)[-1]
    # The store keeps its connections itself, and with AUTOCOMMIT it sends BEGIN and COMMIT itself.
    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=partial(connect, path),
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        query_cache_size=2000,
    )
    event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


SQLITE: Final = Dialect(
    name="sqlite",
    # IMMEDIATE takes the write lock at once: a later upgrade could fail half-way through a unit.
    begin_write="BEGIN IMMEDIATE",
    insert=sqlite_insert,
    connect=connect_sqlite,
    find_file=_find_sqlite_file,
    compiler=SQLiteDialect_aiosqlite(),
    run_steps=OneTripConnection.run_steps,
    run_last_steps=OneTripConnection.run_last_steps,
    read_steps=OneTripConnection.read_steps,
)


def dialect_of(location: str) -> Dialect:
    """Return the dialect for a URL or a file's path.

    Raises:
        ValueError: when there is no dialect for this URL.
    """
    if "://" not in location or location.startswith("sqlite"):
        return SQLITE
    raise ValueError(f"no dialect for {location.split('://', 1)[0]}")
