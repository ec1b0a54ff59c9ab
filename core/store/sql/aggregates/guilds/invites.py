"""Invites, whose rows count their uses."""

from sqlalchemy import bindparam, delete, insert, select, update

from core.domain.errors import UnknownInvite
from core.domain.guilds.member import Invite
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.invites import invites

_INVITE = EntityMap(Invite, invites)
_SELECT = select(*_INVITE.columns)
_FIND = Query(_SELECT.where(invites.c.code == bindparam("code")))


class SqlInvites:
    """The `InviteWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, code: str) -> Invite | None:
        rows = await self._db.query(_FIND, code=code)
        return _INVITE.entity(rows[0]) if rows else None

    async def list_of_guild(self, guild_id: int) -> list[Invite]:
        statement = _SELECT.where(invites.c.guild_id == guild_id).order_by(invites.c.created_ms, invites.c.code)
        return [_INVITE.entity(row) for row in await self._db.fetch_all(statement)]

    async def list_of_channel(self, channel_id: int) -> list[Invite]:
        statement = _SELECT.where(invites.c.channel_id == channel_id).order_by(invites.c.created_ms, invites.c.code)
        return [_INVITE.entity(row) for row in await self._db.fetch_all(statement)]

    async def create(self, invite: Invite) -> None:
        await self._db.execute(insert(invites), _INVITE.values(invite))

    async def count_use(self, code: str) -> Invite:
        statement = update(invites).where(invites.c.code == code).values(uses=invites.c.uses + 1)
        row = await self._db.fetch_one(statement.returning(*_INVITE.columns))
        if row is None:
            raise UnknownInvite
        return _INVITE.entity(row)

    async def delete(self, code: str) -> Invite:
        row = await self._db.fetch_one(delete(invites).where(invites.c.code == code).returning(*_INVITE.columns))
        if row is None:
            raise UnknownInvite
        return _INVITE.entity(row)
