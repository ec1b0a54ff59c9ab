"""The queries of read receipts: who may know how far a person has read a direct channel, and how far those have.

Both sides must share receipts, and a block in either direction hides both, so the relation is mutual: whoever may know
of the person is whom the person may know of.
"""

from typing import Final

from sqlalchemy import BigInteger, BindParameter, and_, bindparam, func, or_, select

from core.domain.messages.read_state import MAX_RECEIPT_RECIPIENTS
from core.domain.people.relationship import RelationshipType
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.channels import recipients
from core.store.sql.schema.tables.preferences import user_settings
from core.store.sql.schema.tables.read_states import read_states
from core.store.sql.schema.tables.relationships import relationships

_USER: Final[BindParameter[int]] = bindparam("user_id", type_=BigInteger)
_CHANNEL: Final[BindParameter[int]] = bindparam("channel_id", type_=BigInteger)

_own: Final = user_settings.alias("own_settings")
_all: Final = recipients.alias("all_recipients")

_SHARES: Final = select(_own.c.user_id).where(_own.c.user_id == _USER, _own.c.read_receipts.is_(True)).exists()
_IN_CHANNEL: Final = select(_all.c.user_id).where(_all.c.channel_id == _CHANNEL)
_COUNT: Final = select(func.count()).select_from(_all).where(_all.c.channel_id == _CHANNEL).scalar_subquery()
_BLOCK: Final = (
    select(relationships.c.user_id)
    .where(
        relationships.c.type == int(RelationshipType.BLOCKED),
        or_(
            and_(relationships.c.user_id == _USER, relationships.c.other_id == recipients.c.user_id),
            and_(relationships.c.user_id == recipients.c.user_id, relationships.c.other_id == _USER),
        ),
    )
    .exists()
)
_IS_PEER: Final = (
    recipients.c.channel_id == _CHANNEL,
    recipients.c.user_id != _USER,
    user_settings.c.read_receipts.is_(True),
    _SHARES,
    _IN_CHANNEL.where(_all.c.user_id == _USER).exists(),
    _COUNT <= MAX_RECEIPT_RECIPIENTS,
    ~_BLOCK,
)
_sharing: Final = recipients.join(user_settings, user_settings.c.user_id == recipients.c.user_id)
_IS_PLACE: Final = and_(
    read_states.c.user_id == recipients.c.user_id,
    read_states.c.channel_id == recipients.c.channel_id,
    read_states.c.last_read_id > 0,
)

PEERS: Final = Query(select(recipients.c.user_id).select_from(_sharing).where(*_IS_PEER).order_by(recipients.c.user_id))
"""Those who may know how far the user has read the channel."""

RECEIPTS: Final = Query(
    select(recipients.c.user_id, read_states.c.last_read_id)
    .select_from(_sharing.join(read_states, _IS_PLACE))
    .where(*_IS_PEER)
    .order_by(recipients.c.user_id)
)
"""How far each of them has read it."""
