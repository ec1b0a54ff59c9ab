"""What becomes of the tombstones of messages on SQL. The rest is in the contract suite of `MessageRows`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from core.store.sql.aggregates.messages.message_rows import TOMBSTONE_MS, SqlMessageRows
from core.store.sql.engine.dialect import SQLITE
from core.store.sql.schema.tables.messages import messages
from core.store.sql.store import SqlStore
from tests.contract.builders import flake_at, new_message
from tests.fakes.clock import FakeClock
from tests.support.stores.databases import MigratedDatabase

CHANNEL = 30


class Rows(SqlMessageRows):
    """The rows, with a look at what is really stored."""

    async def stored(self) -> dict[int, tuple[str, int]]:
        """Return content and version of every row, keyed by message id."""
        rows = await self._executor.fetch_all(select(messages.c.id, messages.c.content, messages.c.version))
        return {row[0]: (row[1], row[2]) for row in rows}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def rows(tmp_path: Path, clock: FakeClock, migrated_database: MigratedDatabase) -> AsyncIterator[Rows]:
    migrated_database.copy_to(tmp_path / "rows.db")
    store = await SqlStore.open(tmp_path / "rows.db", clock=clock, num_shards=2)
    yield Rows(reads=store._reads, writer=store._writer, dialect=SQLITE, clock=clock)
    await store.close()


async def insert(rows: Rows, *seconds: int) -> list[int]:
    """Insert messages that were made at these seconds."""
    ids = [flake_at(second) for second in seconds]
    for message_id in ids:
        await rows.insert(new_message(message_id, CHANNEL, nonce="n", mention_ids=(1,)))
    return ids


async def test_tombstone_keeps_nothing_of_what_was_said(rows: Rows) -> None:
    deleted, withdrawn, kept = await insert(rows, 1, 2, 3)
    await rows.delete(CHANNEL, [deleted])
    await rows.withdraw(new_message(withdrawn, CHANNEL))
    assert await rows.stored() == {deleted: ("", -1), withdrawn: ("", -1), kept: ("hello", 0)}


async def test_tombstone_stays_as_long_as_an_insert_may_be_late(rows: Rows, clock: FakeClock) -> None:
    old, other, later = await insert(rows, 0, 1, 2)
    await rows.delete(CHANNEL, [old])
    clock.advance(TOMBSTONE_MS / 1000)
    await rows.delete(CHANNEL, [other])
    await rows.insert(new_message(old, CHANNEL))
    assert await rows.stored() == {old: ("", -1), other: ("", -1), later: ("hello", 0)}
    clock.advance(0.001)
    await rows.withdraw(new_message(later, CHANNEL))
    assert await rows.stored() == {other: ("", -1), later: ("", -1)}


async def test_deletions_remove_more_tombstones_than_they_make(rows: Rows, clock: FakeClock) -> None:
    old = await insert(rows, *range(40))
    await rows.delete(CHANNEL, old)
    clock.advance(2 * TOMBSTONE_MS / 1000)
    fresh = await insert(rows, *range(10_000, 10_003))
    counts = []
    for message_id in fresh:
        await rows.delete(CHANNEL, [message_id])
        counts.append(len(await rows.stored()))
    assert counts == [43 - 9, 43 - 18, 43 - 27]
    assert set(old[27:]) < set(await rows.stored())


async def test_old_message_leaves_no_tombstone_when_it_is_deleted(rows: Rows, clock: FakeClock) -> None:
    (message_id,) = await insert(rows, 0)
    clock.advance(2 * TOMBSTONE_MS / 1000)
    await rows.delete(CHANNEL, [message_id])
    assert await rows.stored() == {}
