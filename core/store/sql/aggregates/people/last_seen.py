"""When people were last seen."""

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import bindparam, delete, insert, or_, select, update

from core.domain.people.last_seen import LastSeen
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.last_seen import last_seen

_ENTRY: Final = EntityMap(LastSeen, last_seen)
_SELECT: Final = select(*_ENTRY.columns)
_FIND: Final = Query(_SELECT.where(last_seen.c.user_id == bindparam("user_id")))
_NOTE: Final = (
    update(last_seen)
    .where(
        last_seen.c.user_id == bindparam("seen_user"),
        or_(last_seen.c.seen_ms.is_(None), last_seen.c.seen_ms < bindparam("at_ms")),
    )
    .values(seen_ms=bindparam("at_ms"))
)
_MOST_IDS: Final = 500
"""The ids in one statement, fewer than any driver refuses."""


class SqlLastSeen:
    """The `LastSeenWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, user_id: int) -> LastSeen | None:
        rows = await self._db.query(_FIND, user_id=user_id)
        return _ENTRY.entity(rows[0]) if rows else None

    async def find_many(self, user_ids: Collection[int]) -> dict[int, LastSeen]:
        wanted = sorted(set(user_ids))
        found: dict[int, LastSeen] = {}
        for start in range(0, len(wanted), _MOST_IDS):
            statement = _SELECT.where(last_seen.c.user_id.in_(wanted[start : start + _MOST_IDS]))
            for row in await self._db.fetch_all(statement):
                found[row[0]] = _ENTRY.entity(row)
        return found

    async def put(self, last_seen_: LastSeen) -> None:
        await self.delete(last_seen_.user_id)
        await self._db.execute(insert(last_seen), _ENTRY.values(last_seen_))

    async def note(self, seen: Mapping[int, int]) -> None:
        # The ids are in order, so that two processes that note the same people do not wait for each other.
        rows = [{"seen_user": user_id, "at_ms": seen[user_id]} for user_id in sorted(seen)]
        if rows:
            await self._db.execute(_NOTE, rows)

    async def delete(self, user_id: int) -> None:
        await self._db.execute(delete(last_seen).where(last_seen.c.user_id == user_id))
