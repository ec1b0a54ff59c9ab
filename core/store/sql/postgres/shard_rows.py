"""The rows of a cluster that name shards, and their doubling while no process runs.

Shard s of n becomes s and s + n of 2 n, as `shard_of` divides ids. What a row says of the one holds for both then.

| rows | of the new shard |
|---|---|
| `cluster.num_shards` | doubled |
| `log_heads` | the revision of the old shard, so revisions rise for every guild |
| `shard_pins` | the same worker |
| `outbox` | emptied: all logs have had these events |
| `followed_logs` | nothing: the logs begin anew, and are followed from their beginning |
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Final

from sqlalchemy import delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from core.store.sql.engine.errors import translated
from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.schema.tables.cluster import cluster
from core.store.sql.schema.tables.logs import log_heads, outbox
from core.store.sql.schema.tables.placement import shard_pins

_PROCESSES: Final = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name = 'guildway' AND pid <> pg_backend_pid()"
)
"""The connections of all processes of the cluster, also of those that stand still."""
_LOCK: Final = (text("SET LOCAL lock_timeout = '5s'"), text("LOCK TABLE cluster IN ACCESS EXCLUSIVE MODE"))
"""Who starts meanwhile waits, and gives up."""


class ShardRows:
    """The rows, over one connection. All methods raise Unavailable."""

    __slots__ = ("_db",)

    def __init__(self, db: AsyncConnection) -> None:
        """Use `open_shard_rows`."""
        self._db = db

    async def count_shards(self) -> int:
        """Return the number that the database was made with, 0 for a database that nobody has used."""
        with translated():
            return int((await self._db.execute(select(cluster.c.num_shards))).scalar() or 0)

    async def count_connections(self) -> int:
        """Return how many connections other processes have to the database."""
        with translated():
            return int((await self._db.execute(_PROCESSES)).scalar_one())

    async def count_pins(self) -> int:
        """Return the number of pinned shards."""
        with translated():
            return int((await self._db.execute(select(func.count()).select_from(shard_pins))).scalar_one())

    async def fetch_revisions(self) -> dict[int, int]:
        """Return the newest revision of each shard that has had an event."""
        with translated():
            rows = await self._db.execute(select(log_heads.c.shard, log_heads.c.n))
            return {row[0]: row[1] for row in rows}

    @contextlib.asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep processes from starting in the body, and commit what it does, all or nothing."""
        with translated():
            await self._db.rollback()  # what was read so far
            await self._db.execution_options(isolation_level="READ COMMITTED")
            async with self._db.begin():
                for statement in _LOCK:
                    await self._db.execute(statement)
                yield

    async def double(self) -> None:
        """Double the shards, within `locked`."""
        shards = await self.count_shards()
        heads = select(log_heads.c.shard + literal(shards), log_heads.c.n).where(log_heads.c.shard < shards)
        pins = select(shard_pins.c.shard + literal(shards), shard_pins.c.worker).where(shard_pins.c.shard < shards)
        with translated():
            await self._db.execute(insert(log_heads).from_select(["shard", "n"], heads).on_conflict_do_nothing())
            await self._db.execute(insert(shard_pins).from_select(["shard", "worker"], pins).on_conflict_do_nothing())
            await self._db.execute(delete(outbox))
            await self._db.execute(update(cluster).values(num_shards=2 * shards))


@contextlib.asynccontextmanager
async def open_shard_rows(url: str) -> AsyncIterator[ShardRows]:
    """Open the rows of the database at a URL. Raises Unavailable."""
    engine = connect_postgres(url, is_patient=True)
    try:
        with translated():
            connection = await engine.connect()
        try:
            yield ShardRows(connection)
        finally:
            await connection.close()
    finally:
        await engine.dispose()
