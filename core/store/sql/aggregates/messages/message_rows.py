"""The rows of messages on SQL, without their events, for clusters that have no Cassandra.

A message is a row from its first insert on, and stays one for a while after it is deleted or withdrawn: as a tombstone,
with `GONE` for its version and nothing in it. Insert and withdrawal meet at the primary key, so whichever comes later
finds the other's row, committed or not, and a late insert changes nothing. Edits name the version that they expect,
which a tombstone never has.

A tombstone is needed only as long as an insert may be late. Each deletion also removes some that are older, more than
it makes itself, so nobody else has to.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Integer, bindparam, delete, literal_column, or_, select, text, update

from core.domain.errors import UnknownMessage
from core.domain.ids import bucket_of, snowflake_at
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.store.aggregates.changes import Changes
from core.store.sql.aggregates.messages.message_batch import MESSAGE
from core.store.sql.aggregates.messages.message_reads import MessageReads, are_messages, is_message
from core.store.sql.aggregates.messages.reactions import delete_reactions
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.messages import GONE, last_messages, messages
from core.store.sql.writing.interfaces import Writing
from core.wire.envelope import Envelope

T = TypeVar("T")

TOMBSTONE_MS: Final = 60 * 60 * 1000
"""The age of the message from which its tombstone may go. An insert is repeated for seconds; a process that was stopped
for an hour has long been given up by the door."""
_PURGED_BESIDES: Final = 8
"""The tombstones that a deletion removes beyond as many as it makes."""

_EMPTY: Final = {
    "content": "",
    "mention_ids": (),
    "mention_role_ids": (),
    "embeds": msgspec.Raw(b"[]"),
    "attachments": (),
    "nonce": None,
    "version": GONE,
}
"""What a tombstone keeps nothing of, and its version."""

_BY_AUTHOR = Query(
    select(messages.c.channel_id, messages.c.id)
    .where(
        messages.c.author_id == bindparam("author_id"),
        messages.c.guild_id == bindparam("guild_id"),
        messages.c.id >= bindparam("first_id"),
        messages.c.version > GONE,
    )
    .order_by(messages.c.id)
)
_OLDEST_TOMBSTONES = Query(
    select(messages.c.channel_id, messages.c.id)
    # A number in the text, not a parameter, by which a database sees that the index of tombstones is enough.
    .where(messages.c.version == literal_column(str(GONE)), messages.c.id < bindparam("before_id"))
    .order_by(messages.c.id)
    .limit(bindparam("limit", type_=Integer))
    # What another deletion is removing is left to it. SQLite has one writer and no such clause.
    .with_for_update(skip_locked=True)
)


class SqlMessageRows:
    """The `MessageRows` on SQL."""

    __slots__ = ("_clock", "_dialect", "_executor", "_reads", "_writer")

    def __init__(self, *, reads: Executor, writer: Writing, dialect: Dialect, clock: Clock) -> None:
        self._executor = reads
        self._reads = MessageReads(reads)
        self._writer = writer
        self._dialect = dialect
        self._clock = clock

    async def insert(self, message: Message) -> None:
        put = self._dialect.insert(messages).values(_row_of(message)).on_conflict_do_nothing()
        put_last = self._dialect.insert(last_messages)
        put_last = put_last.values(channel_id=message.channel_id, message_id=message.id).on_conflict_do_update(
            index_elements=[last_messages.c.channel_id],
            set_={"message_id": put_last.excluded.message_id},
            where=put_last.excluded.message_id > last_messages.c.message_id,
        )

        async def work(db: Executor) -> None:
            if await db.execute(put):
                await db.execute(put_last)

        await self._write(work)

    async def withdraw(self, message: Message) -> None:
        put = self._dialect.insert(messages).values(_row_of(message) | _EMPTY)
        put = put.on_conflict_do_update(
            index_elements=[messages.c.channel_id, messages.c.bucket, messages.c.id], set_=_EMPTY
        )

        async def work(db: Executor) -> None:
            await db.execute(put)
            await self._purge(db, made=1)

        await self._write(work)

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
        self, channel_id: int, message_id: int, changes: Changes, *, expected_version: int
    ) -> Message | None:
        async def work(db: Executor) -> Message | None:
            updated = await _raise(db, channel_id, message_id, changes, expected_version)
            if updated is None and await _find(db, channel_id, message_id) is None:
                raise UnknownMessage
            return updated

        return await self._write(work)

    async def raise_version(self, channel_id: int, message_id: int, *, expected_version: int) -> Message | None:
        async def work(db: Executor) -> Message | None:
            raised = await _raise(db, channel_id, message_id, {}, expected_version)
            return raised or await _find(db, channel_id, message_id)

        return await self._write(work)

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        async def work(db: Executor) -> list[int]:
            statement = update(messages).where(are_messages(channel_id, message_ids), messages.c.version > GONE)
            rows = await db.fetch_all(statement.values(_EMPTY).returning(messages.c.id))
            await delete_reactions(db, channel_id, message_ids)
            await self._purge(db, made=len(rows))
            return sorted(row[0] for row in rows)

        return await self._write(work) if message_ids else []

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        rows = await self._executor.query(
            _BY_AUTHOR, guild_id=guild_id, author_id=author_id, first_id=snowflake_at(since_ms)
        )
        return [(row[0], row[1]) for row in rows]

    def last_ids(self, channel_ids: Collection[int]) -> Coroutine[Any, Any, dict[int, int]]:
        return self._reads.last_ids(channel_ids)

    def list_channels(self, *, after: int | None, limit: int) -> Coroutine[Any, Any, list[int]]:
        return self._reads.list_channels(after=after, limit=limit)

    async def ping(self) -> None:
        await self._executor.fetch_one(select(text("1")))

    async def _write(self, work: Callable[[Executor], Awaitable[T]]) -> T:
        async def errand(db: Executor) -> tuple[T, Sequence[Envelope]]:
            return await work(db), ()

        return await self._writer.run_errand(errand)

    async def _purge(self, db: Executor, *, made: int) -> None:
        """Remove the oldest tombstones, of messages that no insert can be late for."""
        before_id = snowflake_at(self._clock.now_ms() - TOMBSTONE_MS)
        oldest = await db.query(_OLDEST_TOMBSTONES, before_id=before_id, limit=made + _PURGED_BESIDES)
        if oldest:
            await db.execute(delete(messages).where(or_(*(is_message(row[0], row[1]) for row in oldest))))


async def _raise(
    db: Executor, channel_id: int, message_id: int, changes: Changes, expected_version: int
) -> Message | None:
    """Apply changes and count the version, if it is the expected one."""
    is_expected = is_message(channel_id, message_id), messages.c.version == expected_version
    statement = update(messages).where(*is_expected).values({**changes, "version": expected_version + 1})
    row = await db.fetch_one(statement.returning(*MESSAGE.columns))
    return None if row is None else MESSAGE.entity(row)


async def _find(db: Executor, channel_id: int, message_id: int) -> Message | None:
    is_shown = is_message(channel_id, message_id), messages.c.version > GONE
    row = await db.fetch_one(select(*MESSAGE.columns).where(*is_shown))
    return None if row is None else MESSAGE.entity(row)


def _row_of(message: Message) -> dict[str, Any]:
    return {**MESSAGE.values(message), "bucket": bucket_of(message.id)}
