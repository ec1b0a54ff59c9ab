"""Bringing a database to the present schema when it is opened."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from core.store.sql.errors import translated

_SCRIPTS = Path(__file__).parent / "migrations"


async def migrate(engine: AsyncEngine) -> None:
    """Run the migrations that the database has not had. Raises Unavailable."""
    with translated():
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)


def _upgrade(connection: SyncConnection) -> None:
    command.upgrade(migration_config(connection), "head")


def migration_config(connection: SyncConnection) -> Config:
    """Alembic's configuration, without its file; migrations/env.py takes the connection from it."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
