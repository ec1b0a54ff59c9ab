"""Calls in private channels."""

from sqlalchemy import delete, select

from core.domain.channels.call import Call
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.calls import calls

_CALL = EntityMap(Call, calls)


class SqlCalls:
    """The `CallWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_dialect")

    def __init__(self, db: Executor, dialect: Dialect) -> None:
        self._db = db
        self._dialect = dialect

    async def find(self, channel_id: int) -> Call | None:
        row = await self._db.fetch_one(select(*_CALL.columns).where(calls.c.channel_id == channel_id))
        return None if row is None else _CALL.entity(row)

    async def list_overdue(self, *, now_ms: int, limit: int) -> list[Call]:
        is_overdue = (calls.c.next_end_ms > 0) & (calls.c.next_end_ms <= now_ms)
        statement = select(*_CALL.columns).where(is_overdue).order_by(calls.c.next_end_ms).limit(limit)
        return [_CALL.entity(row) for row in await self._db.fetch_all(statement)]

    async def put(self, call: Call) -> None:
        values = _CALL.values(call)
        statement = self._dialect.insert(calls).values(values)
        await self._db.execute(statement.on_conflict_do_update(index_elements=["channel_id"], set_=values))

    async def remove(self, channel_id: int) -> Call | None:
        statement = delete(calls).where(calls.c.channel_id == channel_id).returning(*_CALL.columns)
        row = await self._db.fetch_one(statement)
        return None if row is None else _CALL.entity(row)
