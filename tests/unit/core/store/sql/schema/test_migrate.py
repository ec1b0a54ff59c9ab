"""The migrations lead to the schema that the tables describe, and a start knows whether there is one to run."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from core.store.sql.schema.migrate import SCHEMA_REVISION, migrate, migration_config
from core.store.sql.schema.tables import metadata


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


async def test_migrating_twice_changes_nothing(tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'database'}")
    await migrate(engine)
    before = (tmp_path / "database").read_bytes()
    await migrate(engine)
    assert (tmp_path / "database").read_bytes() == before
    await engine.dispose()
