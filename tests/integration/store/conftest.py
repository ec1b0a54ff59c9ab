"""Stores on a real PostgreSQL, as several processes of a cluster have them, with their logs in memory."""

from collections.abc import AsyncIterator

import pytest

from core.store.sql.postgres.store import PostgresStore
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.memory_relay import MemoryRelay
from tests.support.stores.postgres_databases import PostgresDatabases

NUM_SHARDS = 4


class Processes:
    """The stores of several processes on one database and the same logs."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.clock = FakeClock()
        self.bus = MemoryBus(num_shards=NUM_SHARDS)
        self.relay = MemoryRelay(self.bus)
        self._stores: list[PostgresStore] = []

    async def open(self, address: str = "") -> PostgresStore:
        """Open the store of one more process."""
        store = await PostgresStore.open(
            address or self.address,
            num_shards=NUM_SHARDS,
            relay=self.relay,
            tail=self.relay,
            is_open=lambda: self.relay.is_open,
            clock=self.clock,
        )
        self._stores.append(store)
        return store

    async def close(self) -> None:
        """Close all stores."""
        for store in self._stores:
            await store.close()

    async def told(self) -> list[int]:
        """Return the ids of all events in the logs."""
        logs = [await self.bus.read(shard, 0, 100_000) for shard in range(NUM_SHARDS)]
        return sorted(delivery.envelope.id for log in logs for delivery in log)

    def assert_contiguous(self) -> None:
        """Check that each log has the revisions 1, 2, 3, … in this order."""
        for taken in self.relay.revisions:
            assert taken == list(range(1, len(taken) + 1))


@pytest.fixture
async def processes(postgres_databases: PostgresDatabases) -> AsyncIterator[Processes]:
    """Processes on a database of their own."""
    address = await postgres_databases.create()
    made = Processes(address)
    yield made
    await made.close()
    await postgres_databases.drop(address)
