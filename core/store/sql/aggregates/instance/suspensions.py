"""Suspensions of accounts."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, insert, select

from core.domain.instance.suspension import Suspension
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.instance import suspensions

_SUSPENSION: Final = EntityMap(Suspension, suspensions)


class SqlSuspensions:
    """The `SuspensionWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, user_id: int) -> Suspension | None:
        return (await self.find_many([user_id])).get(user_id)

    async def find_many(self, user_ids: Collection[int]) -> dict[int, Suspension]:
        if not user_ids:
            return {}
        statement = select(*_SUSPENSION.columns).where(suspensions.c.user_id.in_(list(user_ids)))
        return {row[0]: _SUSPENSION.entity(row) for row in await self._db.fetch_all(statement)}

    async def put(self, suspension: Suspension) -> None:
        await self.delete(suspension.user_id)
        await self._db.execute(insert(suspensions), _SUSPENSION.values(suspension))

    async def delete(self, user_id: int) -> None:
        await self._db.execute(delete(suspensions).where(suspensions.c.user_id == user_id))
