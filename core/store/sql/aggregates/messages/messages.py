"""The messages of the embedded store. Their addition, the hot path, is in message_batch.py."""

from collections.abc import Collection, Coroutine, Sequence
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from core.domain.errors import UnknownMessage
from core.domain.ids import snowflake_at
from core.domain.messages.message import AddedMessage, Message
from core.domain.messages.read_state import TARGET_FIELDS
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.messages.message_batch import MESSAGE, MessageBatch, MessageInserter
from core.store.sql.aggregates.messages.message_reads import MessageReads, are_messages, is_message
from core.store.sql.aggregates.messages.reactions import delete_reactions
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.channels import channels
from core.store.sql.schema.tables.messages import messages
from core.store.sql.unread.mention_rows import drop_mentions, replace_mentions
from core.store.sql.writing.writer import Writer
from core.wire.envelope import Envelope

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


class SqlMessages:
    """The `MessageStore` on SQL."""

    __slots__ = ("_dialect", "_executor", "_inserter", "_reads", "_writer")

    def __init__(self, *, reads: Executor, writer: Writer, inserter: MessageInserter, dialect: Dialect) -> None:
        self._dialect = dialect
        self._executor = reads
        self._reads = MessageReads(reads)
        self._writer = writer
        self._inserter = inserter

    async def add(self, message: Message, envelopes: Sequence[Envelope]) -> AddedMessage:
        """Store a message once per nonce. The place in the queue is taken before the first await."""
        batch = self._writer.last_queued
        if not isinstance(batch, MessageBatch):
            batch = MessageBatch(self._inserter)
            self._writer.add(batch)
        return await batch.add(message, envelopes)

    def find(self, channel_id: int, message_id: int) -> Coroutine[Any, Any, Message | None]:
        return self._reads.find(channel_id, message_id)

    def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> Coroutine[Any, Any, list[Message]]:
        return self._reads.list_page(channel_id, before=before, after=after, around=around, limit=limit)

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
            is_this = is_message(channel_id, message_id)
            statement = update(messages).where(is_this, messages.c.version == expected_version).values(values)
            row = await db.fetch_one(statement.returning(*MESSAGE.columns))
            if row is not None:
                edited = MESSAGE.entity(row)
                if not TARGET_FIELDS.isdisjoint(changes):
                    await replace_mentions(db, self._dialect, edited)
                return edited, envelopes
            if await db.fetch_one(select(messages.c.id).where(is_this)) is None:
                raise UnknownMessage
            return None, ()

        return await self._writer.run_errand(work)

    async def delete(self, channel_id: int, message_ids: Collection[int], envelopes: Sequence[Envelope]) -> list[int]:
        async def work(db: Executor) -> tuple[list[int], Sequence[Envelope]]:
            statement = delete(messages).where(are_messages(channel_id, message_ids))
            gone = sorted(row[0] for row in await db.fetch_all(statement.returning(messages.c.id)))
            if gone:
                await delete_reactions(db, channel_id, gone)
            await drop_mentions(db, gone)
            return gone, envelopes if gone else ()

        return await self._writer.run_errand(work) if message_ids else []

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        rows = await self._executor.query(
            _BY_AUTHOR, guild_id=guild_id, author_id=author_id, first_id=snowflake_at(since_ms)
        )
        return [(row[0], row[1]) for row in rows]

    def last_ids(self, channel_ids: Collection[int]) -> Coroutine[Any, Any, dict[int, int]]:
        return self._reads.last_ids(channel_ids)

    def list_channels(self, *, after: int | None, limit: int) -> Coroutine[Any, Any, list[int]]:
        return self._reads.list_channels(after=after, limit=limit)
