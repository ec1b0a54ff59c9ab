"""Guilds, and the snapshot of one with its roles and channels."""

from sqlalchemy import delete, func, insert, select, update

from core.domain.errors import UnknownGuild, invalid_field
from core.domain.guild import Guild, GuildSnapshot
from core.domain.ids import shard_of
from core.domain.member import Member
from core.store.interfaces import Changes
from core.store.sql.channels import CHANNEL
from core.store.sql.columns import EntityMap
from core.store.sql.connection import Executor
from core.store.sql.members import MEMBER_COLUMNS, member_from_row
from core.store.sql.paging import Page
from core.store.sql.roles import ROLE
from core.store.sql.tables import channels, guilds, log, members, roles, users

GUILD = EntityMap(Guild, guilds)
_SELECT = select(*GUILD.columns)


class SqlGuilds:
    """`GuildWriter`; the store shows its reading half."""

    __slots__ = ("_db", "_num_shards")

    def __init__(self, db: Executor, num_shards: int) -> None:
        self._db = db
        self._num_shards = num_shards

    async def find(self, guild_id: int) -> Guild | None:
        row = await self._db.fetch_one(_SELECT.where(guilds.c.id == guild_id))
        return None if row is None else GUILD.entity(row)

    async def load_snapshot(self, guild_id: int) -> GuildSnapshot | None:
        shard = shard_of(guild_id, self._num_shards)

        async def read(db: Executor) -> GuildSnapshot | None:
            row = await db.fetch_one(_SELECT.where(guilds.c.id == guild_id))
            if row is None:
                return None
            role_rows = await db.fetch_all(
                select(*ROLE.columns).where(roles.c.guild_id == guild_id).order_by(roles.c.id)
            )
            channel_rows = await db.fetch_all(
                select(*CHANNEL.columns).where(channels.c.guild_id == guild_id).order_by(channels.c.id)
            )
            counts = await db.fetch_one(
                select(
                    select(func.count()).where(members.c.guild_id == guild_id).scalar_subquery(),
                    select(func.max(log.c.position)).where(log.c.shard == shard).scalar_subquery(),
                )
            )
            member_count, position = counts or (0, 0)
            return GuildSnapshot(
                guild=GUILD.entity(row),
                roles=tuple(map(ROLE.entity, role_rows)),
                channels=tuple(map(CHANNEL.entity, channel_rows)),
                member_count=member_count,
                position=position or 0,
            )

        return await self._db.in_snapshot(read)

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
        statement = select(members.c.guild_id).where(members.c.user_id == user_id).order_by(members.c.guild_id)
        return [row[0] for row in await self._db.fetch_all(statement)]

    async def find_by_vanity_code(self, code: str) -> Guild | None:
        row = await self._db.fetch_one(_SELECT.where(guilds.c.vanity_url_code == code))
        return None if row is None else GUILD.entity(row)

    async def create(self, guild: Guild) -> None:
        await self._check_vanity_code(guild.id, guild.vanity_url_code)
        await self._db.execute(insert(guilds), GUILD.values(guild))

    async def update(self, guild_id: int, changes: Changes) -> Guild:
        await self._check_vanity_code(guild_id, changes.get("vanity_url_code"))
        if not changes:
            guild = await self.find(guild_id)
            if guild is None:
                raise UnknownGuild
            return guild
        statement = update(guilds).where(guilds.c.id == guild_id).values(dict(changes))
        row = await self._db.fetch_one(statement.returning(*GUILD.columns))
        if row is None:
            raise UnknownGuild
        return GUILD.entity(row)

    async def delete(self, guild_id: int) -> None:
        if not await self._db.execute(delete(guilds).where(guilds.c.id == guild_id)):
            raise UnknownGuild

    async def _check_vanity_code(self, guild_id: int, code: str | None) -> None:
        if code is None:
            return
        statement = select(guilds.c.id).where(guilds.c.vanity_url_code == code, guilds.c.id != guild_id)
        if await self._db.fetch_one(statement) is not None:
            raise invalid_field("code", "INVITE_CODE_ALREADY_TAKEN", "Vanity URL is taken")
