"""Roles. Their deletion takes them from members and overwrites too."""

from sqlalchemy import bindparam, delete, insert, select, update

from core.domain.errors import UnknownRole
from core.domain.guilds.role import Role
from core.store.aggregates.changes import Changes
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.guilds import roles

ROLE = EntityMap(Role, roles)
_SELECT = select(*ROLE.columns)
_FIND = Query(_SELECT.where(roles.c.id == bindparam("role_id")))
_LIST_OF_GUILD = Query(_SELECT.where(roles.c.guild_id == bindparam("guild_id")).order_by(roles.c.id))


class SqlRoles:
    """The `RoleWriter` on SQL."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def create(self, role: Role) -> None:
        await self._db.execute(insert(roles), ROLE.values(role))

    async def find(self, role_id: int) -> Role | None:
        rows = await self._db.query(_FIND, role_id=role_id)
        return ROLE.entity(rows[0]) if rows else None

    async def list_of_guild(self, guild_id: int) -> list[Role]:
        return [ROLE.entity(row) for row in await self._db.query(_LIST_OF_GUILD, guild_id=guild_id)]

    async def update(self, role_id: int, changes: Changes) -> Role:
        if not changes:
            role = await self.find(role_id)
            if role is None:
                raise UnknownRole
            return role
        statement = update(roles).where(roles.c.id == role_id).values(dict(changes))
        row = await self._db.fetch_one(statement.returning(*ROLE.columns))
        if row is None:
            raise UnknownRole
        return ROLE.entity(row)

    async def delete(self, role_id: int) -> None:
        row = await self._db.fetch_one(delete(roles).where(roles.c.id == role_id).returning(roles.c.guild_id))
        if row is None:
            raise UnknownRole
        await self._remove_from_overwrites(row[0], role_id)

    async def _remove_from_overwrites(self, guild_id: int, role_id: int) -> None:
        """Delete the role. Members lose it by a foreign key; overwrites are part of their channel's row."""
        statement = (
            select(channels.c.id, channels.c.overwrites).where(channels.c.guild_id == guild_id).with_for_update()
        )
        for channel_id, overwrites in await self._db.fetch_all(statement):
            kept = tuple(overwrite for overwrite in overwrites if overwrite.id != role_id)
            if len(kept) < len(overwrites):
                await self._db.execute(update(channels).where(channels.c.id == channel_id).values(overwrites=kept))
