"""A database that a test has dropped is for the next one as a new copy is, or is not given to it."""

import asyncpg  # type: ignore[import-untyped]  # it has no types
import pytest

from tests.support.stores.postgres_databases import PostgresDatabases

_SECRET = "INSERT INTO secrets (name, value) VALUES ('one', 'x')"


async def run(address: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(address)
    rows: list[asyncpg.Record] = await connection.fetch(statement)
    await connection.close()
    return rows


async def test_rows_and_connections_are_gone_from_a_database_that_is_given_again(
    postgres_databases: PostgresDatabases,
) -> None:
    address = await postgres_databases.create()
    left = await asyncpg.connect(address)
    await left.execute(_SECRET)
    await left.execute("BEGIN; LOCK TABLE secrets")
    await postgres_databases.drop(address)
    assert await postgres_databases.create() == address
    assert await run(address, "SELECT * FROM secrets") == []
    await run(address, _SECRET)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
        await left.execute("COMMIT")
    await postgres_databases.drop(address)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE secrets ADD COLUMN more int",
        "ALTER TABLE secrets ALTER COLUMN value DROP NOT NULL",
        "CREATE TABLE more (id int)",
        "DROP TABLE secrets",
        "UPDATE alembic_version SET version_num = '9999'",
        "CREATE INDEX more ON secrets (value)",
        "DROP TABLE alembic_version",
        "DELETE FROM node_numbers WHERE number = 7",
        "DROP TABLE node_numbers",
    ],
)
async def test_database_that_is_no_copy_any_more_is_removed(postgres_databases: PostgresDatabases, change: str) -> None:
    address = await postgres_databases.create()
    await run(address, change)
    await postgres_databases.drop(address)
    again = await postgres_databases.create()
    assert again != address
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(address)
    await postgres_databases.drop(again)
