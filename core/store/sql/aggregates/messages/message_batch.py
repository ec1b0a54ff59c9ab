"""The addition of messages: all that wait are one unit of work with a handful of statements.

`SqlMessages.add` puts a message into the batch at the end of the writer's queue, or queues a new one, so messages keep
their order among each other and among the other units. When the writer comes to it, the batch is closed and written in
two trips to the database:

    begin, look up all nonces ─ drop the repeats ─┬─ insert messages, nonces, each channel's newest id, log rows, commit
                                                  └─ (repeats are answered with the first message)

A nonce counts for an hour after its first message, per author and channel. When the batch fails, its messages are tried
one by one, so that one that cannot be stored fails alone.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Select, and_, bindparam, insert, or_, select

from core.domain.ids import bucket_of
from core.domain.messages.message import AddedMessage, Message
from core.runtime.clock import Clock
from core.store.sql.engine.bulk import Bulk, bulk_insert
from core.store.sql.engine.connection import Connection
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.sqlite_driver import Step, StepRows
from core.store.sql.schema.columns import EntityMap
from core.store.sql.schema.tables.messages import last_messages, messages, nonces
from core.store.sql.schema.tables.read_states import mentions
from core.store.sql.unread.mention_rows import MENTION_COLUMNS, mention_rows
from core.store.sql.writing.jobs import Done
from core.wire.envelope import Envelope

NONCE_LIFETIME_MS: Final = 60 * 60 * 1000
"""Longer than any client repeats a send."""

MESSAGE = EntityMap(Message, messages)

_NonceKey = tuple[int, int, str]


class _Entry:
    """The message and the future of one call of `add`."""

    __slots__ = ("added", "envelopes", "future", "message")

    def __init__(self, message: Message, envelopes: Sequence[Envelope], future: asyncio.Future[AddedMessage]) -> None:
        self.message = message
        self.envelopes = envelopes
        self.future = future
        self.added = AddedMessage(message, is_new=True)


class MessageBatch:
    """A job of the writer: the messages that were added while it waited."""

    __slots__ = ("_entries", "_inserter", "_own")

    def __init__(self, inserter: "MessageInserter", entries: Sequence[_Entry] = ()) -> None:
        self._inserter = inserter
        self._entries = list(entries)
        self._own: dict[_NonceKey, Message] = {}
        """The first message of each nonce in this batch."""

    def add(self, message: Message, envelopes: Sequence[Envelope]) -> asyncio.Future[AddedMessage]:
        """Add a message, while the batch waits in the queue."""
        future: asyncio.Future[AddedMessage] = asyncio.get_running_loop().create_future()
        self._entries.append(_Entry(message, envelopes, future))
        return future

    @property
    def is_abandoned(self) -> bool:
        """Return False: a message is sent even when its sender has gone."""
        return False

    def open(self) -> Sequence[Step]:
        """Return the statements that look the nonces up."""
        self._own = {}
        for entry in self._entries:
            key = _nonce_key(entry.message)
            if key is not None:
                self._own.setdefault(key, entry.message)
        return list(self._inserter.nonce_steps(list(self._own)))

    async def run(self, connection: Connection, found: Sequence[StepRows]) -> Done:
        """Find the repeats and prepare the rest."""
        await self._find_repeats(connection, found)
        new = [entry for entry in self._entries if entry.added.is_new]
        steps = list(self._inserter.insert_steps([entry.message for entry in new]))
        return Done([envelope for entry in new for envelope in entry.envelopes], steps)

    def settle(self, error: Exception | None) -> None:
        """Answer every sender."""
        for entry in self._entries:
            if entry.future.done():
                continue
            if error is None:
                entry.future.set_result(entry.added)
            else:
                entry.future.set_exception(error)

    def parts(self) -> Sequence["MessageBatch"]:
        """Return a batch for each message."""
        if len(self._entries) == 1:
            return ()
        for entry in self._entries:
            entry.added = AddedMessage(entry.message, is_new=True)
        return [MessageBatch(self._inserter, [entry]) for entry in self._entries]

    async def _find_repeats(self, connection: Connection, found: Sequence[StepRows]) -> None:
        """Answer every entry whose nonce is known with the first message, from the table or from this batch."""
        if not self._own:
            return
        firsts = self._own | await self._inserter.fetch_firsts(connection, self._own, found)
        for entry in self._entries:
            key = _nonce_key(entry.message)
            if key is not None and firsts[key] is not entry.message:
                entry.added = AddedMessage(firsts[key], is_new=False)


class MessageInserter:
    """The statements of the hot path, compiled once."""

    __slots__ = (
        "_clock",
        "_insert_mentions",
        "_insert_messages",
        "_put_nonces",
        "_raise_last_ids",
        "_select_nonces",
    )

    def __init__(self, *, clock: Clock, dialect: Dialect) -> None:
        self._clock = clock
        compiler = dialect.compiler
        self._insert_messages = Bulk(lambda size: bulk_insert(insert(messages), _MESSAGE_COLUMNS, size), compiler)
        self._select_nonces = Bulk(select_nonces, compiler)
        # A conflict is an expired nonce that is not purged yet.
        put = dialect.insert(nonces)
        put = put.on_conflict_do_update(
            index_elements=[nonces.c.author_id, nonces.c.channel_id, nonces.c.nonce],
            set_={"message_id": put.excluded.message_id, "created_ms": put.excluded.created_ms},
        )
        columns = [column.name for column in nonces.columns]
        self._put_nonces = Bulk(lambda size: bulk_insert(put, columns, size), compiler)
        put_last = dialect.insert(last_messages)
        put_last = put_last.on_conflict_do_update(
            index_elements=[last_messages.c.channel_id],
            set_={"message_id": put_last.excluded.message_id},
            where=put_last.excluded.message_id > last_messages.c.message_id,
        )
        self._raise_last_ids = Bulk(lambda size: bulk_insert(put_last, ["channel_id", "message_id"], size), compiler)
        self._insert_mentions = Bulk(lambda size: bulk_insert(insert(mentions), MENTION_COLUMNS, size), compiler)

    def insert_steps(self, new: Sequence[Message]) -> Iterator[Step]:
        """Return the statements that store new messages."""
        now_ms = self._clock.now_ms()
        nonce_rows = []
        mentioned: list[tuple[Any, ...]] = []
        newest: dict[int, int] = {}
        for message in new:
            newest[message.channel_id] = max(newest.get(message.channel_id, 0), message.id)
            mentioned += mention_rows(message)
            if message.nonce is not None:
                nonce_rows.append((message.id, message.author_id, message.channel_id, message.nonce, now_ms))
        yield from self._insert_messages.steps([message_row(message) for message in new])
        yield from self._put_nonces.steps(nonce_rows)
        yield from self._raise_last_ids.steps(list(newest.items()))
        yield from self._insert_mentions.steps(mentioned)

    def nonce_steps(self, keys: Sequence[_NonceKey]) -> Iterator[Step]:
        """Return the statements that look nonces up."""
        return self._select_nonces.steps(keys)

    async def fetch_firsts(
        self, connection: Connection, own: dict[_NonceKey, Message], found: Sequence[StepRows]
    ) -> dict[_NonceKey, Message]:
        """Return the stored first message of each nonce that has one.

        `own` holds a message that repeats it, `found` the rows of `nonce_steps`.
        """
        not_before_ms = self._clock.now_ms() - NONCE_LIFETIME_MS
        known: dict[_NonceKey, int] = {}
        for rows in found:
            for author_id, channel_id, nonce, message_id, created_ms in rows:
                if created_ms > not_before_ms:
                    known[author_id, channel_id, nonce] = message_id
        if not known:
            return {}
        is_first = or_(*(_is_message(key[1], message_id) for key, message_id in known.items()))
        stored_rows = await connection.fetch_all(select(*MESSAGE.columns).where(is_first))
        stored = {message.id: message for message in map(MESSAGE.entity, stored_rows)}
        # The first one was deleted meanwhile: the repeat is answered from its own content, and restores nothing.
        return {
            key: stored.get(message_id) or msgspec.structs.replace(own[key], id=message_id)
            for key, message_id in known.items()
        }


def _is_message(channel_id: int, message_id: int) -> ColumnElement[bool]:
    return and_(
        messages.c.channel_id == channel_id,
        messages.c.bucket == bucket_of(message_id),
        messages.c.id == message_id,
    )


def select_nonces(size: int) -> Select[*tuple[Any, ...]]:
    """Match pairs by alternatives, each one search of the index. A list of row values would be a scan in SQLite."""
    keys = (nonces.c.author_id, nonces.c.channel_id, nonces.c.nonce)
    alternatives = (and_(*(key == bindparam(f"{key.name}_{row}") for key in keys)) for row in range(size))
    return select(*keys, nonces.c.message_id, nonces.c.created_ms).where(or_(*alternatives))


def _nonce_key(message: Message) -> _NonceKey | None:
    return None if message.nonce is None else (message.author_id, message.channel_id, message.nonce)


_MESSAGE_COLUMNS: Final = [column.name for column in messages.columns]


def _encode_ids(ids: tuple[int, ...]) -> str:
    return "[]" if not ids else _encode(ids).decode()


_encode = msgspec.json.Encoder().encode


def message_row(message: Message) -> tuple[Any, ...]:
    """Return the driver's values in the order of the table's columns."""
    return (
        message.channel_id,
        bucket_of(message.id),
        message.id,
        message.guild_id,
        message.author_id,
        message.type,
        message.content,
        message.tts,
        message.mention_everyone,
        _encode_ids(message.mention_ids),
        _encode_ids(message.mention_role_ids),
        bytes(message.embeds),
        message.flags,
        message.pinned,
        message.edited_ms,
        message.version,
        message.nonce,
        message.nonce_is_int,
        message.reference_id,
        "[]" if not message.attachments else _encode(message.attachments).decode(),
        None if message.forward is None else _encode(message.forward).decode(),
        None if message.webhook is None else _encode(message.webhook).decode(),
        None if message.source is None else _encode(message.source).decode(),
        None if message.poll is None else _encode(message.poll).decode(),
        None if message.call is None else _encode(message.call).decode(),
    )
