"""The little of a cluster's database that controllers, media nodes and operators need: wishes, secrets, whose an id is.

It opens in a moment, since it neither migrates nor relays, and keeps few connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from core.shards.interfaces import Owned, PlacementWishes
from core.store.aggregates.secrets import Secrets
from core.store.sql.aggregates.placement_wishes import SqlPlacementWishes
from core.store.sql.aggregates.secrets import SqlSecrets
from core.store.sql.engine.connection import Connection, Executor, run_to_end
from core.store.sql.engine.postgres import POSTGRES, connect_postgres
from core.store.sql.engine.query import QueryCache
from core.store.sql.postgres.connections import ConnectionPool
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.guilds import guilds
from core.store.sql.schema.tables.users import users
from core.wire.envelope import Envelope

Work = Callable[[Executor], Awaitable[tuple[Any, Sequence[Envelope]]]]

_CONNECTIONS = 2


class SmallStore:
    """Wishes, secrets and lookups on PostgreSQL. Each statement commits by itself."""

    __slots__ = ("_engine", "_pool", "_running", "secrets", "wishes")

    def __init__(self, engine: AsyncEngine) -> None:
        """Use `open`."""
        connect = partial(Connection.open, engine=engine, dialect=POSTGRES, queries=QueryCache(POSTGRES.compiler))
        self._engine = engine
        self._pool = ConnectionPool(connect=connect, size=_CONNECTIONS)
        self._running: set[asyncio.Task[Any]] = set()
        self.secrets: Secrets = SqlSecrets(run=self._run, dialect=POSTGRES)
        self.wishes: PlacementWishes = SqlPlacementWishes(run=self._run, dialect=POSTGRES)

    @classmethod
    def open(cls, url: str) -> "SmallStore":
        """Make the store; it connects when it is first asked."""
        return cls(connect_postgres(url))

    async def find_owned(self, snowflake: int) -> Owned | None:
        """Return what has an id, None when nothing that lives at a shard has. Raises Unavailable."""

        async def work(db: Executor) -> tuple[Owned | None, Sequence[Envelope]]:
            return await _find_owned(db, snowflake), ()

        found: Owned | None = await self._run(work)
        return found

    async def close(self) -> None:
        """Finish what is on its way, and close the connections."""
        await self._pool.close()
        await self._engine.dispose()

    async def _run(self, work: Work) -> Any:
        return await run_to_end(self._work(work), self._running)

    async def _work(self, work: Work) -> Any:
        async with self._pool.lend() as connection:
            result, _ = await work(connection)
            return result


async def _find_owned(db: Executor, snowflake: int) -> Owned | None:
    if await db.fetch_one(select(guilds.c.id).where(guilds.c.id == snowflake)):
        return Owned("guild", snowflake)
    row = await db.fetch_one(select(channels.c.guild_id).where(channels.c.id == snowflake))
    if row is not None:
        # A private channel's door is at the channel's own shard, though its events go to its people.
        return Owned("channel", row[0] or snowflake)
    if await db.fetch_one(select(users.c.id).where(users.c.id == snowflake)):
        return Owned("user", snowflake)
    return None
