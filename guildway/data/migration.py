"""`guildway migrate`: the servers of a cluster get the tables of this version.

PostgreSQL is migrated by each process that starts, too. Cassandra is migrated by this command alone, because its
servers must all agree on a change of tables, and no process should wait for that while it starts. The command may run
again at any time, and several may run at once: they go one after another, under the database's lock.
"""

import contextlib
import importlib.util
import logging
from collections.abc import AsyncIterator
from typing import Final, TextIO
from urllib.parse import urlsplit

from core.domain.errors import Unavailable
from core.runtime.errors import StartError
from core.runtime.settings.settings import Settings

_DRIVERS: Final = ("asyncpg", "cassandra")
_NO_CASSANDRA: Final = "none in the settings (cassandra.contact_points), so PostgreSQL has the messages"


async def run_migrate(settings: Settings, out: TextIO, *, is_dry: bool = False) -> None:
    """Bring PostgreSQL and, if the settings name one, Cassandra up to date. Tell in one line each what was done.

    With `is_dry` nothing is changed, and the lines tell what would be done.

    Raises:
        StartError: when a server cannot be used, was written by a newer version, or was made with other numbers.
    """
    check_drivers()
    quieten_drivers()
    from core.store.sql.postgres.preparation import alone, prepare  # noqa: PLC0415 - the drivers may be missing
    from core.store.sql.schema.migrate import look  # noqa: PLC0415 - as above

    async with explained(settings), alone(settings.postgres.url) as engine:
        if is_dry:
            found, missing = await look(engine)
            out.write(f"PostgreSQL: {describe_missing(found, missing)}\n")
            out.write(f"Cassandra: {await _look_at_cassandra(settings)}\n")
            return
        before = await prepare(engine, num_shards=settings.store.num_shards)
        out.write(f"PostgreSQL: {_describe(before)}\n")
        out.write(f"Cassandra: {await _migrate_cassandra(settings)}\n")


def check_drivers() -> None:
    """Raise StartError when the packages of a cluster are not installed."""
    missing = [name for name in _DRIVERS if importlib.util.find_spec(name) is None]
    if missing:
        raise StartError(
            f"a cluster needs Python packages that are missing ({', '.join(missing)}): "
            "install guildway[cluster], or requirements/cluster.lock"
        )


def quieten_drivers() -> None:
    """Keep Cassandra's driver from logging what a command says by itself, in one line."""
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)


@contextlib.asynccontextmanager
async def explained(settings: Settings) -> AsyncIterator[None]:
    """Raise StartError with PostgreSQL's own words when the body finds it unavailable."""
    from core.store.sql.engine.errors import reason_of  # noqa: PLC0415 - as above

    try:
        yield
    except Unavailable as error:
        place = urlsplit(settings.postgres.url)
        server = f"{place.hostname}{place.path}"  # its user's password is nobody's business
        raise StartError(f"PostgreSQL at {server} (postgres.url) cannot be used: {reason_of(error)}") from error


def _describe(before: str | None) -> str:
    from core.store.sql.schema.migrate import SCHEMA_REVISION  # noqa: PLC0415 - as above

    if before is None:
        return f"the tables were made, schema {SCHEMA_REVISION}"
    if before == SCHEMA_REVISION:
        return f"up to date, schema {SCHEMA_REVISION}"
    return f"brought from schema {before} to {SCHEMA_REVISION}"


def describe_missing(found: str | None, missing: list[str]) -> str:
    """Tell what a migration would do to a database."""
    if found is None:
        return f"no tables yet, {len(missing)} migrations would be applied"
    return f"schema {found}, would be applied: {', '.join(missing)}" if missing else f"up to date, schema {found}"


async def _look_at_cassandra(settings: Settings) -> str:
    if not settings.cassandra.contact_points:
        return _NO_CASSANDRA
    from core.store.cassandra.connection import look  # noqa: PLC0415 - as above

    missing = await look(settings.cassandra)
    return f"would be applied: {', '.join(missing)}" if missing else "up to date"


async def _migrate_cassandra(settings: Settings) -> str:
    cassandra = settings.cassandra
    if not cassandra.contact_points:
        return _NO_CASSANDRA
    from core.store.cassandra.connection import migrate  # noqa: PLC0415 - as above

    steps = await migrate(cassandra)
    if steps:
        return f"keyspace {cassandra.keyspace} had these steps: {', '.join(steps)}"
    return f"keyspace {cassandra.keyspace} is up to date"
