"""The store's own business: opening, chores."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from core.bus.interfaces import LogTrimmed
from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.store.sql.store import SqlStore, StoreOptions
from core.store.sql.writing.log import TRIM_CHUNK_ROWS
from tests.contract.builders import flake, new_envelope, new_message
from tests.fakes.clock import FakeClock

NUM_SHARDS = 4
GUILD = flake(0)
SHARD = shard_of(GUILD, NUM_SHARDS)


async def open_store(path: Path, clock: FakeClock, **options: float) -> SqlStore:
    return await SqlStore.open(path / "store.db", clock=clock, num_shards=NUM_SHARDS, options=StoreOptions(**options))


def count(path: Path, table: str) -> int:
    connection = sqlite3.connect(path / "store.db")
    ((number,),) = connection.execute(f"SELECT count(*) FROM {table}")
    connection.close()
    return int(number)


async def test_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"something else entirely" * 100)
    with pytest.raises(Unavailable):
        await open_store(tmp_path, FakeClock())


async def test_store_that_is_opened_again_keeps_its_schema_and_rows(tmp_path: Path) -> None:
    for number in (1, 2):
        store = await open_store(tmp_path, FakeClock())
        await store.messages.add(new_message(flake(number), flake(30)), [])
        await store.close()
    assert count(tmp_path, "messages") == 2


async def test_trim_removes_rows_beyond_the_limit_in_chunks(tmp_path: Path) -> None:
    store = await open_store(tmp_path, FakeClock(), log_rows=10)
    total = 2 * TRIM_CHUNK_ROWS + 100
    await store.bus.publish([new_envelope(number, GUILD) for number in range(1, total + 1)])
    await store.trim_log()
    assert count(tmp_path, "log") == 10
    await store.close()
    store = await open_store(tmp_path, FakeClock())
    with pytest.raises(LogTrimmed):
        await store.bus.read(SHARD, 0)
    kept = await store.bus.read(SHARD, await store.bus.position(SHARD) - 10)
    assert [delivery.envelope.id for delivery in kept] == list(range(total - 9, total + 1))
    await store.close()


async def test_trim_leaves_young_rows(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await open_store(tmp_path, clock, log_lifetime_ms=60_000)
    await store.bus.publish([new_envelope(1, GUILD)])
    clock.advance(60)
    await store.bus.publish([new_envelope(2, GUILD)])
    await store.trim_log()
    assert count(tmp_path, "log") == 2
    clock.advance(1)
    await store.trim_log()
    assert count(tmp_path, "log") == 1
    await store.close()


async def test_ring_serves_what_the_table_has_lost(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await open_store(tmp_path, clock, ring_bytes=1024 * 1024)
    await store.bus.publish([new_envelope(1, GUILD)])
    clock.advance(2 * 60 * 60)
    await store.trim_log()
    assert len(await store.bus.read(SHARD, 0)) == 1
    await store.close()


async def test_chores_purge_and_trim_until_cancelled(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await open_store(tmp_path, clock, chore_interval_s=0.0)
    await store.messages.add(new_message(flake(1), flake(30), nonce="n"), [new_envelope(1, GUILD)])
    clock.advance(2 * 60 * 60)
    chores = asyncio.ensure_future(store.run_chores())
    async with asyncio.timeout(60):
        while count(tmp_path, "nonces") + count(tmp_path, "log"):
            await store.ping()
    chores.cancel()
    with pytest.raises(asyncio.CancelledError):
        await chores
    await store.close()


async def test_purge_works_in_chunks(tmp_path: Path) -> None:
    clock = FakeClock()
    store = await open_store(tmp_path, clock)
    adds = [store.messages.add(new_message(flake(n), flake(30), nonce=str(n)), []) for n in range(5_100)]
    await asyncio.gather(*adds)
    clock.advance(60 * 60)
    await store.messages.add(new_message(flake(9_999), flake(30), nonce="young"), [])
    await store.purge_nonces()
    assert count(tmp_path, "nonces") == 1
    await store.close()


async def test_positions_of_all_shards_survive_a_restart(tmp_path: Path) -> None:
    store = await open_store(tmp_path, FakeClock())
    await store.bus.publish([new_envelope(number, GUILD + (number << 22)) for number in range(7)])
    before = [await store.bus.position(shard) for shard in range(NUM_SHARDS)]
    await store.close()
    store = await open_store(tmp_path, FakeClock())
    assert [await store.bus.position(shard) for shard in range(NUM_SHARDS)] == before
    await store.close()
