"""The numbers that a database was made with are kept, and a start with others is refused."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.runtime.errors import NewerSchemaError, OtherNumbersError, StartError
from core.store.sql.schema.migrate import SCHEMA_REVISION
from core.store.sql.store import SqlStore, StoreOptions
from tests.fakes.clock import FakeClock


async def open_and_close(path: Path, num_shards: int = 16) -> None:
    options = StoreOptions(read_connections=1)
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=num_shards, options=options)
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
    (record,) = [record for record in caplog.records if record.name == "core.store.sql.schema.cluster"]
    assert {"cluster_id": cluster_id, "num_shards": 16}.items() <= vars(record).items()


async def test_start_with_the_same_numbers_changes_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await open_and_close(path)
    before = run_sql(path, "SELECT id, num_shards FROM cluster")
    caplog.clear()
    await open_and_close(path)
    assert run_sql(path, "SELECT id, num_shards FROM cluster") == before
    assert not [record for record in caplog.records if record.name == "core.store.sql.schema.cluster"]


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"num_shards": 32}, "store.num_shards = 16, which cannot be changed to num_shards = 32"),
        ({"num_shards": 8}, "store.num_shards = 16, which cannot be changed to num_shards = 8"),
    ],
)
async def test_start_with_another_number_is_refused_by_name(path: Path, other: dict[str, int], text: str) -> None:
    await open_and_close(path)
    with pytest.raises(OtherNumbersError) as caught:
        await open_and_close(path, **other)
    assert text in str(caught.value)
    await open_and_close(path)


async def test_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    await open_and_close(path)
    run_sql(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerSchemaError, match=f"schema 9999, and this version knows schemas up to {SCHEMA_REVISION}"):
        await open_and_close(path)
    assert run_sql(path, "SELECT version_num FROM alembic_version") == [("9999",)]


async def test_schema_from_before_the_first_release_is_refused_and_left_alone(path: Path) -> None:
    await open_and_close(path)
    run_sql(path, "UPDATE alembic_version SET version_num = '0004'")
    with pytest.raises(StartError, match="schema 0004, which is from before the first release"):
        await open_and_close(path)
    assert run_sql(path, "SELECT version_num FROM alembic_version") == [("0004",)]


async def test_start_that_was_ended_before_its_numbers_were_kept_is_made_up_for(path: Path) -> None:
    await open_and_close(path)
    run_sql(path, "DELETE FROM cluster")
    await open_and_close(path, num_shards=8)
    assert run_sql(path, "SELECT num_shards FROM cluster") == [(8,)]
