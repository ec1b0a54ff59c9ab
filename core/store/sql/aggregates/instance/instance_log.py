"""The instance's log, which only grows."""

from typing import Final

from sqlalchemy import insert, select

from core.domain.instance.instance_log import InstanceLogEntry
from core.store.sql.engine.connection import Executor
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.instance import instance_log

_ENTRY: Final = EntityMap(InstanceLogEntry, instance_log)


class SqlInstanceLog:
    """The `InstanceLogWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def list_page(
        self, *, before: int | None = None, limit: int, actor_id: int | None = None, target: str | None = None
    ) -> list[InstanceLogEntry]:
        statement = select(*_ENTRY.columns).order_by(instance_log.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(instance_log.c.id < before)
        if actor_id is not None:
            statement = statement.where(instance_log.c.actor_id == actor_id)
        if target is not None:
            statement = statement.where(instance_log.c.target == target)
        return [_ENTRY.entity(row) for row in await self._db.fetch_all(statement)]

    async def append(self, entry: InstanceLogEntry) -> None:
        await self._db.execute(insert(instance_log), _ENTRY.values(entry))
