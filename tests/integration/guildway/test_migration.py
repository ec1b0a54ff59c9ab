"""`guildway migrate` on a real PostgreSQL and a real Cassandra."""

import asyncio
import io
import itertools
from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]  # it has no types
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from core.runtime.clock import SystemClock
from core.runtime.errors import NewerSchemaError, OtherNumbersError, StartError
from core.runtime.metrics.cluster_metrics import CassandraMetrics
from core.runtime.settings.settings import CassandraSettings, PostgresSettings, Settings, StoreSettings
from core.store.cassandra.connection import open_messages
from core.store.sql.schema.migrate import SCHEMA_REVISION
from guildway.cli import main
from guildway.data.migration import run_migrate
from tests.support.stores.postgres_databases import PostgresDatabases

_KEYSPACES = itertools.count(1)
_UP_TO_DATE = f"PostgreSQL: up to date, schema {SCHEMA_REVISION}\n"


@pytest.fixture
async def settings(postgres_databases: PostgresDatabases) -> AsyncIterator[Settings]:
    """The settings of a cluster without Cassandra, whose database has no tables yet."""
    address = await postgres_databases.create_empty()
    yield Settings(postgres=PostgresSettings(url=address))
    await postgres_databases.drop(address)


async def migrate(settings: Settings, *, is_dry: bool = False) -> str:
    out = io.StringIO()
    await run_migrate(settings, out, is_dry=is_dry)
    return out.getvalue()


async def test_migrate_makes_the_tables_and_then_finds_them_up_to_date(settings: Settings) -> None:
    assert "PostgreSQL: no tables yet" in await migrate(settings, is_dry=True)
    first, second = await migrate(settings), await migrate(settings)
    assert await migrate(settings, is_dry=True) == second
    no_cassandra = "Cassandra: none in the settings (cassandra.contact_points), so PostgreSQL has the messages\n"
    assert first == f"PostgreSQL: the tables were made, schema {SCHEMA_REVISION}\n{no_cassandra}"
    assert second == _UP_TO_DATE + no_cassandra
    connection = await asyncpg.connect(settings.postgres.url)
    assert await connection.fetchval("SELECT num_shards FROM cluster") == settings.store.num_shards
    assert await connection.fetchval("SELECT count(*) FROM log_heads") == settings.store.num_shards
    await connection.close()


async def test_migrations_at_the_same_time_go_one_after_another(settings: Settings) -> None:
    told = await asyncio.gather(*(migrate(settings) for _ in range(3)))
    assert sorted(text.startswith(_UP_TO_DATE) for text in told) == [False, True, True]


async def test_migrate_makes_the_keyspace_that_a_process_needs(
    settings: Settings, cassandra_settings: CassandraSettings
) -> None:
    cassandra = msgspec.structs.replace(cassandra_settings, keyspace=f"migration{next(_KEYSPACES)}")
    metrics = CassandraMetrics(CollectorRegistry())
    with pytest.raises(StartError, match="run `guildway migrate`"):
        async with open_messages(cassandra, clock=SystemClock(), metrics=metrics):
            pass
    settings = msgspec.structs.replace(settings, cassandra=cassandra)
    assert "Cassandra: would be applied: messages, " in await migrate(settings, is_dry=True)
    first, second = await migrate(settings), await migrate(settings)
    assert f"Cassandra: keyspace {cassandra.keyspace} had these steps: messages, " in first
    assert f"Cassandra: keyspace {cassandra.keyspace} is up to date\n" in second
    async with open_messages(cassandra, clock=SystemClock(), metrics=metrics) as messages:
        await messages.ping()


async def test_migrate_with_another_number_of_shards_is_refused(settings: Settings) -> None:
    await migrate(settings)
    with pytest.raises(OtherNumbersError, match="num_shards = 256, which cannot be changed to num_shards = 3"):
        await migrate(msgspec.structs.replace(settings, store=StoreSettings(num_shards=3)))


async def test_migrate_of_a_newer_database_is_refused(settings: Settings) -> None:
    await migrate(settings)
    connection = await asyncpg.connect(settings.postgres.url)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(NewerSchemaError, match="9999"):
        await migrate(settings)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (("/empty", "/nowhere_empty"), "does not exist"),
        (("guildway@", "nobody:secret@"), 'role "nobody" does not exist'),
    ],
)
async def test_migrate_of_an_unusable_database_says_why_without_its_login(
    settings: Settings, changed: tuple[str, str], reason: str
) -> None:
    url = settings.postgres.url.replace(*changed)
    with pytest.raises(StartError, match=reason) as refused:
        await migrate(Settings(postgres=PostgresSettings(url=url)))
    assert "secret" not in str(refused.value)


def test_migrate_command_fails_in_one_line_when_no_server_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUILDWAY_POSTGRES_URL", "postgresql://guildway:secret@127.0.0.1:1/guildway")
    assert main(["migrate"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("guildway: PostgreSQL at 127.0.0.1/guildway (postgres.url) cannot be used: ")
    assert told.err.count("\n") == 1
    assert "secret" not in told.err
