"""The query of how many mentions wait for a person in each channel. Which there were is asked in `listed_mentions`.

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
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CTE, Select

from core.domain.ids import EPOCH_MS
from core.domain.messages.read_state import MOST_WAITING
from core.domain.people.relationship import RelationshipType
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.channels import channels, recipients
from core.store.sql.schema.tables.members import member_roles, members
from core.store.sql.schema.tables.read_states import mentions, read_states
from core.store.sql.schema.tables.relationships import relationships

_PER_MS: Final = 1 << 22
"""The snowflakes of a millisecond."""

USER: Final = bindparam("user_id", type_=BigInteger)

_BLOCKED: Final = select(relationships.c.other_id).where(
    relationships.c.user_id == USER, relationships.c.type == int(RelationshipType.BLOCKED)
)
_OF_USER: Final = members.c.user_id == USER
_HOLDS_ROLE: Final = and_(member_roles.c.guild_id == members.c.guild_id, member_roles.c.user_id == members.c.user_id)
JOINED: Final = and_(members.c.guild_id == mentions.c.guild_id, _OF_USER)
IS_SINCE_JOINED: Final = mentions.c.message_id >= (members.c.joined_ms - EPOCH_MS) * _PER_MS
CONCERNS: Final = (mentions.c.author_id != USER, mentions.c.author_id.not_in(_BLOCKED))

OWN_GUILDS: Final = select(members.c.guild_id.label("target_id")).where(_OF_USER)
OWN_ROLES: Final = select(member_roles.c.role_id).select_from(members.join(member_roles, _HOLDS_ROLE)).where(_OF_USER)
_OWN_DIRECTS: Final = select(recipients.c.channel_id).where(recipients.c.user_id == USER)


def _pairs_in(is_channel: ColumnElement[bool]) -> CTE:
    """Return the person's targets in some channels, each with the channel."""
    role_there = and_(member_roles.c.guild_id == channels.c.guild_id, member_roles.c.user_id == USER)
    guild_there = and_(members.c.guild_id == channels.c.guild_id, _OF_USER)
    direct = and_(recipients.c.channel_id == channels.c.id, recipients.c.user_id == USER)
    channel_id = channels.c.id.label("channel_id")
    return union_all(
        select(USER.label("target_id"), channel_id).where(is_channel),
        select(member_roles.c.role_id, channel_id)
        .select_from(channels.join(member_roles, role_there))
        .where(is_channel),
        select(members.c.guild_id, channel_id).select_from(channels.join(members, guild_there)).where(is_channel),
        select(channels.c.id, channel_id).select_from(channels.join(recipients, direct)).where(is_channel),
    ).cte("pairs")


def list_pairs(*others: Select[Any]) -> CTE:
    """Return the person and other targets, each with the channels in which it is mentioned.

    The last row of each target has no channel.
    """
    targets = union_all(select(USER.label("target_id")), *others).cte("targets")
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
    is_theirs = or_(mentions.c.target_id == mentions.c.channel_id, IS_SINCE_JOINED)
    return (
        select(mentions.c.channel_id, func.count(mentions.c.message_id.distinct()))
        .select_from(above.join(mentions, waits).outerjoin(members, JOINED))
        .where(is_theirs, *CONCERNS, mentions.c.is_ping)
        .group_by(mentions.c.channel_id)
    )


def _floors(pairs: CTE) -> CTE:
    """Return the pairs, each with the message after which its mentions are counted.

    They are made first: PostgreSQL would look for the floor at each mention.
    """
    is_place = and_(read_states.c.user_id == USER, read_states.c.channel_id == pairs.c.channel_id)
    place = func.coalesce(read_states.c.counted_id, 0)
    is_after = (mentions.c.target_id == pairs.c.target_id, mentions.c.channel_id == pairs.c.channel_id)
    bound = select(mentions.c.message_id).where(*is_after, mentions.c.message_id > place)
    bound = bound.order_by(mentions.c.message_id.desc()).limit(1).offset(MOST_WAITING)
    floor = func.coalesce(bound.correlate(pairs, read_states).scalar_subquery(), place)
    placed = select(pairs.c.target_id, pairs.c.channel_id, floor.label("floor_id"))
    return placed.select_from(pairs.outerjoin(read_states, is_place)).cte("floors").prefix_with("MATERIALIZED")


WAITING: Final = Query(_count(list_pairs(OWN_GUILDS, OWN_ROLES, _OWN_DIRECTS)))
"""The messages that wait for the user, by channel."""


class WaitingIn:
    """The same in up to so many channels. Those that are gone have none."""

    __slots__ = ("places", "query")

    def __init__(self, size: int) -> None:
        self.places = Places("channel", size)
        self.query = Query(_count(_pairs_in(channels.c.id.in_(self.places.parameters))))


WAITING_IN: Final = [WaitingIn(size) for size in (1, 100)]
"""One channel is what a client acks, a hundred are a bulk."""
