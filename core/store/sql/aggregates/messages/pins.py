"""Pins, which are relational in every store: a channel has few, and they change with its row."""

from collections.abc import Collection

from sqlalchemy import BigInteger, ColumnElement, Integer, bindparam, delete, func, insert, select

from core.domain.ids import MAX_SNOWFLAKE
from core.domain.messages.pin import Pin, PinChange
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.pins import pin_changes, pins

_PIN = EntityMap(Pin, pins)
_CHANGE = EntityMap(PinChange, pin_changes)
_CHANGES = Query(
    select(*_CHANGE.columns)
    .where(pin_changes.c.change_id < bindparam("before_id", type_=BigInteger))
    .order_by(pin_changes.c.change_id)
    .limit(bindparam("limit", type_=Integer))
)
_PAGE = Query(
    select(*_PIN.columns)
    .where(
        pins.c.channel_id == bindparam("channel_id"),
        pins.c.pinned_ms < bindparam("before_ms", type_=BigInteger),
    )
    .order_by(pins.c.pinned_ms.desc())
    .limit(bindparam("limit", type_=Integer))
)


class SqlPins:
    """The `PinWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def list_page(self, channel_id: int, *, before_ms: int | None = None, limit: int = 50) -> list[Pin]:
        bound = MAX_SNOWFLAKE if before_ms is None else before_ms
        rows = await self._db.query(_PAGE, channel_id=channel_id, before_ms=bound, limit=limit)
        return [_PIN.entity(row) for row in rows]

    async def find_among(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        are_these = pins.c.channel_id == channel_id, pins.c.message_id.in_(list(message_ids))
        return [row[0] for row in await self._db.fetch_all(select(pins.c.message_id).where(*are_these))]

    async def count(self, channel_id: int) -> int:
        row = await self._db.fetch_one(select(func.count()).select_from(pins).where(pins.c.channel_id == channel_id))
        return 0 if row is None else int(row[0])

    async def put(self, channel_id: int, message_id: int, *, now_ms: int) -> Pin | None:
        if await self.find_among(channel_id, [message_id]):
            return None
        newest = await self.list_page(channel_id, limit=1)
        pinned_ms = max(now_ms, newest[0].pinned_ms + 1) if newest else now_ms
        pin = Pin(channel_id=channel_id, message_id=message_id, pinned_ms=pinned_ms)
        await self._db.execute(insert(pins), _PIN.values(pin))
        return pin

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> int:
        are_these = pins.c.channel_id == channel_id, pins.c.message_id.in_(list(message_ids))
        return await self._db.execute(delete(pins).where(*are_these))

    async def list_changes(self, *, before_id: int, limit: int) -> list[PinChange]:
        return [_CHANGE.entity(row) for row in await self._db.query(_CHANGES, before_id=before_id, limit=limit)]

    async def note_change(self, change: PinChange) -> None:
        await self._db.execute(delete(pin_changes).where(*_is_of(change)))
        await self._db.execute(insert(pin_changes), _CHANGE.values(change))

    async def end_change(self, change: PinChange) -> None:
        is_this = *_is_of(change), pin_changes.c.change_id == change.change_id
        await self._db.execute(delete(pin_changes).where(*is_this))


def _is_of(change: PinChange) -> tuple[ColumnElement[bool], ...]:
    return pin_changes.c.channel_id == change.channel_id, pin_changes.c.message_id == change.message_id
