"""Logins with all data that a session begins with, many in one trip.

After a restart all clients log in at once. Each login alone would be half a dozen small reads, each with a trip to the
driver's thread, and the trips cost more than the reads. So a call reads any number of logins with the same handful of
statements, which see one instant.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, func, select

from core.domain.channels.channel import Channel
from core.domain.guilds.member import Member
from core.domain.login import LoginSnapshot
from core.domain.people.user import User
from core.store.sql.aggregates.applications import APPLICATION
from core.store.sql.aggregates.channels.channels import CHANNEL
from core.store.sql.aggregates.guilds.member_rows import OWN_MEMBER_COLUMNS, member_of_user
from core.store.sql.aggregates.people.relationships import RELATIONSHIP
from core.store.sql.aggregates.people.users import ACCOUNT_COLUMNS, SESSION, USER, account_from_row
from core.store.sql.engine.connection import Asked, Executor
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query, Rows
from core.store.sql.schema.tables.applications import applications
from core.store.sql.schema.tables.channels import channels, recipients
from core.store.sql.schema.tables.logs import log, log_heads
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.relationships import relationships
from core.store.sql.schema.tables.users import auth_sessions, users

_SIZES: Final = (1, 8, 64)
"""The numbers of tokens in a statement: one for a quiet time, and enough to share a trip's cost in a storm."""

_ACCOUNT_AT: Final = len(SESSION.columns)
_RELATED_AT: Final = len(RELATIONSHIP.columns)
_APPLICATION_AT: Final = _ACCOUNT_AT + len(ACCOUNT_COLUMNS)


class LoginQueries:
    """The statements for one number of tokens."""

    def __init__(self, size: int) -> None:
        self.places = Places("token_hash", size)
        has_token = auth_sessions.c.token_hash.in_(self.places.parameters)
        user_ids = select(auth_sessions.c.user_id).where(has_token)
        # Bots have private channels without end, and are shown none.
        people = select(auth_sessions.c.user_id).join(users, users.c.id == auth_sessions.c.user_id)
        of_people = recipients.c.user_id.in_(people.where(has_token, users.c.bot.is_(False)))
        others = recipients.alias("others")
        self.logins = Query(
            select(*SESSION.columns, *ACCOUNT_COLUMNS, *APPLICATION.columns)
            .select_from(auth_sessions)
            .join(users, users.c.id == auth_sessions.c.user_id)
            .outerjoin(applications, and_(applications.c.bot_id == users.c.id, users.c.bot))
            .where(has_token)
        )
        self.memberships = Query(select(members.c.user_id, *OWN_MEMBER_COLUMNS).where(members.c.user_id.in_(user_ids)))
        self.channels = Query(
            select(recipients.c.user_id, *CHANNEL.columns)
            .join(channels, channels.c.id == recipients.c.channel_id)
            .where(of_people)
        )
        self.recipients = Query(
            select(*USER.columns)
            .select_from(recipients)
            .join(others, others.c.channel_id == recipients.c.channel_id)
            .join(users, users.c.id == others.c.user_id)
            .where(of_people)
        )
        self.relationships = Query(
            select(*RELATIONSHIP.columns, *USER.columns)
            .join(users, users.c.id == relationships.c.other_id)
            .where(relationships.c.user_id.in_(user_ids))
        )

    @property
    def all(self) -> list[Query]:
        """The statements in the order of `_assemble`. None sorts: the rows of many users come at once."""
        return [self.logins, self.memberships, self.channels, self.recipients, self.relationships]

    def asked(self, token_hashes: Sequence[bytes]) -> list[Asked]:
        """Return all statements, bound to these tokens."""
        bound = self.places.bind(token_hashes)
        return [(query, bound) for query in self.all]


_HEADS: Final = Query(select(log_heads.c.shard, log_heads.c.n))
"""The revisions of a cluster's shards. An embedded database has no heads, but a log."""
_NEWEST: Final = Query(select(func.max(log.c.position)))

_QUERIES: Final = [LoginQueries(size) for size in _SIZES]


class SqlLogins:
    """The `LoginReader` on SQL."""

    __slots__ = ("_db",)

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def find_many(self, token_hashes: Collection[bytes]) -> dict[bytes, LoginSnapshot]:
        wanted = list(dict.fromkeys(token_hashes))
        found: dict[bytes, LoginSnapshot] = {}
        for start in range(0, len(wanted), _SIZES[-1]):
            some = wanted[start : start + _SIZES[-1]]
            queries = next(each for each in _QUERIES if each.places.size >= len(some))
            found.update(_assemble(*await self._db.query_together(*queries.asked(some))))
        return found

    async def fetch_revisions(self) -> Mapping[int, int]:
        heads, ((newest,),) = await self._db.query_together((_HEADS, {}), (_NEWEST, {}))
        # All shards of an embedded log have one counter, so one of them may stand for all.
        return {row[0]: row[1] for row in heads} if heads else {0: newest or 0}


def _assemble(
    logins: Rows, memberships: Rows, direct: Rows, recipients_: Rows, related: Rows
) -> dict[bytes, LoginSnapshot]:
    guilds_of, channels_of, sides_of = _by_user(memberships), _by_user(direct), _by_user(related)
    known = {row[0]: USER.entity(row) for row in recipients_}
    snapshots = [_snapshot(row, guilds_of, channels_of, sides_of, known) for row in logins]
    return {snapshot.auth.token_hash: snapshot for snapshot in snapshots}


def _snapshot(
    row: Sequence[Any],
    guilds_of: dict[int, Rows],
    channels_of: dict[int, Rows],
    sides_of: dict[int, Rows],
    known: dict[int, User],
) -> LoginSnapshot:
    auth = SESSION.entity(row)
    account = account_from_row(row, _ACCOUNT_AT)
    user = account.user
    has_application = row[_APPLICATION_AT] is not None
    direct = [CHANNEL.entity(each, 1) for each in channels_of.get(user.id, ())]
    direct = [channel for channel in direct if user.id not in channel.closed_for]
    direct.sort(key=lambda channel: channel.id)
    sides = sorted(sides_of.get(user.id, ()), key=lambda side: side[1])
    return LoginSnapshot(
        auth=auth,
        account=account,
        application=APPLICATION.entity(row, _APPLICATION_AT) if has_application else None,
        memberships=_members(user, guilds_of.get(user.id, ())),
        direct_channels=tuple(direct),
        direct_users=_recipients(user.id, direct, known) if direct else {},
        relationships=tuple(RELATIONSHIP.entity(side) for side in sides),
        related_users={side[1]: USER.entity(side, _RELATED_AT) for side in sides},
    )


def _members(user: User, rows: Iterable[Sequence[Any]]) -> tuple[Member, ...]:
    memberships = [member_of_user(user, row, 1) for row in rows]
    memberships.sort(key=lambda member: member.guild_id)
    return tuple(memberships)


def _recipients(user_id: int, direct: Sequence[Channel], known: dict[int, User]) -> dict[int, User]:
    others = {each for channel in direct for each in channel.recipient_ids if each != user_id}
    return {each: known[each] for each in others if each in known}


def _by_user(rows: Rows) -> dict[int, Rows]:
    """Group rows by their first column."""
    found: dict[int, Rows] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found
