"""The backends that the contract suites run against.

A backend of the store opens the store with its bus, and opens it again after it was closed.
"""

from pathlib import Path
from typing import Protocol

import pytest

from core.bus.interfaces import Bus
from core.bus.positions import generation_of, n_of
from core.bus.redis import RedisBus
from core.redis.keys import ANY_TAG, tag_of
from core.store.aggregates.node_numbers import NodeNumbers
from core.store.interfaces import Store
from core.store.sql.store import SqlStore, StoreOptions
from tests.fakes.clock import FakeClock
from tests.fakes.memory_bus import MemoryBus
from tests.fakes.redis.cluster import KeepingProcess
from tests.support.stores.databases import MigratedDatabase

NUM_SHARDS = 8

EMBEDDED = pytest.mark.parametrize("closed_backend", ["sqlite"], indirect=True)
"""Marks what only an embedded store promises: its messages decide nonces, and take their place among the units of work.
In a cluster the door of the channel does both."""


class StoreBackend(Protocol):
    """An open store."""

    @property
    def store(self) -> Store: ...

    @property
    def bus(self) -> Bus: ...

    @property
    def node_numbers(self) -> NodeNumbers: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def reopen(self) -> None: ...

    async def remove(self) -> None:
        """Remove what the closed store has left."""

    async def purge_nonces(self) -> None: ...


class SqliteBackend:
    """The embedded store."""

    def __init__(
        self, path: Path, clock: FakeClock, migrated_database: MigratedDatabase, *, ring_bytes: int = 0
    ) -> None:
        self.path = path
        self._migrated_database = migrated_database
        self._clock = clock
        self._options = StoreOptions(ring_bytes=ring_bytes)
        self._store: SqlStore | None = None

    @property
    def store(self) -> SqlStore:
        """Return the open store."""
        assert self._store is not None
        return self._store

    @property
    def bus(self) -> Bus:
        """Return the bus over the store's log."""
        return self.store.bus

    @property
    def node_numbers(self) -> NodeNumbers:
        """Return the node numbers of the store's database."""
        return self.store.node_numbers

    async def open(self) -> None:
        """Open the file, which is a copy of the migrated one if there was none."""
        self._migrated_database.copy_to(self.path)
        self._store = await SqlStore.open(self.path, clock=self._clock, num_shards=NUM_SHARDS, options=self._options)

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
        """Do nothing: pytest removes the files."""

    async def purge_nonces(self) -> None:
        """Purge nonces, as the store's chores do."""
        await self.store.purge_nonces()


class BusBackend(Protocol):
    """An open bus whose log can be trimmed."""

    @property
    def bus(self) -> Bus: ...

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def trim(self) -> None:
        """Forget every delivery so far."""

    async def settle(self) -> None:
        """Wait until what was published without a place has been heard."""


class MemoryBusBackend:
    """The fake bus."""

    def __init__(self) -> None:
        self._bus = MemoryBus(num_shards=NUM_SHARDS)

    @property
    def bus(self) -> Bus:
        """Return the bus."""
        return self._bus

    async def open(self) -> None:
        """Do nothing: a fake is always open."""

    async def close(self) -> None:
        """Do nothing."""

    async def trim(self) -> None:
        """Forget every delivery so far."""
        self._bus.trim()

    async def settle(self) -> None:
        """Do nothing: listeners hear at once."""


class SqlBusBackend(SqliteBackend):
    """The embedded store's bus."""

    async def trim(self) -> None:
        """Let an hour pass over the log. A reopened bus has an empty ring."""
        self._clock.advance(2 * 60 * 60)
        await self.store.trim_log()
        await self.reopen()

    async def settle(self) -> None:
        """Do nothing: listeners hear at once."""


class RedisBusBackend:
    """The bus of a cluster's process, which keeps the logs itself, too."""

    def __init__(self, process: KeepingProcess) -> None:
        self._process = process

    @property
    def bus(self) -> RedisBus:
        """Return the bus."""
        return self._process.bus

    async def open(self) -> None:
        """Run the bus, with logs that are open."""
        self._process.start()
        await self._process.open_logs()
        assert await self.bus.wait_current(5)

    async def close(self) -> None:
        """End it."""
        await self._process.kill()

    async def trim(self) -> None:
        """Forget every delivery so far."""
        for shard in range(NUM_SHARDS):
            position = await self.bus.position(shard)
            place = (generation_of(position), n_of(position))
            await self._process.scripts.call("log_trim", tag_of(shard), self._process.lease.epoch or 0, *place, 0)

    async def settle(self) -> None:
        """Hear the second of two pings, which was sent after all that was published."""
        await self._process.scripts.call("log_counters", ANY_TAG)
        pongs = self.bus.tail.pongs
        last = pongs.value + 2
        for _ in range(2):
            self._process.topics.ping()
        assert await pongs.wait(last, 5)
