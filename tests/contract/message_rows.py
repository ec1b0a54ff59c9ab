"""The backends of messages' rows, and places of a test's own, so that tests may share a backend."""

import contextlib
import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from core.runtime.clock import Clock
from core.runtime.metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings
from core.store.aggregates.message_rows import MessageRows
from core.store.cassandra.connection import open_messages
from core.store.sql.aggregates.message_rows import SqlMessageRows
from core.store.sql.engine.dialect import SQLITE
from core.store.sql.engine.postgres import POSTGRES
from core.store.sql.store import SqlStore
from tests.contract.postgres_backend import PostgresBackend
from tests.fakes.clock import FakeClock
from tests.support.databases import MigratedDatabase
from tests.support.postgres_databases import PostgresDatabases

_FIRST = random.SystemRandom().randrange(1 << 52) << 10
"""Ids of places begin at a random number, since tests of several runs and workers may share a server."""

_NUMBERS = itertools.count(_FIRST, 10)


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
async def open_cassandra_rows(settings: CassandraSettings, clock: Clock) -> AsyncIterator[MessageRows]:
    """Open the rows of a keyspace that was migrated."""
    metrics = CassandraMetrics(CollectorRegistry())
    async with open_messages(settings, clock=clock, metrics=metrics) as messages:
        yield messages


@contextlib.asynccontextmanager
async def open_sqlite_rows(path: Path, database: MigratedDatabase, clock: Clock) -> AsyncIterator[MessageRows]:
    """Open the rows of a SQLite file."""
    database.copy_to(path)
    store = await SqlStore.open(path, clock=clock, num_shards=2)
    try:
        yield SqlMessageRows(reads=store._reads, writer=store._writer, dialect=SQLITE, clock=clock)
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def open_postgres_rows(databases: PostgresDatabases, clock: FakeClock) -> AsyncIterator[MessageRows]:
    """Open the rows of a PostgreSQL database."""
    backend = PostgresBackend(databases, clock)
    await backend.open()
    try:
        store = backend.store
        yield SqlMessageRows(reads=store.reads, writer=store.writer, dialect=POSTGRES, clock=clock)
    finally:
        await backend.close()
        await backend.remove()
