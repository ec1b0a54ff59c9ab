"""The reading, editing and deletion of messages. Their addition, the hot path, is in message_batch.py."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, delete, select, tuple_, update

from core.domain.errors import UnknownMessage
from core.domain.ids import MAX_SNOWFLAKE, bucket_of, snowflake_at
from core.domain.message import AddedMessage, Message
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.message_batch import MESSAGE, MessageBatch, MessageInserter
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables import channels, last_messages, messages
from core.store.sql.writing.writer import Writer
from core.wire.envelope import Envelope

# Ids grow with their buckets, so ordering by both is ordering by id, and it is the order of the primary key.
_PLACE = tuple_(messages.c.bucket, messages.c.id)
_BOUND = tuple_(bindparam("bucket", type_=Integer), bindparam("bound", type_=BigInteger))
_IN_CHANNEL = select(*MESSAGE.columns).where(messages.c.channel_id == bindparam("channel_id"))
_LIMIT = bindparam("limit", type_=Integer)
_FIND = Query(_IN_CHANNEL.where(messages.c.bucket == bindparam("bucket"), messages.c.id == bindparam("message_id")))
_OLDER = Query(
    _IN_CHANNEL.where(_PLACE < _BOUND).order_by(messages.c.bucket.desc(), messages.c.id.desc()).limit(_LIMIT)
)
_NEWER = Query(_IN_CHANNEL.where(_PLACE > _BOUND).order_by(messages.c.bucket, messages.c.id).limit(_LIMIT))
# Messages of a deleted channel are unreachable, so their rows need not be deleted.
_BY_AUTHOR = Query(
    select(messages.c.channel_id, messages.c.id)
    .join(channels, channels.c.id == messages.c.channel_id)
    .where(
        messages.c.author_id == bindparam("author_id"),
        messages.c.guild_id == bindparam("guild_id"),
        messages.c.id >= bindparam("first_id"),
    )
    .order_by(messages.c.id)
)


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


class SqlMessages:
    """The `MessageStore` on SQL."""

    __slots__ = ("_inserter", "_reads", "_writer")

    def __init__(self, *, reads: Executor, writer: Writer, inserter: MessageInserter) -> None:
        self._reads = reads
        self._writer = writer
        self._inserter = inserter

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Store a message once per nonce. The place in the queue is taken before the first await."""
        batch = self._writer.last_queued
        if not isinstance(batch, MessageBatch):
            batch = MessageBatch(self._inserter)
            self._writer.add(batch)
        return await batch.add(message, envelopes)

    async def find(self, channel_id: int, message_id: int) -> Message | None:
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

    async def update(
        self,
        channel_id: int,
        message_id: int,
        changes: Changes,
        *,
        expected_version: int,
        envelopes: Sequence[Envelope],
    ) -> Message | None:
        values = {**changes, "version": expected_version + 1}

        async def work(db: Executor) -> tuple[Message | None, Sequence[Envelope]]:
            is_message = _is_message(channel_id, message_id)
            statement = update(messages).where(is_message, messages.c.version == expected_version).values(values)
            row = await db.fetch_one(statement.returning(*MESSAGE.columns))
            if row is not None:
                return MESSAGE.entity(row), envelopes
            if await db.fetch_one(select(messages.c.id).where(is_message)) is None:
                raise UnknownMessage
            return None, ()

        return await self._writer.run_errand(work)

    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        buckets = {bucket_of(message_id) for message_id in message_ids}

        async def work(db: Executor) -> tuple[list[int], Sequence[Envelope]]:
            statement = delete(messages).where(
                messages.c.channel_id == channel_id,
                messages.c.bucket.in_(list(buckets)),
                messages.c.id.in_(list(message_ids)),
            )
            gone = sorted(row[0] for row in await db.fetch_all(statement.returning(messages.c.id)))
            return gone, envelopes if gone else ()

        return await self._writer.run_errand(work) if message_ids else []

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        rows = await self._reads.query(
            _BY_AUTHOR, guild_id=guild_id, author_id=author_id, first_id=snowflake_at(since_ms)
        )
        return [(row[0], row[1]) for row in rows]

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        wanted = list(channel_ids)
        for start in range(0, len(wanted), _CHANNELS_AT_ONCE):
            some = wanted[start : start + _CHANNELS_AT_ONCE]
            asked = next(each for each in _LAST_IDS if each.places.size >= len(some))
            rows = await self._reads.query(asked.query, **asked.places.bind(some))
            found.update((row[0], row[1]) for row in rows)
        return found


def _is_message(channel_id: int, message_id: int) -> ColumnElement[bool]:
    return and_(
        messages.c.channel_id == channel_id,
        messages.c.bucket == bucket_of(message_id),
        messages.c.id == message_id,
    )


def _bounds(channel_id: int, bound: int, limit: int) -> dict[str, int]:
    return {"channel_id": channel_id, "bucket": bucket_of(bound), "bound": bound, "limit": limit}
