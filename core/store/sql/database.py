"""The database of a store of one process: migrated, made for this many shards, and connected to."""

from contextlib import AsyncExitStack
from functools import partial
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.sql.engine.connection import Connection
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.pool import ReadPool
from core.store.sql.engine.query import QueryCache
from core.store.sql.schema.cluster import ClusterNumbers, check_numbers, keep_numbers
from core.store.sql.schema.migrate import migrate
from core.store.sql.writing.log import LogState, load_log_state


class Database(NamedTuple):
    """A database that is open and migrated. `schema_before` is the revision that was found."""

    writing: Connection
    reads: ReadPool
    state: LogState
    schema_before: str | None


async def open_database(engine: AsyncEngine, dialect: Dialect, num_shards: int, *, read_connections: int) -> Database:
    """Migrate a database and connect to it. When that fails, nothing stays open. Raises as `SqlStore.open`."""
    numbers = ClusterNumbers(num_shards=num_shards)
    async with AsyncExitStack() as opened:
        opened.push_async_callback(engine.dispose)
        schema_before = await migrate(engine, check=partial(check_numbers, numbers))
        await keep_numbers(engine, numbers)
        queries = QueryCache(dialect.compiler)
        connections = []
        for _ in range(read_connections + 1):
            connections.append(await Connection.open(engine=engine, dialect=dialect, queries=queries))
            opened.push_async_callback(connections[-1].close)
        reads = ReadPool(connections[1:])
        state = await load_log_state(reads, num_shards)
        opened.pop_all()
    return Database(connections[0], reads, state, schema_before)
