"""Guilds, and the snapshot of one with its roles and channels."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, case, delete, func, insert, literal_column, select, update

from core.domain.channels.channel import Channel
from core.domain.errors import FieldError, UnknownGuild, UnknownInvite
from core.domain.guilds.guild import Guild, GuildSnapshot
from core.domain.guilds.member import Member
from core.domain.guilds.role import Role
from core.domain.guilds.stage_instance import StageInstance
from core.domain.guilds.voice_state import InVoice
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.channels.channels import CHANNEL
from core.store.sql.aggregates.guilds.member_rows import MEMBER_COLUMNS, member_from_row
from core.store.sql.aggregates.guilds.roles import ROLE
from core.store.sql.aggregates.guilds.stage_instances import STAGE_INSTANCE
from core.store.sql.aggregates.guilds.voice_states import VOICE_STATE
from core.store.sql.engine.connection import Asked, Executor
from core.store.sql.engine.constraints import taken
from core.store.sql.engine.paging import Page
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query, Rows
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.guilds import guilds, roles
from core.store.sql.schema.tables.logs import log, log_heads, log_trims
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.stage_instances import stage_instances
from core.store.sql.schema.tables.users import users
from core.store.sql.schema.tables.voice_states import voice_states

GUILD = EntityMap(Guild, guilds)
_TAKEN: Final = {
    "uq_guilds_vanity_url_code": FieldError(("code",), "INVITE_CODE_ALREADY_TAKEN", "Vanity URL is taken"),
}
_SELECT = select(*GUILD.columns)
_FIND = Query(_SELECT.where(guilds.c.id == bindparam("guild_id")))
_LIST_IDS = Query(
    select(members.c.guild_id).where(members.c.user_id == bindparam("user_id")).order_by(members.c.guild_id)
)
_shard: Final = guilds.c.id.op(">>", return_type=BigInteger())(literal_column("22")) % bindparam("num_shards")
"""`core.domain.ids.shard_of` in SQL."""
_COUNT_AND_REVISION: Final = (
    guilds.c.member_count,
    # A cluster's database numbers its events in `log_heads`; an embedded one has them in its own log.
    select(log_heads.c.n).where(log_heads.c.shard == _shard).scalar_subquery(),
    select(func.max(log.c.position)).where(log.c.shard == _shard).scalar_subquery(),
    select(log_trims.c.position).where(log_trims.c.shard == _shard).scalar_subquery(),
)


_IS_MEMBERSHIP: Final = (members.c.guild_id == voice_states.c.guild_id) & (members.c.user_id == voice_states.c.user_id)


class _SnapshotQueries:
    """The statements for one number of guilds."""

    __slots__ = ("_of_actors", "_queries", "places")

    def __init__(self, size: int) -> None:
        self.places = Places("guild_id", size)
        wanted = self.places.parameters
        self._queries = (
            Query(select(*GUILD.columns, *_COUNT_AND_REVISION).where(guilds.c.id.in_(wanted))),
            Query(select(*ROLE.columns).where(roles.c.guild_id.in_(wanted)).order_by(roles.c.id)),
            Query(select(*CHANNEL.columns).where(channels.c.guild_id.in_(wanted)).order_by(channels.c.id)),
        )
        in_voice = Query(
            select(*VOICE_STATE.columns, *MEMBER_COLUMNS)
            .select_from(voice_states)
            .join(members, _IS_MEMBERSHIP)
            .join(users, users.c.id == voice_states.c.user_id)
            .where(voice_states.c.guild_id.in_(wanted))
            .order_by(voice_states.c.user_id)
        )
        self._of_actors = (
            in_voice,
            Query(
                select(*STAGE_INSTANCE.columns)
                .where(stage_instances.c.guild_id.in_(wanted))
                .order_by(stage_instances.c.channel_id)
            ),
        )

    def asked(self, guild_ids: Sequence[int], num_shards: int, *, with_voice: bool) -> list[Asked]:
        """Return the statements, bound to these guilds: all, or all but those of who is in voice and of stages."""
        bound = {**self.places.bind(guild_ids), "num_shards": num_shards}
        queries = (*self._queries, *self._of_actors) if with_voice else self._queries
        return [(query, bound) for query in queries]


_SNAPSHOTS: Final = [_SnapshotQueries(size) for size in (1, 4, 16)]
"""The sizes suit one guild, those of a small account, and those of a large one, which share the cost of a trip."""
_SNAPSHOTS_AT_ONCE: Final = _SNAPSHOTS[-1].places.size


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
        asked = _SNAPSHOTS[0].asked([guild_id], self._num_shards, with_voice=False)
        return _assemble(*await self._db.query_together(*asked)).get(guild_id)

    async def load_snapshots(self, guild_ids: Collection[int]) -> dict[int, GuildSnapshot]:
        wanted = list(dict.fromkeys(guild_ids))
        found: dict[int, GuildSnapshot] = {}
        for start in range(0, len(wanted), _SNAPSHOTS_AT_ONCE):
            some = wanted[start : start + _SNAPSHOTS_AT_ONCE]
            queries = next(each for each in _SNAPSHOTS if each.places.size >= len(some))
            asked = queries.asked(some, self._num_shards, with_voice=True)
            found.update(_assemble(*await self._db.query_together(*asked)))
        return found

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

    async def list_page(self, *, search: str = "", after: int = 0, limit: int) -> list[Guild]:
        statement = _SELECT.where(guilds.c.id > after).order_by(guilds.c.id).limit(limit)
        if search:
            statement = statement.where(guilds.c.name.icontains(search, autoescape=True))
        return [GUILD.entity(row) for row in await self._db.fetch_all(statement)]

    async def list_ids_of_owner(self, user_id: int) -> list[int]:
        # Owners are members, and memberships have an index by user.
        statement = select(guilds.c.id).join(members, members.c.guild_id == guilds.c.id)
        is_own = (members.c.user_id == user_id) & (guilds.c.owner_id == user_id)
        return [row[0] for row in await self._db.fetch_all(statement.where(is_own).order_by(guilds.c.id))]

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


def _assemble(
    guild_rows: Rows,
    role_rows: Rows,
    channel_rows: Rows,
    voice_rows: Sequence[Sequence[Any]] = (),
    stage_rows: Sequence[Sequence[Any]] = (),
) -> dict[int, GuildSnapshot]:
    roles_of: dict[int, list[Role]] = {}
    for role in map(ROLE.entity, role_rows):
        roles_of.setdefault(role.guild_id, []).append(role)
    channels_of: dict[int | None, list[Channel]] = {}
    for channel in map(CHANNEL.entity, channel_rows):
        channels_of.setdefault(channel.guild_id, []).append(channel)
    in_voice: dict[int, list[InVoice]] = {}
    for row in voice_rows:
        each = InVoice(VOICE_STATE.entity(row), member_from_row(row, len(VOICE_STATE.columns)))
        in_voice.setdefault(each.state.guild_id, []).append(each)
    stages: dict[int, list[StageInstance]] = {}
    for stage in map(STAGE_INSTANCE.entity, stage_rows):
        stages.setdefault(stage.guild_id, []).append(stage)
    found = {}
    for row in guild_rows:
        guild = GUILD.entity(row)
        member_count, head, newest, trimmed = row[-len(_COUNT_AND_REVISION) :]
        found[guild.id] = GuildSnapshot(
            guild=guild,
            roles=tuple(roles_of.get(guild.id, ())),
            channels=tuple(channels_of.get(guild.id, ())),
            member_count=member_count,
            revision=head or newest or trimmed or 0,
            in_voice=tuple(in_voice.get(guild.id, ())),
            stages=tuple(stages.get(guild.id, ())),
        )
    return found


def _with_uses(changes: Changes) -> dict[str, Any]:
    """Reset the uses of a vanity code, unless it is the same code again."""
    values = dict(changes)
    if "vanity_url_code" in values:
        is_same = guilds.c.vanity_url_code == values["vanity_url_code"]
        values["vanity_uses"] = case((is_same, guilds.c.vanity_uses), else_=0)
    return values
