"""How many people, guilds and memberships there are."""

from typing import Final

from sqlalchemy import func, select

from core.store.aggregates.instance_counts import InstanceCounts
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.guilds import guilds
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.users import users

_COUNTS: Final = (
    # Bots have no key, and the keys have an index.
    Query(select(func.count(users.c.username_key))),
    Query(select(func.count()).select_from(guilds)),
    Query(select(func.count()).select_from(members)),
)


class SqlInstanceCounts:
    """The `InstanceCountReader` on SQL."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def count_all(self) -> InstanceCounts:
        people, guilds_, members_ = await self._db.query_together(*((query, {}) for query in _COUNTS))
        return InstanceCounts(people=people[0][0], guilds=guilds_[0][0], members=members_[0][0])
