"""The migrations lead to the schema that the tables describe, and a start knows whether there is one to run."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from core.domain.ids import shard_of
from core.store.sql.schema.all_tables import metadata
from core.store.sql.schema.migrate import SCHEMA_REVISION, migrate, migration_config
from core.store.sql.store import SqlStore
from core.wire.envelope import encode_envelope
from tests.contract.builders import flake, new_envelope
from tests.fakes.clock import START_MS, FakeClock


def test_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'database'}")
    with engine.connect() as connection:
        command.upgrade(migration_config(connection), "head")
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_newest_migration_is_the_one_that_a_start_asks_for(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'database'}")
    with engine.connect() as connection:
        assert ScriptDirectory.from_config(migration_config(connection)).get_current_head() == SCHEMA_REVISION
    engine.dispose()


async def test_database_of_the_first_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    """Its node number, which was a setting, is the last one to be leased."""
    path = tmp_path / "database"
    engine = create_engine(f"sqlite:///{path}")
    guild_id = flake(1)
    with engine.connect() as connection:
        command.upgrade(migration_config(connection), "0005")
        envelope = encode_envelope(new_envelope(flake(7), guild_id))
        row = {"shard": shard_of(guild_id, 16), "id": flake(7), "envelope": envelope}
        connection.execute(text("INSERT INTO cluster VALUES ('first', 16)"))
        connection.execute(text("INSERT INTO nodes VALUES (3, 2)"))
        connection.execute(text("INSERT INTO log VALUES (9, :shard, :id, 1, :envelope)"), row)
        connection.commit()
    engine.dispose()
    store = await SqlStore.open(path, clock=FakeClock(), num_shards=16)
    assert store.schema_before == "0005"
    (kept,) = await store.bus.read(shard_of(guild_id, 16), 0)
    assert (kept.position, kept.revision, kept.envelope.id) == (9, 0, flake(7))
    numbers = [(await store.node_numbers.lease(f"p{place}", floor_ms=START_MS)).number for place in range(1024)]
    assert len(set(numbers)) == 1024
    assert numbers[-1] == 3 * 32 + 2
    await store.close()


def test_mentions_are_kept_when_their_key_changes(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'database'}")
    columns = "target_id, message_id, channel_id, guild_id, author_id, is_ping"
    rows = [(1, 7, 30, 10, 2, 1), (1, 8, 29, 10, 2, 0), (10, 7, 30, 10, 2, 1)]
    with engine.connect() as connection:
        command.upgrade(migration_config(connection), "0022")
        for row in rows:
            connection.execute(text(f"INSERT INTO mentions ({columns}) VALUES {row}"))
        connection.commit()
        command.upgrade(migration_config(connection), "0023")
        kept = connection.execute(text(f"SELECT {columns} FROM mentions")).all()
    engine.dispose()
    assert sorted(map(tuple, kept)) == rows


def test_pictures_that_are_shown_get_rows(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'database'}")
    with engine.connect() as connection:
        command.upgrade(migration_config(connection), "0026")
        _insert(connection, "users", id=1, avatar="a", banner=None)
        _insert(connection, "users", id=2, avatar=None, banner="b")
        _insert(connection, "guilds", id=10, owner_id=1, icon="c", banner="d", splash=None, discovery_splash="e")
        _insert(connection, "roles", id=20, guild_id=10, icon="f")
        _insert(connection, "channels", id=30, owner_id=2, icon="g")
        _insert(connection, "applications", id=40, owner_id=2, icon="h")
        _insert(connection, "members", guild_id=10, user_id=2, avatar="i", banner="j")
        connection.commit()
        command.upgrade(migration_config(connection), "0027")
        found = connection.execute(text("SELECT folder, name, user_id, guild_id FROM pictures ORDER BY name")).all()
    engine.dispose()
    assert list(map(tuple, found)) == [
        ("avatars/1", "a", 1, 0),
        ("banners/2", "b", 2, 0),
        ("icons/10", "c", 1, 10),
        ("banners/10", "d", 1, 10),
        ("discovery-splashes/10", "e", 1, 10),
        ("role-icons/20", "f", 0, 10),
        ("channel-icons/30", "g", 2, 0),
        ("app-icons/40", "h", 2, 0),
        ("guilds/10/users/2/avatars", "i", 2, 10),
        ("guilds/10/users/2/banners", "j", 2, 10),
    ]


def _insert(connection: Connection, table: str, **values: Any) -> None:
    """Insert a row whose other columns are as empty as they may be."""
    for _, name, kind, is_required, default, _ in connection.execute(text(f"PRAGMA table_info({table})")):
        if name not in values and is_required and default is None:
            values[name] = "[]" if kind == "TEXT" else 0
    columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({marks})"), values)


async def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'database'}")
    await migrate(engine)
    before = (tmp_path / "database").read_bytes()
    await migrate(engine)
    assert (tmp_path / "database").read_bytes() == before
    await engine.dispose()
