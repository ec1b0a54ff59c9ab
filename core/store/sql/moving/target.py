"""The PostgreSQL of an empty cluster, which takes an embedded server's rows in one transaction.

All rows are there when the transaction has ended, or none: an import that is interrupted leaves nothing. Before its end
each row is read back and compared.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]  # it has no types
import msgspec
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.store.sql.engine.errors import translated
from core.store.sql.moving.source import BATCH_ROWS, MESSAGE_TABLES, RELATIONAL_TABLES, EmbeddedDatabase, Row, key_of
from core.store.sql.schema.migrate import SCHEMA_REVISION, find_revision
from core.store.sql.schema.tables.secrets import secrets

_DIGEST_BYTES: Final = 16
"""Enough that two tables with one digest are equal."""

_encoder = msgspec.msgpack.Encoder()


class Compared(msgspec.Struct, frozen=True):
    """A table that is the same on both sides."""

    name: str
    rows: int
    digest: str
    """BLAKE2b over all rows as MessagePack, in the order of the key."""


class DifferentRows(StartError):
    """A row is not the same on both sides. Nothing was kept."""


class _Filling:
    """The database, inside the transaction of the import."""

    __slots__ = ("_driver",)

    def __init__(self, driver: asyncpg.Connection) -> None:
        self._driver = driver

    async def copy(self, table: Table, batches: Iterable[list[Row]]) -> None:
        """Write rows into a table.

        Raises:
            StartError: when PostgreSQL cannot hold one. Unavailable: when it does not answer.
        """
        names = [column.name for column in table.columns]
        for rows in batches:
            try:
                await self._driver.copy_records_to_table(table.name, records=rows, columns=names)
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, OverflowError) as error:
                raise StartError(f"PostgreSQL cannot hold a row of {table.name}: {error}") from error

    async def clear(self, table: Table) -> None:
        """Remove the rows of a table."""
        await self._driver.execute(f"DELETE FROM {table.name}")  # noqa: S608 - the schema's name

    async def compare(self, table: Table, batches: Iterable[list[Row]]) -> Compared:
        """Read a table back and compare each row. Raises DifferentRows, Unavailable."""
        names = ", ".join(column.name for column in table.columns)
        statement = f"SELECT {names} FROM {table.name} ORDER BY {key_of(table)}"  # noqa: S608 - the schema's names
        expected = _flatten(batches)
        digest, count = hashlib.blake2b(digest_size=_DIGEST_BYTES), 0
        async for record in self._driver.cursor(statement, prefetch=BATCH_ROWS):
            row = tuple(record)
            if next(expected, None) != row:
                raise DifferentRows(f"{table.name} differs after {count:,} rows; PostgreSQL was left empty")
            digest.update(_encoder.encode(row))
            count += 1
        if next(expected, None) is not None:
            raise DifferentRows(f"{table.name} lacks rows after {count:,}; PostgreSQL was left empty")
        return Compared(table.name, count, digest.hexdigest())

    async def raise_floors(self, floors: list[tuple[int, int]]) -> None:
        """Let no node number make an id that the other server may have made. Floors are in Unix milliseconds."""
        statement = "UPDATE node_numbers SET floor_ms = greatest(floor_ms, $2) WHERE number = $1"
        await self._driver.executemany(statement, floors)


async def check_empty(engine: AsyncEngine, clock: Clock) -> None:
    """Check that a database is that of a cluster which has no data and no running process.

    Raises:
        StartError: when it is not. Unavailable: when it does not answer.
    """
    async with connected(engine) as driver:
        await _check_empty(driver, clock)


async def move_rows(
    source: EmbeddedDatabase, engine: AsyncEngine, clock: Clock, *, with_messages: bool, with_secrets: bool = False
) -> list[Compared]:
    """Move the rows of all tables, with those of messages and of secrets or without, and the floors of node numbers.

    Raises:
        StartError: as `check_empty`, and when PostgreSQL cannot hold a row. DifferentRows.
        Unavailable: when PostgreSQL does not answer.
    """
    tables = (*RELATIONAL_TABLES, *(MESSAGE_TABLES if with_messages else ()), *((secrets,) if with_secrets else ()))
    async with _filling(engine, clock) as target:
        if with_secrets:
            await target.clear(secrets)  # of a process that was started before anything was here
        for table in tables:
            await target.copy(table, source.list_rows(table))
        compared = [await target.compare(table, source.list_rows(table)) for table in tables]
        await target.raise_floors(source.list_floors())
    return compared


@asynccontextmanager
async def _filling(engine: AsyncEngine, clock: Clock) -> AsyncIterator[_Filling]:
    """Open the transaction, which commits when the body has ended well, and check again. Raises as `check_empty`."""
    async with connected(engine) as driver:
        async with driver.transaction():
            await _check_empty(driver, clock)
            yield _Filling(driver)
        await driver.execute("ANALYZE")  # or the first queries would be planned for empty tables


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncIterator[asyncpg.Connection]:
    """Give the driver's connection. Its errors become Unavailable."""
    with translated():
        async with engine.connect() as connection:
            revision = await connection.run_sync(find_revision)
            if revision != SCHEMA_REVISION:
                raise StartError(f"PostgreSQL has schema {revision}, not {SCHEMA_REVISION}: run `guildway migrate`")
            raw = await connection.get_raw_connection()
            try:
                yield raw.driver_connection
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise Unavailable from error


async def _check_empty(driver: Any, clock: Clock) -> None:
    for table in (*RELATIONAL_TABLES, *MESSAGE_TABLES):
        if await driver.fetchval(f"SELECT 1 FROM {table.name} LIMIT 1"):  # noqa: S608 - the schema's name
            raise StartError(
                f"the cluster is not empty: PostgreSQL has rows in {table.name}; name a new database in postgres.url"
            )
    now_ms = clock.now_ms()
    held = "SELECT holder, floor_ms FROM node_numbers WHERE holder <> '' AND floor_ms > $1 ORDER BY floor_ms DESC"
    found = await driver.fetchrow(held, now_ms)
    if found is not None:
        wait_s = (found["floor_ms"] - now_ms) // 1000 + 1
        raise StartError(
            f"the process {found['holder']} of the cluster runs, or was killed: stop it, or wait for {wait_s} s"
        )


def _flatten(batches: Iterable[list[Row]]) -> Iterator[Row]:
    for rows in batches:
        yield from rows
