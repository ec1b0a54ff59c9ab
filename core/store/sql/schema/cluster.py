"""The numbers that a database was made with. A start with others would lose its events, or repeat its ids.

`num_shards` decides the shard of each row of the log, and the node numbers are part of every id. The first start stores
its settings in the database; each later one must have the same.

Owns the tables `cluster` and `nodes`. The schema's number is alembic's, in `alembic_version`
(`core.store.sql.schema.migrate`).
"""

import logging
import secrets
from collections.abc import Callable

import msgspec
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from core.runtime.errors import OtherNumbersError
from core.store.sql.engine.errors import translated
from core.store.sql.schema.tables import cluster, nodes

logger = logging.getLogger(__name__)

_ID_BYTES = 16


class ClusterNumbers(msgspec.Struct, kw_only=True, frozen=True):
    """The numbers that all processes on one database agree on, and this one's node. Fields are named as the settings
    are."""

    num_shards: int
    worker_id: int
    process_id: int


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
    """Make the settings the numbers of a database that has none yet. Raises Unavailable."""
    with translated():
        async with engine.connect() as connection:
            await connection.run_sync(_keep, numbers, make_id)


def _keep(connection: SyncConnection, numbers: ClusterNumbers, make_id: Callable[[], str]) -> None:
    if _find_numbers(connection) is None:
        connection.rollback()
        _write_numbers(connection, numbers, make_id())


def _find_numbers(connection: SyncConnection) -> ClusterNumbers | None:
    shards = connection.execute(select(cluster.c.num_shards)).scalar()
    node = connection.execute(select(nodes.c.worker_id, nodes.c.process_id)).first()
    if shards is None or node is None:
        return None
    return ClusterNumbers(num_shards=shards, worker_id=node[0], process_id=node[1])


def _write_numbers(connection: SyncConnection, numbers: ClusterNumbers, cluster_id: str) -> None:
    # The store's connections commit by themselves, so this begins a transaction, for both rows or none.
    connection.execute(text("BEGIN"))
    connection.execute(insert(cluster).values(id=cluster_id, num_shards=numbers.num_shards))
    connection.execute(insert(nodes).values(worker_id=numbers.worker_id, process_id=numbers.process_id))
    connection.execute(text("COMMIT"))
    logger.info(
        "the database keeps these numbers from now on",
        extra={"cluster_id": cluster_id, **msgspec.structs.asdict(numbers)},
    )


def _describe(kept: ClusterNumbers, asked: ClusterNumbers) -> str:
    differing = [name for name in kept.__struct_fields__ if getattr(kept, name) != getattr(asked, name)]
    made = ", ".join(f"store.{name} = {getattr(kept, name)}" for name in differing)
    wanted = ", ".join(f"{name} = {getattr(asked, name)}" for name in differing)
    return f"the database was made with {made}, which cannot be changed to {wanted}: set it back"
