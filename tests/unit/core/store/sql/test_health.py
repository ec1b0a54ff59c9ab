"""A database that cannot be written, and how that is told."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from core.domain.errors import Unavailable
from core.runtime.metrics.metrics import Metrics
from core.store.sql import health
from core.store.sql.engine.sqlite_driver import Step
from core.store.sql.schema.tables.messages import nonces
from core.store.sql.store import SqlStore
from tests.contract.builders import flake, new_guild, new_message
from tests.fakes.clock import FakeClock


class BoundedStore:
    """A store whose file may have a bounded number of pages."""

    def __init__(self, store: SqlStore, clock: FakeClock, metrics: Metrics) -> None:
        self.store = store
        self.clock = clock
        self.metrics = metrics
        self._next = 1

    async def set_pages(self, pages: int) -> None:
        """Set the bound. The file does not grow when it already has as many pages."""
        await self.store._writer._connection.run_steps([Step(f"PRAGMA max_page_count = {pages}")])

    async def write(self, count: int = 50) -> None:
        for _ in range(count):
            self._next += 1
            await self.store.messages.add(new_message(flake(self._next), flake(1), content="x" * 1000), [])

    async def make_guilds(self) -> None:
        for number in range(1, 200):
            async with self.store.write() as tx:
                await tx.guilds.create(new_guild(number))

    def count(self, name: str) -> float:
        value = self.metrics.registry.get_sample_value(name)
        assert value is not None
        return value


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[BoundedStore]:
    clock, metrics = FakeClock(), Metrics()
    store = await SqlStore.open(str(tmp_path / "x.db"), clock=clock, num_shards=4, metrics=metrics)
    yield BoundedStore(store, clock, metrics)
    await store.close()


async def test_full_database_is_found_told_without_a_traceback_and_recovers(
    place: BoundedStore, caplog: pytest.LogCaptureFixture
) -> None:
    assert await place.store.health.find_fault() is None
    await place.set_pages(1)
    with caplog.at_level(logging.WARNING), pytest.raises(Unavailable):
        await place.write()
    assert await place.store.health.find_fault() == "writes fail: database or disk is full"
    assert [(record.message, record.exc_info) for record in caplog.records] == [("commit failed", None)]
    assert place.count("guildway_commit_failures_total") == 1
    await place.set_pages(1_000_000)
    place.clock.advance(1)
    await place.write(1)
    assert await place.store.health.find_fault() is None


async def test_unit_of_work_that_the_database_refuses_is_found_too(place: BoundedStore) -> None:
    await place.set_pages(1)
    with pytest.raises(Unavailable):
        await place.make_guilds()
    assert (await place.store.health.find_fault() or "").startswith("writes fail: ")


async def test_failure_that_is_long_ago_is_looked_for_anew(place: BoundedStore) -> None:
    await place.set_pages(1)
    with pytest.raises(Unavailable):
        await place.write()
    for _ in range(3):
        # A page that nothing is added to can be written all the time.
        place.clock.advance(11)
        assert await place.store.health.find_fault() == "the database fails: database or disk is full"
    await place.set_pages(1_000_000)
    place.clock.advance(11)
    assert await place.store.health.find_fault() is None
    assert await place.store._reads.fetch_all(select(nonces).where(nonces.c.message_id == 0)) == []


async def test_write_that_waits_for_another_process_is_found_before_it_fails(
    place: BoundedStore, tmp_path: Path
) -> None:
    await place.write(1)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(place.write(1))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert await place.store.health.find_fault() is None
        place.clock.advance(3)
        assert await place.store.health.find_fault() == "a write does not come to its end"
        other.execute("ROLLBACK")
    await waiting
    assert await place.store.health.find_fault() is None


async def test_idle_database_is_written_now_and_then(place: BoundedStore) -> None:
    await place.write(1)
    before = place.count("guildway_commit_seconds_count")
    await place.store.health.find_fault()
    assert place.count("guildway_commit_seconds_count") == before
    place.clock.advance(60)
    await place.store.health.find_fault()
    assert place.count("guildway_commit_seconds_count") == before + 1


async def test_database_that_cannot_be_written_at_all_is_found_by_the_look_itself(place: BoundedStore) -> None:
    await place.store._writer._connection.run_steps([Step("PRAGMA query_only = 1")])
    place.clock.advance(60)
    assert await place.store.health.find_fault() == "the database fails: attempt to write a readonly database"


async def test_full_disk_is_found_before_a_write_fails(place: BoundedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    free = place.store.health.measure_free_bytes()
    assert free > 0
    monkeypatch.setattr(health, "MIN_FREE_BYTES", free * 2)
    assert await place.store.health.find_fault() == "the disk is full"


async def test_closed_store_is_no_good_sign(tmp_path: Path) -> None:
    store = await SqlStore.open(str(tmp_path / "x.db"), clock=FakeClock(), num_shards=4)
    await store.close()
    assert "closed" in (await store.health.find_fault() or "")


async def test_sizes_are_the_files(place: BoundedStore, tmp_path: Path) -> None:
    await place.write()
    assert place.store.health.measure_bytes() == (tmp_path / "x.db").stat().st_size
    assert place.store.health.measure_bytes("-wal") == (tmp_path / "x.db-wal").stat().st_size > 0
