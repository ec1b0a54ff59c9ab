"""The relational half of a cluster's store on a real PostgreSQL, with logs in memory."""

from core.bus.interfaces import Bus
from core.store.aggregates.node_numbers import NodeNumbers
from core.store.sql.postgres.store import PostgresStore
from tests.contract.backends import NUM_SHARDS
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.memory_relay import MemoryRelay
from tests.support.stores.postgres_databases import PostgresDatabases


class PostgresBackend:
    """A store that is opened again on the same database and the same logs."""

    def __init__(self, databases: PostgresDatabases, clock: FakeClock) -> None:
        self.address = ""
        self._databases = databases
        self.memory_bus = MemoryBus(num_shards=NUM_SHARDS)
        self.relay = MemoryRelay(self.memory_bus)
        self._clock = clock
        self._store: PostgresStore | None = None

    @property
    def store(self) -> PostgresStore:
        """Return the open store."""
        assert self._store is not None
        return self._store

    @property
    def node_numbers(self) -> NodeNumbers:
        """Return the node numbers of the store's database."""
        return self.store.node_numbers

    @property
    def bus(self) -> Bus:
        """Return the logs."""
        return self.memory_bus

    async def open(self) -> None:
        """Open the database, which is a new copy the first time."""
        self.address = self.address or await self._databases.create()
        self._store = await PostgresStore.open(
            self.address,
            num_shards=NUM_SHARDS,
            relay=self.relay,
            tail=self.relay,
            is_open=lambda: self.relay.is_open,
            clock=self._clock,
        )

    async def close(self) -> None:
        """Close the store if it is open."""
        if self._store is not None:
            await self._store.close()
        self._store = None

    async def reopen(self) -> None:
        """Close and open the store, as a restart does."""
        await self.close()
        await self.open()

    async def remove(self) -> None:
        """Remove the database."""
        await self._databases.drop(self.address)

    async def purge_nonces(self) -> None:
        """Do nothing: nonces are at the door."""
