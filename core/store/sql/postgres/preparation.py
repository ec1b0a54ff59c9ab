"""The preparation of a cluster's database: the schema, the cluster's numbers, and the heads of its logs.

Whoever prepares a database, or fills it, holds a lock of it meanwhile, so processes that start at the same time do so
one after another. The lock is PostgreSQL's and ends with its session.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.sql.engine.connection import Connection
from core.store.sql.engine.errors import translated
from core.store.sql.engine.postgres import POSTGRES, connect_postgres
from core.store.sql.engine.query import QueryCache
from core.store.sql.postgres.outbox import make_heads
from core.store.sql.schema.cluster import ClusterNumbers, check_numbers, keep_numbers
from core.store.sql.schema.migrate import migrate

_LOCK: Final = text("SELECT pg_advisory_lock(1, 1)")
"""A lock of two numbers, which is no owner's: those have one."""


@asynccontextmanager
async def alone(url: str) -> AsyncIterator[AsyncEngine]:
    """Hold the lock of a database, and give its engine, whose statements may take their time. Raises Unavailable."""
    engine = connect_postgres(url, is_patient=True)
    try:
        with translated():
            connection = await engine.connect()
        try:
            with translated():
                await connection.execute(_LOCK)
            yield engine
        finally:
            await connection.close()
    finally:
        await engine.dispose()


async def prepare(engine: AsyncEngine, *, num_shards: int) -> str | None:
    """Bring a database up to date; the caller holds its lock. Return the schema that it had, None for an empty one.

    Raises:
        Unavailable: when it cannot be read or written.
        StartError: when it was written by a newer version, or made with other numbers.
    """
    numbers = ClusterNumbers(num_shards=num_shards)
    schema_before = await migrate(engine, check=partial(check_numbers, numbers))
    await keep_numbers(engine, numbers)
    connection = await Connection.open(engine=engine, dialect=POSTGRES, queries=QueryCache(POSTGRES.compiler))
    try:
        await make_heads(connection, num_shards)
    finally:
        await connection.close()
    return schema_before
