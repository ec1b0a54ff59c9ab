"""Members of guilds, with their roles."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from core.domain.errors import UnknownMember, UnknownUser
from core.domain.guilds.member import Member
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.guilds.member_names import find_named
from core.store.sql.aggregates.guilds.member_rows import MEMBER, MEMBER_COLUMNS, member_from_row
from core.store.sql.aggregates.people.users import USER
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.columns import fold, folded
from core.store.sql.schema.tables.guilds import guilds, roles
from core.store.sql.schema.tables.members import left_timeouts, member_roles, members
from core.store.sql.schema.tables.users import auth_sessions, users

_SELECT = select(*MEMBER_COLUMNS).select_from(members).join(users, users.c.id == members.c.user_id)
_IN_GUILD = members.c.guild_id == bindparam("guild_id")
_FIND = Query(_SELECT.where(_IN_GUILD, members.c.user_id == bindparam("user_id")))
_LIST_PAGE = Query(
    _SELECT.where(_IN_GUILD, members.c.user_id > bindparam("after"))
    .order_by(members.c.user_id)
    .limit(bindparam("limit", type_=Integer))
)


class _AllOfGuilds:
    """The statement for one number of guilds."""

    __slots__ = ("places", "query")

    def __init__(self, size: int) -> None:
        self.places = Places("guild_id", size)
        is_wanted = members.c.guild_id.in_(self.places.parameters)
        self.query = Query(_SELECT.where(is_wanted).order_by(members.c.guild_id, members.c.user_id))


_ALL_OF_GUILDS: Final = [_AllOfGuilds(size) for size in (1, 4, 16)]
"""The sizes are those of guilds' snapshots."""
_GUILDS_AT_ONCE: Final = _ALL_OF_GUILDS[-1].places.size

_COUNT = Query(select(guilds.c.member_count).where(guilds.c.id == bindparam("guild_id")))

SCANNED_MEMBERS: Final = 2_000
"""The largest guild that is searched member by member; in a larger one the indexes of names come first."""


