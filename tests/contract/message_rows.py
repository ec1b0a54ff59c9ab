"""The backends of messages' rows, and places of a test's own, so that tests may share a backend."""

import contextlib
import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from core.runtime.clock import Clock
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.aggregates.messages.message_rows import MessageRows
from core.store.aggregates.messages.reaction_rows import ReactionRows
from core.store.cassandra.connection import open_messages
from core.store.sql.aggregates.messages.message_rows import SqlMessageRows
from core.store.sql.aggregates.messages.reactions import SqlReactions
from core.store.sql.engine.dialect import SQLITE
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.store import SqlStore
from tests.contract.postgres_backend import PostgresBackend
from tests.fakes.clock import FakeClock
from tests.support.stores.databases import MigratedDatabase
from tests.support.stores.postgres_databases import PostgresDatabases

_FIRST = random.SystemRandom().randrange(1 << 52) << 10
"""Ids of places begin at a random number, since tests of several runs and workers may share a server."""

_NUMBERS = itertools.count(_FIRST, 10)


BothRows = tuple[MessageRows, ReactionRows]
"""The rows of messages, and of the reactions to them."""


class Place(NamedTuple):
    """Ids that no other test uses."""

    channel_id: int
    other_channel_id: int
    guild_id: int
    author_id: int


def new_place() -> Place:
    """Return a place."""
    number = next(_NUMBERS)
    return Place(number, number + 1, number + 2, number + 3)


@contextlib.asynccontextmanager
async def open_cassandra(settings: CassandraSettings, clock: Clock) -> AsyncIterator[BothRows]:
    """Open the rows of a keyspace that was migrated."""
    metrics = CassandraMetrics(CollectorRegistry())
    async with open_messages(settings, clock=clock, metrics=metrics) as messages:
        yield messages, messages.reactions


@contextlib.asynccontextmanager
async def open_sqlite(path: Path, database: MigratedDatabase, clock: Clock) -> AsyncIterator[BothRows]:
    """Open the rows of a SQLite file."""
    database.copy_to(path)
    store = await SqlStore.open(path, clock=clock, num_shards=2)
    reads, writer = store._reads, store._writer
    try:
        yield (
            SqlMessageRows(reads=reads, writer=writer, dialect=SQLITE, clock=clock),
            SqlReactions(reads=reads, writer=writer, dialect=SQLITE),
        )
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def open_postgres(databases: PostgresDatabases, clock: FakeClock) -> AsyncIterator[BothRows]:
    """Open the rows of a PostgreSQL database."""
    backend = PostgresBackend(databases, clock)
    await backend.open()
    store = backend.store
    try:
        yield (
            SqlMessageRows(reads=store.reads, writer=store.writer, dialect=POSTGRES, clock=clock),
            SqlReactions(reads=store.reads, writer=store.writer, dialect=POSTGRES),
        )
    finally:
        await backend.close()
        await backend.remove()


@contextlib.asynccontextmanager
async def _only_messages(opening: AbstractAsyncContextManager[BothRows]) -> AsyncIterator[MessageRows]:
    async with opening as (messages, _):
        yield messages


def open_cassandra_rows(settings: CassandraSettings, clock: Clock) -> AbstractAsyncContextManager[MessageRows]:
    """Open the messages of a keyspace."""
    return _only_messages(open_cassandra(settings, clock))


def open_sqlite_rows(path: Path, database: MigratedDatabase, clock: Clock) -> AbstractAsyncContextManager[MessageRows]:
    """Open the messages of a SQLite file."""
    return _only_messages(open_sqlite(path, database, clock))


def open_postgres_rows(databases: PostgresDatabases, clock: FakeClock) -> AbstractAsyncContextManager[MessageRows]:
    """Open the messages of a PostgreSQL database."""
    return _only_messages(open_postgres(databases, clock))
