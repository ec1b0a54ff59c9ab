"""The queries of which messages mention a person, the newest first, in windows that cost what the person may see.

A message names any of the person's *targets* (the person, guilds, roles), and the mentions of a target in a channel lie
together, in the order of the messages. So there may be thousands of such pairs, each with thousands of mentions. Of a
page of `limit`, only the `limit` pairs with the newest mentions can be part, and of each only the newest `limit`:

    pairs (by leaps, as `waiting_mentions`) ─→ newest of each, one look ─→ the `limit` + 1 newest ─→ `limit` of each

All mentions from the *reached* id on are among these: not older than the newest of the last pair, which stands for all
that were not looked at, and not older than the oldest that was read of each pair of which there are more. These are the
window. Some of it may not be the person's to see, by a block, a dismissal, or from before they joined; what is older is
another window. A message that names several targets is in several pairs, and is seen by all of them or by none.

So a window costs two rows a pair and (limit + 1)² more at most, whatever there is, and gets further by one message at
least, usually by `limit`.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, case, func, literal, or_, select, union_all
from sqlalchemy.sql.selectable import CTE, ScalarSelect, Select

from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.members import members
from core.store.sql.schema.tables.read_states import dismissed_mentions, mentions
from core.store.sql.unread.waiting_mentions import (
    CONCERNS,
    IS_SINCE_JOINED,
    JOINED,
    OWN_GUILDS,
    OWN_ROLES,
    USER,
    list_pairs,
)

_BEFORE: Final = bindparam("before_id", type_=BigInteger)
_GUILD: Final = bindparam("guild_id", type_=BigInteger)
_LIMIT: Final = bindparam("limit", type_=Integer)


def _find_in(pairs: CTE, offset: ColumnElement[int]) -> ScalarSelect[Any]:
    """Return the newest mention of a pair before `before_id`, but for so many, or NULL."""
    there = mentions.alias("there")
    is_there = there.c.target_id == pairs.c.target_id, there.c.channel_id == pairs.c.channel_id
    found = select(there.c.message_id).where(*is_there, there.c.message_id < _BEFORE)
    return found.order_by(there.c.message_id.desc()).limit(1).offset(offset).correlate(pairs).scalar_subquery()


def _choose(pairs: CTE) -> CTE:
    """Return the pairs with the newest mentions, one more than `limit`, each with the mention after which it is read.

    Each step is made as a whole before the next one, or the pairs' looks would be made again and again.
    """
    looked = select(pairs, _find_in(pairs, literal(0)).label("newest_id")).where(pairs.c.channel_id.is_not(None))
    newest = looked.cte("newest").prefix_with("MATERIALIZED")
    # All mentions of a channel have its guild, so the newest one tells it of the pair.
    is_newest = and_(_is_in(newest), mentions.c.message_id == newest.c.newest_id)
    wanted = select(newest).select_from(newest.join(mentions, is_newest))
    wanted = wanted.where(or_(_GUILD == 0, mentions.c.guild_id == _GUILD))
    tops = wanted.order_by(newest.c.newest_id.desc()).limit(_LIMIT + 1).cte("tops").prefix_with("MATERIALIZED")
    floor = func.coalesce(_find_in(tops, _LIMIT), 0).label("floor_id")
    return select(tops, floor).cte("floors").prefix_with("MATERIALIZED")


def _is_in(pairs: CTE) -> ColumnElement[bool]:
    return and_(mentions.c.target_id == pairs.c.target_id, mentions.c.channel_id == pairs.c.channel_id)


def _listed(*others: Select[Any]) -> Query:
    floors = _choose(list_pairs(*others))
    floor = func.coalesce(func.max(floors.c.floor_id), 0)
    rest = case((func.count() > _LIMIT, func.min(floors.c.newest_id)), else_=0)
    reached = select(case((floor > rest, floor), else_=rest).label("id")).select_from(floors).cte("reached")
    reached_id = select(reached.c.id).scalar_subquery()
    is_in_window = and_(_is_in(floors), mentions.c.message_id >= reached_id, mentions.c.message_id < _BEFORE)
    is_dismissed = select(literal(1)).where(
        dismissed_mentions.c.user_id == USER, dismissed_mentions.c.message_id == mentions.c.message_id
    )
    window = (
        select(mentions.c.channel_id, mentions.c.message_id)
        .distinct()
        .select_from(floors.join(mentions, is_in_window).outerjoin(members, JOINED))
        .where(*CONCERNS, or_(mentions.c.guild_id == 0, IS_SINCE_JOINED), ~is_dismissed.exists())
        .order_by(mentions.c.message_id.desc())
        .limit(_LIMIT)
        .subquery()
    )
    told = union_all(select(window), select(literal(0, BigInteger), reached.c.id)).subquery()
    return Query(select(told))


LISTED: Final = {
    (True, True): _listed(OWN_GUILDS, OWN_ROLES),
    (True, False): _listed(OWN_ROLES),
    (False, True): _listed(OWN_GUILDS),
    (False, False): _listed(),
}
"""The newest mentions before `before_id`, in no order, keyed by whether those of roles, and of everyone, are among
them; and a row of the channel 0 with the id that was reached, 0 at the end."""