class SqlMembers:
    """The `MemberWriter` on SQL; the store shows its reading half."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find(self, guild_id: int, user_id: int) -> Member | None:
        rows = await self._db.query(_FIND, guild_id=guild_id, user_id=user_id)
        return member_from_row(rows[0]) if rows else None

    async def find_many(self, guild_id: int, user_ids: Collection[int]) -> list[Member]:
        if not user_ids:
            return []
        return await self._list(_SELECT.where(members.c.guild_id == guild_id, members.c.user_id.in_(list(user_ids))))

    async def list_page(self, guild_id: int, *, after: int = 0, limit: int = 1000) -> list[Member]:
        rows = await self._db.query(_LIST_PAGE, guild_id=guild_id, after=after, limit=limit)
        return [member_from_row(row) for row in rows]

    async def list_all(self, guild_ids: Collection[int]) -> dict[int, list[Member]]:
        wanted = list(dict.fromkeys(guild_ids))
        found: dict[int, list[Member]] = {}
        for start in range(0, len(wanted), _GUILDS_AT_ONCE):
            some = wanted[start : start + _GUILDS_AT_ONCE]
            asked = next(each for each in _ALL_OF_GUILDS if each.places.size >= len(some))
            for member in map(member_from_row, await self._db.query(asked.query, **asked.places.bind(some))):
                found.setdefault(member.guild_id, []).append(member)
        return found

    async def search(self, guild_id: int, prefix: str, limit: int) -> list[Member]:
        folded_prefix = fold(prefix) or ""
        if folded_prefix and await self.count(guild_id) > SCANNED_MEMBERS:
            return await self.find_many(guild_id, await find_named(self._db, guild_id, folded_prefix, limit))
        names = (members.c.nick_fold, users.c.global_name_fold, users.c.username_fold)
        statement = _SELECT.where(members.c.guild_id == guild_id).limit(limit)
        if folded_prefix:
            statement = statement.where(or_(*(name.startswith(folded_prefix, autoescape=True) for name in names)))
        return await self._list(statement)

    async def count(self, guild_id: int) -> int:
        rows = await self._db.query(_COUNT, guild_id=guild_id)
        return int(rows[0][0]) if rows else 0

    async def count_by_role(self, guild_id: int) -> dict[int, int]:
        statement = (
            select(member_roles.c.role_id, func.count())
            # The count goes by the guild's roles, which the index of roles has in order, and not by its members.
            .where(member_roles.c.role_id.in_(select(roles.c.id).where(roles.c.guild_id == guild_id)))
            .group_by(member_roles.c.role_id)
        )
        return {row[0]: row[1] for row in await self._db.fetch_all(statement)}

    async def list_ids_of_role(self, guild_id: int, role_id: int, *, limit: int) -> list[int]:
        statement = (
            select(member_roles.c.user_id)
            .where(member_roles.c.role_id == role_id, member_roles.c.guild_id == guild_id)
            .order_by(member_roles.c.user_id)
            .limit(limit)
        )
        return [row[0] for row in await self._db.fetch_all(statement)]

    async def list_prunable(self, guild_id: int, *, inactive_since_ms: int, role_ids: Collection[int]) -> list[int]:
        has_other_role = exists().where(
            member_roles.c.guild_id == members.c.guild_id,
            member_roles.c.user_id == members.c.user_id,
            member_roles.c.role_id.not_in(list(role_ids)),
        )
        was_seen = exists().where(
            auth_sessions.c.user_id == members.c.user_id, auth_sessions.c.last_used_ms >= inactive_since_ms
        )
        owner_id = select(guilds.c.owner_id).where(guilds.c.id == guild_id).scalar_subquery()
        statement = (
            select(members.c.user_id)
            .join(users, users.c.id == members.c.user_id)
            .where(
                members.c.guild_id == guild_id,
                members.c.joined_ms < inactive_since_ms,
                members.c.user_id != owner_id,
                and_(~users.c.bot, ~has_other_role, ~was_seen),
            )
            .order_by(members.c.user_id)
        )
        return [row[0] for row in await self._db.fetch_all(statement)]

    async def list_temporary(self, user_id: int) -> list[int]:
        has_role = exists().where(
            member_roles.c.guild_id == members.c.guild_id, member_roles.c.user_id == members.c.user_id
        )
        statement = (
            select(members.c.guild_id)
            .join(guilds, guilds.c.id == members.c.guild_id)
            .where(members.c.user_id == user_id, members.c.is_temporary, guilds.c.owner_id != user_id, ~has_role)
            .order_by(members.c.guild_id)
        )
        return [row[0] for row in await self._db.fetch_all(statement)]

    async def add(
        self,
        guild_id: int,
        user_id: int,
        *,
        joined_ms: int,
        role_ids: Sequence[int] = (),
        is_temporary: bool = False,
    ) -> Member | None:
        row = await self._db.fetch_one(select(*USER.columns).where(users.c.id == user_id))
        if row is None:
            raise UnknownUser
        if await self.find(guild_id, user_id) is not None:
            return None
        member = Member(
            guild_id=guild_id,
            user=USER.entity(row),
            joined_ms=joined_ms,
            role_ids=_sorted(role_ids),
            is_temporary=is_temporary,
            timeout_until_ms=await self._take_timeout(guild_id, user_id, now_ms=joined_ms),
        )
        await self.add_many([member])
        return member

    async def add_many(self, added: Sequence[Member]) -> None:
        if not added:
            return
        rows = [{**folded(MEMBER.values(member), "nick"), "user_id": member.user.id} for member in added]
        await self._db.execute(insert(members), rows)
        role_rows = [
            {"guild_id": member.guild_id, "user_id": member.user.id, "role_id": role_id}
            for member in added
            for role_id in member.role_ids
        ]
        if role_rows:
            await self._db.execute(insert(member_roles), role_rows)
        for guild_id, count in Counter(member.guild_id for member in added).items():
            await self._count(guild_id, count)

    async def update(self, guild_id: int, user_id: int, changes: Changes) -> Member:
        values = folded(changes, "nick")
        role_ids = values.pop("role_ids", None)
        is_member = and_(members.c.guild_id == guild_id, members.c.user_id == user_id)
        if values:
            await self._db.execute(update(members).where(is_member).values(values))
        if role_ids is not None:
            member = await self._fetch(guild_id, user_id)
            wanted = _sorted(role_ids)
            lost = [role_id for role_id in member.role_ids if role_id not in wanted]
            await self._db.execute(
                delete(member_roles).where(
                    member_roles.c.guild_id == guild_id,
                    member_roles.c.user_id == user_id,
                    member_roles.c.role_id.in_(lost),
                )
            )
            await self._add_roles(guild_id, user_id, [i for i in wanted if i not in member.role_ids])
        return await self._fetch(guild_id, user_id)

    async def add_role(self, guild_id: int, user_id: int, role_id: int) -> Member:
        member = await self._fetch(guild_id, user_id)
        if role_id in member.role_ids:
            return member
        await self._add_roles(guild_id, user_id, [role_id])
        return msgspec.structs.replace(member, role_ids=_sorted((*member.role_ids, role_id)))

    async def remove_role(self, guild_id: int, user_id: int, role_id: int) -> Member:
        member = await self._fetch(guild_id, user_id)
        await self._db.execute(
            delete(member_roles).where(
                member_roles.c.guild_id == guild_id,
                member_roles.c.user_id == user_id,
                member_roles.c.role_id == role_id,
            )
        )
        return msgspec.structs.replace(member, role_ids=tuple(i for i in member.role_ids if i != role_id))

    async def remove(self, guild_id: int, user_id: int) -> Member:
        member = await self._fetch(guild_id, user_id)
        await self._db.execute(delete(members).where(members.c.guild_id == guild_id, members.c.user_id == user_id))
        await self._count(guild_id, -1)
        if member.timeout_until_ms:
            kept = {"guild_id": guild_id, "user_id": user_id, "until_ms": member.timeout_until_ms}
            await self._db.execute(insert(left_timeouts), kept)
        return member

    async def _take_timeout(self, guild_id: int, user_id: int, *, now_ms: int) -> int:
        """Return the end of the timeout of a user who comes back, 0 without one."""
        kept = and_(left_timeouts.c.guild_id == guild_id, left_timeouts.c.user_id == user_id)
        row = await self._db.fetch_one(select(left_timeouts.c.until_ms).where(kept))
        if row is None:
            return 0
        await self._db.execute(delete(left_timeouts).where(kept))
        until_ms: int = row[0]
        return until_ms if until_ms > now_ms else 0

    async def _count(self, guild_id: int, change: int) -> None:
        counted = {"member_count": guilds.c.member_count + change}
        await self._db.execute(update(guilds).where(guilds.c.id == guild_id).values(counted))

    async def _fetch(self, guild_id: int, user_id: int) -> Member:
        member = await self.find(guild_id, user_id)
        if member is None:
            raise UnknownMember
        return member

    async def _list(self, statement: Select[Any]) -> list[Member]:
        rows = await self._db.fetch_all(statement.order_by(members.c.user_id))
        return [member_from_row(row) for row in rows]

    async def _add_roles(self, guild_id: int, user_id: int, role_ids: Collection[int]) -> None:
        if role_ids:
            rows = [{"guild_id": guild_id, "user_id": user_id, "role_id": role_id} for role_id in role_ids]
            await self._db.execute(insert(member_roles), rows)


def _sorted(role_ids: Collection[int]) -> tuple[int, ...]:
    return tuple(sorted(set(role_ids)))
