"""The schema on PostgreSQL: migrations lead to the tables, and prefixes are searched in indexes, whatever the locale."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from core.store.sql.aggregates.guilds.member_names import NAMED
from core.store.sql.aggregates.logins import LoginQueries
from core.store.sql.engine.postgres import POSTGRES, connect_postgres
from core.store.sql.engine.query import CompiledQuery, Query
from core.store.sql.postgres.outbox import _READ
from core.store.sql.schema.all_tables import metadata
from tests.contract.builders import new_account
from tests.integration.store.conftest import Processes

SEARCHES = {
    "names of users": (NAMED[0], "ix_users_username_fold"),
    "global names of users": (NAMED[1], "ix_users_global_name_fold"),
    "nicknames of members": (NAMED[2], "ix_members_guild_id_nick_fold"),
    "rows of the outbox": (_READ, "pk_outbox"),
    "logins": (LoginQueries(8).logins, "auth_sessions"),
}


async def test_migrations_lead_to_the_tables(processes: Processes) -> None:
    engine = connect_postgres(processes.address)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


@pytest.mark.parametrize("name", SEARCHES)
async def test_search_uses_an_index(processes: Processes, name: str) -> None:
    query, index = SEARCHES[name]
    engine = connect_postgres(processes.address)
    async with engine.connect() as connection:
        # Tables are empty, which makes a scan cheap; an index that cannot be used is not used even then.
        await connection.execute(text("SET enable_seqscan = off"))
        await connection.execute(text("SET enable_bitmapscan = off"))
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        step = CompiledQuery(query, POSTGRES.compiler).step(_parameters_of(query))
        plan = "\n".join(row[0] for row in await driver.fetch(f"EXPLAIN {step.sql}", *step.parameters))
    await engine.dispose()
    assert index in plan
    assert "Index Cond" in plan


async def test_prefixes_are_found_in_a_database_that_sorts_like_people(processes: Processes) -> None:
    """There "a-b" stands beside "ab", and between the two ends of no prefix."""
    store = await processes.open()
    names = ["a-b", "ab", "a_c", "åb", "b", "zé", "z"]
    async with store.write() as tx:
        await tx.users.create_many([new_account(n, username=name) for n, name in enumerate(names, 1)])
    named = text("SELECT username FROM users WHERE username_fold >= :first AND username_fold < :behind ORDER BY 1")
    found = {}
    for prefix in ("a", "a-", "z", "å"):
        rows = await store.reads.fetch_all(named.bindparams(first=prefix, behind=f"{prefix}\U0010ffff"))
        found[prefix] = {row[0] for row in rows}
    assert found == {"a": {"a-b", "a_c", "ab"}, "a-": {"a-b"}, "z": {"z", "zé"}, "å": {"åb"}}


def _parameters_of(query: Query) -> dict[str, object]:
    """Return a value of the right type for each parameter."""
    names = query.statement.compile().params
    return {name: "a" if name in ("first", "behind") else b"a" if "token" in name else 1 for name in names}
