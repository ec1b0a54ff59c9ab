"""Guilds, and the snapshot of one with its roles and channels."""

from typing import Any, Final

from sqlalchemy import bindparam, case, delete, func, insert, select, update

from core.domain.errors import FieldError, UnknownGuild, UnknownInvite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.ids import shard_of
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.channels.channels import CHANNEL, CHANNELS_OF_GUILD
from core.store.sql.aggregates.guilds.members import MEMBER_COLUMNS, member_from_row
from core.store.sql.aggregates.guilds.roles import ROLE, ROLES_OF_GUILD
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.constraints import taken
from core.store.sql.engine.paging import Page
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.guilds import guilds
from core.store.sql.schema.tables.logs import log, log_heads, log_trims
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.users import users

GUILD = EntityMap(Guild, guilds)
_TAKEN: Final = {
    "uq_guilds_vanity_url_code": FieldError(("code",), "INVITE_CODE_ALREADY_TAKEN", "Vanity URL is taken"),
}
_SELECT = select(*GUILD.columns)
_FIND = Query(_SELECT.where(guilds.c.id == bindparam("guild_id")))
_LIST_IDS = Query(
    select(members.c.guild_id).where(members.c.user_id == bindparam("user_id")).order_by(members.c.guild_id)
)
_COUNT_AND_REVISION = Query(
    select(
        select(guilds.c.member_count).where(guilds.c.id == bindparam("guild_id")).scalar_subquery(),
        # A cluster's database numbers its events in `log_heads`; an embedded one has them in its own log.
        select(log_heads.c.n).where(log_heads.c.shard == bindparam("shard")).scalar_subquery(),
        select(func.max(log.c.position)).where(log.c.shard == bindparam("shard")).scalar_subquery(),
        select(log_trims.c.position).where(log_trims.c.shard == bindparam("shard")).scalar_subquery(),
    )
)


class SqlGuilds:
    """The `GuildWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db", "_num_shards")

    def __init__(self, db: Executor, num_shards: int) -> None:
        self._db = db
        self._num_shards = num_shards

    async def find(self, guild_id: int) -> Guild | None:
        rows = await self._db.query(_FIND, guild_id=guild_id)
        return GUILD.entity(rows[0]) if rows else None

    async def load_snapshot(self, guild_id: int) -> GuildSnapshot | None:
        of_guild = {"guild_id": guild_id}
        guild_rows, role_rows, channel_rows, ((member_count, head, newest, trimmed),) = await self._db.query_together(
            (_FIND, of_guild),
            (ROLES_OF_GUILD, of_guild),
            (CHANNELS_OF_GUILD, of_guild),
            (_COUNT_AND_REVISION, {"guild_id": guild_id, "shard": shard_of(guild_id, self._num_shards)}),
        )
        if not guild_rows:
            return None
        return GuildSnapshot(
            guild=GUILD.entity(guild_rows[0]),
            roles=tuple(map(ROLE.entity, role_rows)),
            channels=tuple(map(CHANNEL.entity, channel_rows)),
            member_count=member_count,
            revision=head or newest or trimmed or 0,
        )

    async def list_of_user(
        self, user_id: int, *, before: int | None = None, after: int | None = None, limit: int = 200
    ) -> list[tuple[Guild, Member]]:
        statement = (
            select(*GUILD.columns, *MEMBER_COLUMNS)
            .select_from(members)
            .join(guilds, guilds.c.id == members.c.guild_id)
            .join(users, users.c.id == members.c.user_id)
            .where(members.c.user_id == user_id)
        )
        page = Page(before=before, after=after, limit=limit)
        rows = page.ascending(await self._db.fetch_all(page.apply(statement, members.c.guild_id)))
        return [(GUILD.entity(row), member_from_row(row, len(GUILD.columns))) for row in rows]

    async def list_ids_of_user(self, user_id: int) -> list[int]:
        return [row[0] for row in await self._db.query(_LIST_IDS, user_id=user_id)]

    async def find_by_vanity_code(self, code: str) -> Guild | None:
        row = await self._db.fetch_one(_SELECT.where(guilds.c.vanity_url_code == code))
        return None if row is None else GUILD.entity(row)

    async def count_vanity_uses(self, guild_id: int) -> int:
        row = await self._db.fetch_one(select(guilds.c.vanity_uses).where(guilds.c.id == guild_id))
        return 0 if row is None else int(row[0])

    async def use_vanity_code(self, guild_id: int, code: str) -> None:
        statement = update(guilds).where(guilds.c.id == guild_id, guilds.c.vanity_url_code == code)
        if not await self._db.execute(statement.values(vanity_uses=guilds.c.vanity_uses + 1)):
            raise UnknownInvite

    async def create(self, guild: Guild) -> None:
        with taken(_TAKEN):
            await self._db.execute(insert(guilds), GUILD.values(guild))

    async def update(self, guild_id: int, changes: Changes) -> Guild:
        if not changes:
            guild = await self.find(guild_id)
            if guild is None:
                raise UnknownGuild
            return guild
        statement = update(guilds).where(guilds.c.id == guild_id).values(_with_uses(changes))
        with taken(_TAKEN):
            row = await self._db.fetch_one(statement.returning(*GUILD.columns))
        if row is None:
            raise UnknownGuild
        return GUILD.entity(row)

    async def delete(self, guild_id: int) -> None:
        if not await self._db.execute(delete(guilds).where(guilds.c.id == guild_id)):
            raise UnknownGuild


def _with_uses(changes: Changes) -> dict[str, Any]:
    """Reset the uses of a vanity code, unless it is the same code again."""
    values = dict(changes)
    if "vanity_url_code" in values:
        is_same = guilds.c.vanity_url_code == values["vanity_url_code"]
        values["vanity_uses"] = case((is_same, guilds.c.vanity_uses), else_=0)
    return values
