"""Fixtures of the contract suites: every backend, opened on a fresh database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.bus.interfaces import Bus
from core.store.aggregates.session_journal import SessionJournal
from core.store.interfaces import Store
from deploy.services.process import ServiceProcess
from tests.contract.backends import (
    NUM_SHARDS,
    BusBackend,
    MemoryBusBackend,
    RedisBusBackend,
    SqlBusBackend,
    SqliteBackend,
    StoreBackend,
)
from tests.contract.postgres_backend import PostgresBackend
from tests.fakes.clock import FakeClock
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.redis.cluster import FakeCluster
from tests.support.clusters.redis_cluster import RealCluster
from tests.support.clusters.redis_journal import empty_journal
from tests.support.stores.databases import MigratedDatabase
from tests.support.stores.postgres_databases import PostgresDatabases


@pytest.fixture
def clock() -> FakeClock:
    """The backends' clock."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgres"])
def closed_backend(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock, migrated_database: MigratedDatabase
) -> StoreBackend:
    """A store that is not open yet. A server is only started for the tests that use it."""
    if request.param == "sqlite":
        return SqliteBackend(tmp_path / "store.db", clock, migrated_database)
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    return PostgresBackend(databases, clock)


@pytest.fixture
async def backend(closed_backend: StoreBackend) -> AsyncIterator[StoreBackend]:
    """An open store."""
    await closed_backend.open()
    yield closed_backend
    await closed_backend.close()
    await closed_backend.remove()


@pytest.fixture
def store(backend: StoreBackend) -> Store:
    """The store alone."""
    return backend.store


@pytest.fixture
def bus(backend: StoreBackend) -> Bus:
    """The store's bus."""
    return backend.bus


@pytest.fixture(params=["memory", "sqlite", "sqlite with a ring", "twins of redis", "redis"])
async def bus_backend(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock, migrated_database: MigratedDatabase
) -> AsyncIterator[BusBackend]:
    """An open bus."""
    chosen: BusBackend
    if request.param == "memory":
        chosen = MemoryBusBackend()
    elif request.param == "twins of redis":
        chosen = RedisBusBackend(FakeCluster(clock, NUM_SHARDS).worker(ring_bytes=0))
    elif request.param == "redis":
        server: ServiceProcess = request.getfixturevalue("redis_server")
        chosen = RedisBusBackend(RealCluster(server.service.port, NUM_SHARDS).worker(ring_bytes=0))
    else:
        ring_bytes = 1024 * 1024 if request.param == "sqlite with a ring" else 0
        chosen = SqlBusBackend(tmp_path / "bus.db", clock, migrated_database, ring_bytes=ring_bytes)
    await chosen.open()
    yield chosen
    await chosen.close()


@pytest.fixture(params=["memory", "sqlite", "redis"])
async def journal(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock, migrated_database: MigratedDatabase
) -> AsyncIterator[SessionJournal]:
    """An empty journal of sessions."""
    match request.param:
        case "memory":
            yield MemoryJournal()
        case "sqlite":
            sqlite = SqliteBackend(tmp_path / "journal.db", clock, migrated_database)
            await sqlite.open()
            yield sqlite.store.session_journal
            await sqlite.close()
        case "redis":
            server: ServiceProcess = request.getfixturevalue("redis_server")
            async with empty_journal(server) as journal:
                yield journal
