"""The reading of messages, and the statements about their rows that stores share.

A row whose version is `GONE` is a tombstone, which no read shows. Only clusters write such rows (message_rows.py).
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, func, select, tuple_

from core.domain.ids import MAX_SNOWFLAKE, bucket_of
from core.domain.messages.message import Message
from core.store.sql.aggregates.messages.message_batch import MESSAGE
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.messages import GONE, last_messages, messages

# Ids grow with their buckets, so ordering by both is ordering by id, and it is the order of the primary key.
_PLACE = tuple_(messages.c.bucket, messages.c.id)
_BOUND = tuple_(bindparam("bucket", type_=Integer), bindparam("bound", type_=BigInteger))
_IN_CHANNEL = select(*MESSAGE.columns).where(
    messages.c.channel_id == bindparam("channel_id"), messages.c.version > GONE
)
_LIMIT = bindparam("limit", type_=Integer)
_FIND = Query(_IN_CHANNEL.where(messages.c.bucket == bindparam("bucket"), messages.c.id == bindparam("message_id")))
_OLDER = Query(
    _IN_CHANNEL.where(_PLACE < _BOUND).order_by(messages.c.bucket.desc(), messages.c.id.desc()).limit(_LIMIT)
)
_NEWER = Query(_IN_CHANNEL.where(_PLACE > _BOUND).order_by(messages.c.bucket, messages.c.id).limit(_LIMIT))

_FIRST = (
    select(func.min(messages.c.channel_id).label("channel_id"))
    .where(messages.c.channel_id > bindparam("after", type_=BigInteger))
    .cte("found", recursive=True)
)
_AFTER = select(func.min(messages.c.channel_id)).where(messages.c.channel_id > _FIRST.c.channel_id).scalar_subquery()
_FOUND = _FIRST.union_all(select(_AFTER).where(_FIRST.c.channel_id.is_not(None)))
# From channel to channel along the primary key: the messages of a channel are passed over, not read.
_CHANNELS = Query(select(_FOUND.c.channel_id).where(_FOUND.c.channel_id.is_not(None)).limit(_LIMIT))


class _LastIds:
    """The statement for one number of channels."""

    __slots__ = ("places", "query")

    def __init__(self, size: int) -> None:
        self.places = Places("channel_id", size)
        is_wanted = last_messages.c.channel_id.in_(self.places.parameters)
        self.query = Query(select(last_messages.c.channel_id, last_messages.c.message_id).where(is_wanted))


_LAST_IDS: Final = [_LastIds(size) for size in (1, 8, 32, 128, 512)]
"""The sizes suit one channel, a user's direct channels, and the channels of a guild, of which 500 are allowed."""
_CHANNELS_AT_ONCE: Final = _LAST_IDS[-1].places.size


class MessageReads:
    """The reads of `MessageStore` and of `MessageRows`, which are the same but for one."""

    __slots__ = ("_reads",)

    def __init__(self, reads: Executor) -> None:
        self._reads = reads

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        """Return one message, or None."""
        rows = await self._reads.query(
            _FIND, channel_id=channel_id, bucket=bucket_of(message_id), message_id=message_id
        )
        return MESSAGE.entity(rows[0]) if rows else None

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        """Return messages, newest first. `after` selects the oldest `limit` above it. At most one bound is set."""
        if around is not None:
            newer, older = await self._reads.query_together(
                (_NEWER, _bounds(channel_id, around, limit // 2)),
                (_OLDER, _bounds(channel_id, min(around + 1, MAX_SNOWFLAKE), limit - limit // 2)),
            )
            rows = newer[::-1] + older
        elif after is not None:
            rows = (await self._reads.query(_NEWER, **_bounds(channel_id, after, limit)))[::-1]
        else:
            bound = MAX_SNOWFLAKE if before is None else before
            rows = await self._reads.query(_OLDER, **_bounds(channel_id, bound, limit))
        return [MESSAGE.entity(row) for row in rows]

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        """Return the newest message id ever sent in each channel; channels without messages are absent."""
        found: dict[int, int] = {}
        wanted = list(channel_ids)
        for start in range(0, len(wanted), _CHANNELS_AT_ONCE):
            some = wanted[start : start + _CHANNELS_AT_ONCE]
            asked = next(each for each in _LAST_IDS if each.places.size >= len(some))
            rows = await self._reads.query(asked.query, **asked.places.bind(some))
            found.update((row[0], row[1]) for row in rows)
        return found

    async def list_channels(self, *, after: int | None, limit: int) -> list[int]:
        """Return ids of channels that have messages, as `MessageStore.list_channels` says."""
        rows = await self._reads.query(_CHANNELS, after=-1 if after is None else after, limit=limit)
        return [row[0] for row in rows]


def is_message(channel_id: int, message_id: int) -> ColumnElement[bool]:
    """Return the condition for one message's row, tombstone or not."""
    return and_(
        messages.c.channel_id == channel_id,
        messages.c.bucket == bucket_of(message_id),
        messages.c.id == message_id,
    )


def are_messages(channel_id: int, message_ids: Collection[int]) -> ColumnElement[bool]:
    """Return the condition for the rows of several messages of a channel."""
    return and_(
        messages.c.channel_id == channel_id,
        messages.c.bucket.in_({bucket_of(message_id) for message_id in message_ids}),
        messages.c.id.in_(list(message_ids)),
    )


def _bounds(channel_id: int, bound: int, limit: int) -> dict[str, int]:
    return {"channel_id": channel_id, "bucket": bucket_of(bound), "bound": bound, "limit": limit}
