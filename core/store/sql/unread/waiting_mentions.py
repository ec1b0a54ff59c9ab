"""The queries of mentions: how many wait for a person in each channel, and which there were.

Whom a message concerns is decided when it is read, by its targets and the person's memberships, roles and direct
channels as they are then, and without those whose author the person has blocked. The rows of a target lie together in
the primary key, and the person's places say which of them wait.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, func, literal, or_, select, union, union_all
from sqlalchemy.sql.selectable import CompoundSelect, FromClause, Select

from core.domain.ids import EPOCH_MS
from core.domain.people.relationship import RelationshipType
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.channels import recipients
from core.store.sql.schema.tables.members import member_roles, members
from core.store.sql.schema.tables.read_states import dismissed_mentions, mentions, read_states
from core.store.sql.schema.tables.relationships import relationships

_PER_MS: Final = 1 << 22
"""The snowflakes of a millisecond."""

_USER: Final = bindparam("user_id", type_=BigInteger)
_AFTER: Final = bindparam("after_id", type_=BigInteger)

_BLOCKED: Final = select(relationships.c.other_id).where(
    relationships.c.user_id == _USER, relationships.c.type == int(RelationshipType.BLOCKED)
)
_OF_USER: Final = members.c.user_id == _USER
_HOLDS_ROLE: Final = and_(member_roles.c.guild_id == members.c.guild_id, member_roles.c.user_id == members.c.user_id)
_JOINED: Final = and_(members.c.guild_id == mentions.c.guild_id, _OF_USER)
_IS_SINCE_JOINED: Final = mentions.c.message_id >= (members.c.joined_ms - EPOCH_MS) * _PER_MS
_PLACE: Final = and_(read_states.c.user_id == _USER, read_states.c.channel_id == mentions.c.channel_id)
_CONCERNS: Final = (mentions.c.author_id != _USER, mentions.c.author_id.not_in(_BLOCKED))


def _waiting(named: FromClause, *where: ColumnElement[bool]) -> Select[Any]:
    """Return the messages that wait among those which `named` joins to the user's targets."""
    waits = (mentions.c.message_id > _AFTER, mentions.c.message_id > func.coalesce(read_states.c.counted_id, 0))
    found = select(mentions.c.channel_id, mentions.c.message_id).select_from(named.outerjoin(read_states, _PLACE))
    return found.where(*where, *waits, *_CONCERNS, mentions.c.is_ping)


_WAITING: Final = union(
    _waiting(mentions.join(members, _JOINED), mentions.c.target_id == _USER, _IS_SINCE_JOINED),
    _waiting(
        members.join(member_roles, _HOLDS_ROLE).join(
            mentions, and_(mentions.c.target_id == member_roles.c.role_id, _IS_SINCE_JOINED)
        ),
        _OF_USER,
    ),
    _waiting(members.join(mentions, and_(mentions.c.target_id == members.c.guild_id, _IS_SINCE_JOINED)), _OF_USER),
    _waiting(recipients.join(mentions, mentions.c.target_id == recipients.c.channel_id), recipients.c.user_id == _USER),
).subquery()
"""What names the user, a role, a guild or a direct channel of the user. Each part begins with the targets, which are
few, and takes a message that names several once."""

COUNTS: Final = Query(select(_WAITING.c.channel_id, func.count()).group_by(_WAITING.c.channel_id))
"""The messages after `after_id` that wait for the user, by channel."""

_OWN_GUILDS: Final = select(members.c.guild_id).where(_OF_USER)
_OWN_ROLES: Final = select(member_roles.c.role_id).select_from(members.join(member_roles, _HOLDS_ROLE)).where(_OF_USER)


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
