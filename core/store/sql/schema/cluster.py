"""What a database was made with: the cluster's id and number of shards. A start with another number would lose events.

`num_shards` decides the shard of each row of the log. The first start stores it in the database, with an id by which
the other servers' data can be told to be of the same cluster; each later start must have the same number.

Owns the table `cluster`. The schema's number is alembic's, in `alembic_version` (`core.store.sql.schema.migrate`).
"""

import logging
import secrets
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.runtime.errors import OtherNumbersError
from core.store.sql.engine.errors import translated
from core.store.sql.schema.tables.cluster import cluster

logger = logging.getLogger(__name__)

_ID_BYTES = 16


class ClusterNumbers(msgspec.Struct, kw_only=True, frozen=True):
    """The numbers that all processes on one database agree on. Fields are named as the settings are."""

    num_shards: int


def make_cluster_id() -> str:
    """A name that no other cluster has."""
    return secrets.token_hex(_ID_BYTES)


def check_numbers(numbers: ClusterNumbers, connection: SyncConnection) -> None:
    """Compare the settings with the database's numbers, before it is migrated.

    Raises:
        OtherNumbersError: when it was made with others.
    """
    kept = _find_numbers(connection)
    if kept is not None and kept != numbers:
        raise OtherNumbersError(_describe(kept, numbers))


async def keep_numbers(
    engine: AsyncEngine, numbers: ClusterNumbers, *, make_id: Callable[[], str] = make_cluster_id
) -> None:
    """Make the settings the numbers of a database that has none yet; one process at a time. Raises Unavailable."""
    with translated():
        async with engine.connect() as connection:
            await connection.run_sync(_keep, numbers, make_id)


def _keep(connection: SyncConnection, numbers: ClusterNumbers, make_id: Callable[[], str]) -> None:
    if _find_numbers(connection) is None:
        connection.rollback()
        _write_numbers(connection, numbers, make_id())


def _find_numbers(connection: SyncConnection) -> ClusterNumbers | None:
    shards = connection.execute(select(cluster.c.num_shards)).scalar()
    return None if shards is None else ClusterNumbers(num_shards=shards)


def _write_numbers(connection: SyncConnection, numbers: ClusterNumbers, cluster_id: str) -> None:
    # The store's connections commit by themselves.
    connection.execute(insert(cluster).values(id=cluster_id, num_shards=numbers.num_shards))
    logger.info(
        "the database keeps these numbers from now on",
        extra={"cluster_id": cluster_id, **msgspec.structs.asdict(numbers)},
    )


def _describe(kept: ClusterNumbers, asked: ClusterNumbers) -> str:
    differing = [name for name in kept.__struct_fields__ if getattr(kept, name) != getattr(asked, name)]
    made = ", ".join(f"store.{name} = {getattr(kept, name)}" for name in differing)
    wanted = ", ".join(f"{name} = {getattr(asked, name)}" for name in differing)
    return f"the database was made with {made}, which cannot be changed to {wanted}: set it back"
