"""The queries of mentions: how many wait for a person in each channel, and which there were.

Whom a message concerns is decided when it is read, by its targets and the person's memberships, roles and direct
channels as they are then, and without those whose author the person has blocked. The mentions of a target in a channel
lie together in the primary key, in the order of the messages:

    (target, channel) pairs of the person ──→ floor of each ──→ its mentions above the floor ──→ count by channel
                                                    │
               the person's place, or the newest mention but `MOST_WAITING` if that is later

So a count costs one look for each pair, and no more than `MOST_WAITING` rows of it, whatever waits. The pairs of one
channel follow from the person's targets there. Those of all channels are found by leaps: from one channel of a target
to the next one.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CTE, CompoundSelect, Select

from core.domain.ids import EPOCH_MS
from core.domain.messages.read_state import MOST_WAITING
from core.domain.people.relationship import RelationshipType
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.channels import channels, recipients
from core.store.sql.schema.tables.members import member_roles, members
from core.store.sql.schema.tables.read_states import dismissed_mentions, mentions, read_states
from core.store.sql.schema.tables.relationships import relationships

_PER_MS: Final = 1 << 22
"""The snowflakes of a millisecond."""

_USER: Final = bindparam("user_id", type_=BigInteger)

_BLOCKED: Final = select(relationships.c.other_id).where(
    relationships.c.user_id == _USER, relationships.c.type == int(RelationshipType.BLOCKED)
)
_OF_USER: Final = members.c.user_id == _USER
_HOLDS_ROLE: Final = and_(member_roles.c.guild_id == members.c.guild_id, member_roles.c.user_id == members.c.user_id)
_JOINED: Final = and_(members.c.guild_id == mentions.c.guild_id, _OF_USER)
_IS_SINCE_JOINED: Final = mentions.c.message_id >= (members.c.joined_ms - EPOCH_MS) * _PER_MS
_CONCERNS: Final = (mentions.c.author_id != _USER, mentions.c.author_id.not_in(_BLOCKED))

_OWN_GUILDS: Final = select(members.c.guild_id.label("target_id")).where(_OF_USER)
_OWN_ROLES: Final = select(member_roles.c.role_id).select_from(members.join(member_roles, _HOLDS_ROLE)).where(_OF_USER)
_OWN_DIRECTS: Final = select(recipients.c.channel_id).where(recipients.c.user_id == _USER)


def _pairs_in(is_channel: ColumnElement[bool]) -> CTE:
    """Return the person's targets in some channels, each with the channel."""
    role_there = and_(member_roles.c.guild_id == channels.c.guild_id, member_roles.c.user_id == _USER)
    guild_there = and_(members.c.guild_id == channels.c.guild_id, _OF_USER)
    direct = and_(recipients.c.channel_id == channels.c.id, recipients.c.user_id == _USER)
    channel_id = channels.c.id.label("channel_id")
    return union_all(
        select(_USER.label("target_id"), channel_id).where(is_channel),
        select(member_roles.c.role_id, channel_id)
        .select_from(channels.join(member_roles, role_there))
        .where(is_channel),
        select(members.c.guild_id, channel_id).select_from(channels.join(members, guild_there)).where(is_channel),
        select(channels.c.id, channel_id).select_from(channels.join(recipients, direct)).where(is_channel),
    ).cte("pairs")


def _all_pairs() -> CTE:
    """Return the person's targets, each with the channels in which it is mentioned. Its last row has no channel."""
    targets = union_all(select(_USER.label("target_id")), _OWN_GUILDS, _OWN_ROLES, _OWN_DIRECTS).cte("targets")
    first = select(targets.c.target_id, _next_channel(targets.c.target_id, literal(0, BigInteger)).label("channel_id"))
    pairs = first.cte("pairs", recursive=True)
    more = select(pairs.c.target_id, _next_channel(pairs.c.target_id, pairs.c.channel_id))
    return pairs.union_all(more.where(pairs.c.channel_id.is_not(None)))


