"""Bans, each with the banned user."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from core.domain.errors import UnknownBan, UnknownUser
from core.domain.guilds.member import Ban
from core.store.sql.aggregates.people.users import USER
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.paging import Page
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.members import bans
from core.store.sql.schema.tables.users import users

_SELECT = select(bans.c.guild_id, bans.c.reason, *USER.columns).join(users, users.c.id == bans.c.user_id)
_FIND = Query(_SELECT.where(bans.c.guild_id == bindparam("guild_id"), bans.c.user_id == bindparam("user_id")))


class SqlBans:
    """The `BanWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, guild_id: int, user_id: int) -> Ban | None:
        rows = await self._db.query(_FIND, guild_id=guild_id, user_id=user_id)
        return _ban(rows[0]) if rows else None

    async def list_page(
        self, guild_id: int, *, before: int | None = None, after: int | None = None, limit: int = 1000
    ) -> list[Ban]:
        page = Page(before=before, after=after, limit=limit)
        rows = await self._db.fetch_all(page.apply(_SELECT.where(bans.c.guild_id == guild_id), bans.c.user_id))
        return [_ban(row) for row in page.ascending(rows)]

    async def put(self, guild_id: int, user_id: int, reason: str | None) -> bool:
        if await self._db.fetch_one(select(users.c.id).where(users.c.id == user_id)) is None:
            raise UnknownUser
        is_ban = (bans.c.guild_id == guild_id, bans.c.user_id == user_id)
        if await self._db.execute(update(bans).where(*is_ban).values(reason=reason)):
            return False
        await self._db.execute(insert(bans), {"guild_id": guild_id, "user_id": user_id, "reason": reason})
        return True

    async def delete(self, guild_id: int, user_id: int) -> None:
        if not await self._db.execute(delete(bans).where(bans.c.guild_id == guild_id, bans.c.user_id == user_id)):
            raise UnknownBan


def _ban(row: Sequence[Any]) -> Ban:
    return Ban(guild_id=row[0], reason=row[1], user=USER.entity(row, 2))
