"""The writer: group commit, and what happens when the database fails."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from core.domain.errors import Invalid, Unavailable
from core.domain.messages.message import AddedMessage
from core.store.owners import Owners
from core.store.sql.aggregates.messages.message_batch import MessageInserter
from core.store.sql.aggregates.messages.messages import SqlMessages
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import SQLITE
from core.store.sql.engine.sqlite_driver import Step
from core.store.sql.schema.tables.messages import last_messages
from core.store.sql.transaction import UnitOfWork
from core.wire.envelope import Envelope
from tests.contract.builders import flake, new_envelope, new_guild, new_message
from tests.unit.core.store.sql.database import NUM_SHARDS, Database, open_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "store.db") as opened:
        yield opened


def put(number: int, *, fill_bytes: int = 0) -> "Work":
    return Work(number, fill_bytes)


class Work:
    """Inserts a row and announces an event."""

    def __init__(self, number: int, fill_bytes: int) -> None:
        self._number = number
        self._fill = b" " * fill_bytes

    async def __call__(self, db: Executor) -> tuple[int, Sequence[Envelope]]:
        await db.execute(insert(last_messages), {"channel_id": self._number, "message_id": 1})
        return self._number, [new_envelope(self._number, flake(1), event="x" * (1 + len(self._fill)))]


async def stored(database: Database) -> list[int]:
    statement = select(last_messages.c.channel_id).order_by(last_messages.c.channel_id)
    return [row[0] for row in await database.reads.fetch_all(statement)]


def delivered(database: Database) -> list[int]:
    return [delivery.envelope.id for delivery in database.delivered]


async def test_concurrent_units_share_one_commit(database: Database) -> None:
    await asyncio.gather(*(database.writer.run_errand(put(number)) for number in range(1, 65)))
    assert database.ran.count("COMMIT") == 1
    assert await stored(database) == list(range(1, 65))
    assert delivered(database) == list(range(1, 65))


def messages_of(database: Database) -> SqlMessages:
    inserter = MessageInserter(clock=database.clock, dialect=SQLITE)
    return SqlMessages(reads=database.reads, writer=database.writer, inserter=inserter, dialect=SQLITE)


async def add(messages: SqlMessages, number: int, **fields: Any) -> AddedMessage:
    message = new_message(number, flake(1), **fields)
    return await messages.add(message, [new_envelope(number, flake(1))])


async def test_messages_that_wait_take_two_trips(database: Database) -> None:
    messages = messages_of(database)
    added = await asyncio.gather(*(add(messages, number, nonce=str(number)) for number in range(1, 65)))
    assert all(one.is_new for one in added)
    assert database.trips == 2
    assert len(database.delivered) == 64


async def test_failed_question_fails_its_messages_and_the_store_goes_on(database: Database) -> None:
    messages = messages_of(database)
    database.fails = lambda step: step.sql.startswith("SELECT nonces")
    results = await asyncio.gather(
        *(add(messages, number, nonce=str(number)) for number in range(1, 4)), return_exceptions=True
    )
    assert [type(result) for result in results] == [Unavailable] * 3
    database.fails = lambda _: False
    assert (await add(messages, 4, nonce="4")).is_new
    assert delivered(database) == [4]


async def test_message_that_cannot_be_stored_fails_alone(database: Database) -> None:
    messages = messages_of(database)
    contents = ["good", "\ud800", "good"]
    results = await asyncio.gather(
        *(add(messages, number, content=content) for number, content in enumerate(contents, 1)), return_exceptions=True
    )
    assert [type(result) for result in results] == [AddedMessage, Invalid, AddedMessage]
    assert delivered(database) == [1, 3]
    assert database.ran.count("COMMIT") == 1


async def test_units_that_come_during_a_commit_share_the_next(database: Database) -> None:
    first = asyncio.ensure_future(database.writer.run_errand(put(1)))
    await database.commits.wait()
    rest = [asyncio.ensure_future(database.writer.run_errand(put(number))) for number in range(2, 20)]
    await asyncio.gather(first, *rest)
    assert database.ran.count("COMMIT") == 2


async def test_failed_commit_fails_every_unit_and_the_store_goes_on(database: Database) -> None:
    database.fails = lambda step: step.sql == "COMMIT"
    results = await asyncio.gather(
        *(database.writer.run_errand(put(number)) for number in range(1, 6)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    assert database.delivered == []
    database.fails = lambda _: False
    await database.writer.run_errand(put(7))
    assert await stored(database) == [7]
    assert delivered(database) == [7]


async def test_failed_commit_fails_the_bodies_of_callers(database: Database) -> None:
    database.fails = lambda step: step.sql == "COMMIT"
    with pytest.raises(Unavailable):
        async with UnitOfWork(
            queue=database.writer.queue_body, dialect=SQLITE, num_shards=NUM_SHARDS, owners=Owners()
        ) as tx:
            await tx.guilds.create(new_guild(1))
    database.fails = lambda _: False
    async with UnitOfWork(
        queue=database.writer.queue_body, dialect=SQLITE, num_shards=NUM_SHARDS, owners=Owners()
    ) as tx:
        assert await tx.guilds.find(flake(1)) is None


async def test_failed_begin_fails_the_whole_batch_at_once(database: Database) -> None:
    database.fails = lambda step: step.sql.startswith("BEGIN")
    results = await asyncio.gather(
        *(database.writer.run_errand(put(number)) for number in range(1, 6)), return_exceptions=True
    )
    assert all(isinstance(result, Unavailable) for result in results)
    assert len([sql for sql in database.ran if sql.startswith("BEGIN")]) <= 2
    database.fails = lambda _: False
    assert await database.writer.run_errand(put(7)) == 7


async def test_failed_rollback_to_a_savepoint_fails_the_batch(database: Database) -> None:
    """Roll back as the database does by itself: the units before lose their rows too."""

    async def fail(db: Executor) -> tuple[None, Sequence[Envelope]]:
        raise ValueError

    database.fails = lambda step: step.sql.startswith("ROLLBACK TO")
    results = await asyncio.gather(
        database.writer.run_errand(put(1)),
        database.writer.run_errand(fail),
        database.writer.run_errand(put(2)),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [Unavailable, ValueError, int]
    assert await stored(database) == delivered(database) == [2]


async def test_full_disk_fails_what_does_not_fit_and_keeps_the_rest(database: Database) -> None:
    pages = await database.pragma("PRAGMA page_count")
    await database.pragma(f"PRAGMA max_page_count={pages + 10}")
    results = await asyncio.gather(
        *(
            database.writer.run_errand(put(number, fill_bytes=200_000 if number % 4 == 0 else 0))
            for number in range(1, 13)
        ),
        return_exceptions=True,
    )
    good = [result for result in results if isinstance(result, int)]
    assert all(isinstance(result, int | Unavailable) for result in results)
    assert not {4, 8, 12} & set(good)
    assert await stored(database) == good == delivered(database)
    await database.pragma("PRAGMA max_page_count=1000000")
    await database.writer.run_errand(put(99, fill_bytes=200_000))
    assert (await stored(database))[-1] == 99


async def test_body_that_swallows_a_failure_of_the_database_is_not_kept(database: Database) -> None:
    pages = await database.pragma("PRAGMA page_count")
    await database.pragma(f"PRAGMA max_page_count={pages + 2}")

    async def write() -> None:
        async with UnitOfWork(
            queue=database.writer.queue_body, dialect=SQLITE, num_shards=NUM_SHARDS, owners=Owners()
        ) as tx:
            await tx.guilds.create(new_guild(1))
            with pytest.raises(Unavailable):
                await tx.guilds.create(new_guild(2, description="x" * 200_000))
            with pytest.raises(Unavailable):
                await tx.guilds.create(new_guild(3))

    with pytest.raises(Unavailable):
        await write()
    async with UnitOfWork(
        queue=database.writer.queue_body, dialect=SQLITE, num_shards=NUM_SHARDS, owners=Owners()
    ) as tx:
        assert [number for number in (1, 2, 3) if await tx.guilds.find(flake(number))] == []


async def test_file_that_somebody_else_holds_is_unavailable_and_comes_back(database: Database, tmp_path: Path) -> None:
    await database.pragma("PRAGMA busy_timeout=1")
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await database.writer.run_errand(put(1))
    other.execute("ROLLBACK")
    other.close()
    assert await database.writer.run_errand(put(2)) == 2


async def test_delivery_that_raises_does_not_end_the_writer(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.refuses_deliveries = True
    assert await database.writer.run_errand(put(1)) == 1
    database.refuses_deliveries = False
    assert await database.writer.run_errand(put(2)) == 2
    assert delivered(database) == [2]
    assert len(caplog.records) == 1


async def test_close_waits_for_what_is_queued_and_refuses_the_rest(tmp_path: Path) -> None:
    async with open_database(tmp_path / "other.db") as database:
        tasks = [asyncio.ensure_future(database.writer.run_errand(put(number))) for number in range(1, 10)]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(database.writer.close())
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await database.writer.run_errand(put(99))
        assert await asyncio.gather(*tasks) == list(range(1, 10))
        await closing
        assert await stored(database) == list(range(1, 10))


async def test_write_connection_is_durable_and_checks_foreign_keys(database: Database) -> None:
    assert await database.pragma("PRAGMA journal_mode") == "wal"
    assert await database.pragma("PRAGMA synchronous") == 2
    assert await database.pragma("PRAGMA foreign_keys") == 1
    assert await database.pragma("PRAGMA busy_timeout") > 0


async def test_row_counts_agree_after_many_failures(database: Database) -> None:
    """Every third statement of the log fails, whatever it is in."""
    calls = 0

    def sometimes(step: Step) -> bool:
        nonlocal calls
        calls += step.sql.startswith("INSERT INTO log ")
        return calls % 3 == 0 and step.sql.startswith("INSERT INTO log ")

    database.fails = sometimes
    results = await asyncio.gather(
        *(database.writer.run_errand(put(number)) for number in range(1, 31)), return_exceptions=True
    )
    good = [result for result in results if isinstance(result, int)]
    assert len(good) == 20
    assert await stored(database) == good == delivered(database)
    (row,) = await database.reads.fetch_all(select(func.count()).select_from(last_messages))
    assert row[0] == 20