def _next_channel(target_id: ColumnElement[int], after: ColumnElement[int]) -> ColumnElement[int]:
    """Return the next channel in which a target is mentioned, or NULL."""
    there = mentions.alias("there")
    found = select(there.c.channel_id).where(there.c.target_id == target_id, there.c.channel_id > after)
    return found.order_by(there.c.channel_id).limit(1).scalar_subquery()


def _count(pairs: CTE) -> Select[Any]:
    """Count the messages that wait by channel; one that names several of the person's targets counts once."""
    above = _floors(pairs)
    waits = and_(
        mentions.c.target_id == above.c.target_id,
        mentions.c.channel_id == above.c.channel_id,
        mentions.c.message_id > above.c.floor_id,
    )
    # What names a person in a direct channel counts as a message of that channel.
    is_theirs = or_(mentions.c.target_id == mentions.c.channel_id, _IS_SINCE_JOINED)
    return (
        select(mentions.c.channel_id, func.count(mentions.c.message_id.distinct()))
        .select_from(above.join(mentions, waits).outerjoin(members, _JOINED))
        .where(is_theirs, *_CONCERNS, mentions.c.is_ping)
        .group_by(mentions.c.channel_id)
    )


def _floors(pairs: CTE) -> CTE:
    """Return the pairs, each with the message after which its mentions are counted.

    They are made first: PostgreSQL would look for the floor at each mention.
    """
    is_place = and_(read_states.c.user_id == _USER, read_states.c.channel_id == pairs.c.channel_id)
    place = func.coalesce(read_states.c.counted_id, 0)
    is_after = (mentions.c.target_id == pairs.c.target_id, mentions.c.channel_id == pairs.c.channel_id)
    bound = select(mentions.c.message_id).where(*is_after, mentions.c.message_id > place)
    bound = bound.order_by(mentions.c.message_id.desc()).limit(1).offset(MOST_WAITING)
    floor = func.coalesce(bound.correlate(pairs, read_states).scalar_subquery(), place)
    placed = select(pairs.c.target_id, pairs.c.channel_id, floor.label("floor_id"))
    return placed.select_from(pairs.outerjoin(read_states, is_place)).cte("floors").prefix_with("MATERIALIZED")


WAITING: Final = Query(_count(_all_pairs()))
"""The messages that wait for the user, by channel."""


class WaitingIn:
    """The same in up to so many channels. Those that are gone have none."""

    __slots__ = ("places", "query")

    def __init__(self, size: int) -> None:
        self.places = Places("channel", size)
        self.query = Query(_count(_pairs_in(channels.c.id.in_(self.places.parameters))))


WAITING_IN: Final = [WaitingIn(size) for size in (1, 100)]
"""One channel is what a client acks, a hundred are a bulk."""


def _targets(*others: Select[Any]) -> CompoundSelect[Any]:
    return union_all(select(_USER), *others)


def _listed(targets: CompoundSelect[Any] | Select[Any]) -> Query:
    is_dismissed = (
        select(literal(1))
        .where(dismissed_mentions.c.user_id == _USER, dismissed_mentions.c.message_id == mentions.c.message_id)
        .exists()
    )
    guild_id = bindparam("guild_id", type_=BigInteger)
    is_wanted: ColumnElement[bool] = or_(guild_id == 0, mentions.c.guild_id == guild_id)
    return Query(
        select(mentions.c.channel_id, mentions.c.message_id)
        .distinct()
        .select_from(mentions.outerjoin(members, _JOINED))
        .where(
            mentions.c.target_id.in_(targets),
            mentions.c.message_id < bindparam("before_id", type_=BigInteger),
            *_CONCERNS,
            is_wanted,
            or_(mentions.c.guild_id == 0, _IS_SINCE_JOINED),
            ~is_dismissed,
        )
        .order_by(mentions.c.message_id.desc())
        .limit(bindparam("limit", type_=Integer))
    )


LISTED: Final = {
    (True, True): _listed(_targets(_OWN_GUILDS, _OWN_ROLES)),
    (True, False): _listed(_targets(_OWN_ROLES)),
    (False, True): _listed(_targets(_OWN_GUILDS)),
    (False, False): _listed(select(_USER)),
}
"""The newest mentions before `before_id`, keyed by whether those of roles, and of everyone, are among them."""
