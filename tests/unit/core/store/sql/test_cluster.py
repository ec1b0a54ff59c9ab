"""The numbers that a database was made with are kept, and a start with others is refused."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.domain.events import Audience
from core.domain.user import Account, User
from core.runtime.errors import NewerSchemaError, OtherNumbersError
from core.store.sql.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore, StoreOptions
from core.wire.envelope import Envelope
from tests.fakes.clock import FakeClock

TO_BEFORE = (
    "DROP TABLE left_timeouts",
    "DROP TABLE cluster",
    "DROP TABLE nodes",
    "UPDATE alembic_version SET version_num = '0003'",
)


MADE_BY_1_2 = 1 << 17 | 2 << 12
"""An id of the node that tests start."""


async def open_and_close(path: Path, num_shards: int = 16, worker_id: int = 1, process_id: int = 2) -> None:
    options = StoreOptions(worker_id=worker_id, process_id=process_id, read_connections=1)
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=num_shards, options=options)
    await store.close()


async def publish(path: Path, num_shards: int, *guild_ids: int) -> None:
    """Leave rows in the log."""
    options = StoreOptions(worker_id=1, process_id=2, read_connections=1)
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=num_shards, options=options)
    await store.bus.publish(
        [
            Envelope(
                id=MADE_BY_1_2 + number, event="GUILD_UPDATE", audience=Audience.GUILD, payload=b"{}", guild_id=guild_id
            )  # type: ignore[arg-type]
            for number, guild_id in enumerate(guild_ids, 1)
        ]
    )
    await store.close()


def run_sql(path: Path, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""
    with closing(sqlite3.connect(path)) as connection, connection:
        return [connection.execute(statement).fetchall() for statement in statements][-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


async def test_first_start_writes_its_numbers_down_and_says_so(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await open_and_close(path)
    ((cluster_id, num_shards),) = run_sql(path, "SELECT id, num_shards FROM cluster")
    assert num_shards == 16
    assert run_sql(path, "SELECT worker_id, process_id FROM nodes") == [(1, 2)]
    (record,) = [record for record in caplog.records if record.name == "core.store.sql.cluster"]
    assert {"cluster_id": cluster_id, "num_shards": 16, "worker_id": 1, "process_id": 2}.items() <= vars(record).items()


async def test_start_with_the_same_numbers_changes_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await open_and_close(path)
    before = run_sql(path, "SELECT id, num_shards FROM cluster")
    caplog.clear()
    await open_and_close(path)
    assert run_sql(path, "SELECT id, num_shards FROM cluster") == before
    assert not [record for record in caplog.records if record.name == "core.store.sql.cluster"]


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"num_shards": 32}, "store.num_shards = 16, which cannot be changed to num_shards = 32"),
        ({"num_shards": 8}, "store.num_shards = 16, which cannot be changed to num_shards = 8"),
        ({"worker_id": 3}, "store.worker_id = 1, which cannot be changed to worker_id = 3"),
        ({"process_id": 0}, "store.process_id = 2, which cannot be changed to process_id = 0"),
        ({"worker_id": 3, "process_id": 0}, "store.worker_id = 1, store.process_id = 2, which cannot be changed to"),
    ],
)
async def test_start_with_another_number_is_refused_by_name(path: Path, other: dict[str, int], text: str) -> None:
    await open_and_close(path)
    with pytest.raises(OtherNumbersError) as caught:
        await open_and_close(path, **other)
    assert text in str(caught.value)
    await open_and_close(path)


async def test_database_from_before_takes_the_numbers_of_its_next_start(path: Path) -> None:
    await publish(path, 16, 5 << 22, 21 << 22)
    run_sql(path, *TO_BEFORE)
    await open_and_close(path)
    assert run_sql(path, "SELECT num_shards FROM cluster") == [(16,)]
    assert run_sql(path, "SELECT worker_id, process_id FROM nodes") == [(1, 2)]
    assert run_sql(path, "SELECT version_num FROM alembic_version") == [(SCHEMA_REVISION,)]


@pytest.mark.parametrize(
    ("guild_ids", "other"),
    [
        pytest.param((15 << 22, 1 << 22), 15, id="a shard that would not exist"),
        pytest.param((1 << 22, 20 << 22), 32, id="the last row would be elsewhere"),
    ],
)
async def test_database_from_before_refuses_what_its_log_denies(
    path: Path, guild_ids: tuple[int, ...], other: int
) -> None:
    await publish(path, 16, *guild_ids)
    run_sql(path, *TO_BEFORE)
    with pytest.raises(OtherNumbersError, match=f"store.num_shards is {other}, but"):
        await open_and_close(path, num_shards=other)
    # What is refused is left as it was: the older version can still read it.
    assert run_sql(path, "SELECT version_num FROM alembic_version") == [("0003",)]
    await open_and_close(path, num_shards=16)


@pytest.mark.parametrize("newest", ["DELETE FROM log", "UPDATE log SET envelope_id = envelope_id + (9 << 22)"])
@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"worker_id": 7}, "store.worker_id = 1, which cannot be changed to worker_id = 7"),
        ({"process_id": 0}, "store.process_id = 2, which cannot be changed to process_id = 0"),
    ],
)
async def test_database_from_before_refuses_what_its_newest_id_denies(
    path: Path, newest: str, other: dict[str, int], text: str
) -> None:
    await publish(path, 16, 5 << 22)
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=16, options=StoreOptions(worker_id=1, process_id=2))
    async with store.write() as tx:
        await tx.users.create(Account(user=User(id=(8 << 22) + MADE_BY_1_2, username="a")))
    await store.close()
    run_sql(path, newest, *TO_BEFORE)
    with pytest.raises(OtherNumbersError, match=text):
        await open_and_close(path, **other)
    await open_and_close(path)
    assert run_sql(path, "SELECT worker_id, process_id FROM nodes") == [(1, 2)]


async def test_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await open_and_close(path)
    run_sql(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerSchemaError, match=f"schema 9999, and this version knows schemas up to {SCHEMA_REVISION}"):
        await open_and_close(path)
    assert run_sql(path, "SELECT version_num FROM alembic_version") == [("9999",)]
