"""The migration of a database to the present schema when it is opened.

Alembic is only loaded when there is a migration to run: its import takes longer than all the rest of a start.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection as SyncConnection
from sqlalchemy import column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncEngine

from core.runtime.errors import NewerSchemaError, StartError
from core.store.sql.engine.errors import translated

if TYPE_CHECKING:
    from alembic.config import Config

SCHEMA_REVISION: Final = "0040"
"""The newest migration; a test compares it with the folder."""

_SCRIPTS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


async def migrate(engine: AsyncEngine, *, check: Callable[[SyncConnection], None] | None = None) -> str | None:
    """Run the missing migrations. Return the last one that the database had before; None for an empty one.

    `check` is called before, and raises when the database is not for this process; then the database does not change.

    Raises:
        NewerSchemaError: when it has had migrations that this version does not know.
        StartError: when it is older than the first schema.
        Unavailable: when it cannot be read or written.
    """
    with translated():
        async with engine.connect() as connection:
            revision = await connection.run_sync(find_revision)
            if revision not in (None, SCHEMA_REVISION):
                _refuse_unknown(revision)
            if revision is not None and check is not None:
                await connection.run_sync(check)
                await connection.rollback()
            if revision != SCHEMA_REVISION:
                await connection.run_sync(_upgrade)
            return revision


async def look(engine: AsyncEngine) -> tuple[str | None, list[str]]:
    """Return what `migrate` would find and do, and change nothing: the last migration, and those that are missing.

    Raises:
        NewerSchemaError, StartError, Unavailable: as `migrate`.
    """
    with translated():
        async with engine.connect() as connection:
            revision = await connection.run_sync(find_revision)
    return revision, list_missing(revision)


def list_missing(revision: str | None) -> list[str]:
    """List the migrations after one, each with its number and name. Raises NewerSchemaError and StartError."""
    if revision is not None:
        _refuse_unknown(revision)
    names = sorted(path.stem for path in (_SCRIPTS / "versions").glob("v*.py"))
    return [f"{name[1:5]} {name[6:].replace('_', ' ')}" for name in names if name[1:5] > (revision or "")]


def _refuse_unknown(revision: str) -> None:
    known = sorted(path.name[1:5] for path in (_SCRIPTS / "versions").glob("v*.py"))
    if revision < known[0]:
        raise StartError(
            f"the database has schema {revision}, which is from before the first release, and this version can bring "
            f"schemas from {known[0]} on up to date: start with a new data folder"
        )
    if revision not in known:
        raise NewerSchemaError(
            f"the database has schema {revision}, and this version knows schemas up to {SCHEMA_REVISION}: "
            "start the newer version that wrote it, or restore a backup from before"
        )


def find_revision(connection: SyncConnection) -> str | None:
    """Return the number of the last migration that the database has had; None for an empty one."""
    if not inspect(connection).has_table(_VERSION.name):
        return None
    revision: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    connection.rollback()
    return revision


def _upgrade(connection: SyncConnection) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's text

    command.upgrade(migration_config(connection), "head")


def migration_config(connection: SyncConnection) -> Config:
    """Make Alembic's configuration, without its file; migrations/env.py takes the connection from it."""
    from alembic.config import Config  # noqa: PLC0415 - see the module's text

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
