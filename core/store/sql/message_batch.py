"""Adding messages: everything that waits is one unit of work with a handful of statements.

`SqlMessages.add` puts a message into the batch at the end of the writer's queue, or queues a new one, so messages keep
their order among each other and among the other units. When its turn comes, the batch is closed and written:

    look up all nonces ─ drop the repeats ─ insert messages ─ insert nonces ─ raise each channel's newest id ─ log

A nonce counts for an hour after its first message, per author and channel.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import insert, select, tuple_

from core.domain.ids import bucket_of
from core.domain.message import AddedMessage, Message
from core.runtime.clock import Clock
from core.store.sql.columns import EntityMap
from core.store.sql.connection import Executor
from core.store.sql.dialect import Dialect
from core.store.sql.tables import last_messages, messages, nonces
from core.wire.envelope import Envelope

NONCE_LIFETIME_MS: Final = 60 * 60 * 1000
"""Longer than any client repeats a send."""

MESSAGE = EntityMap(Message, messages)

_NonceKey = tuple[int, int, str]


class _Entry:
    """One call of `add`."""

    __slots__ = ("added", "envelopes", "future", "message")

    def __init__(self, message: Message, envelopes: Sequence[Envelope], future: asyncio.Future[AddedMessage]) -> None:
        self.message = message
        self.envelopes = envelopes
        self.future = future
        self.added = AddedMessage(message, is_new=True)


class MessageBatch:
    """A job of the writer: the messages that were added while it waited."""

    __slots__ = ("_clock", "_dialect", "_entries")

    def __init__(self, *, clock: Clock, dialect: Dialect) -> None:
        self._clock = clock
        self._dialect = dialect
        self._entries: list[_Entry] = []

    def add(self, message: Message, envelopes: Sequence[Envelope]) -> asyncio.Future[AddedMessage]:
        """Take a message in; only while the batch waits in the queue."""
        future: asyncio.Future[AddedMessage] = asyncio.get_running_loop().create_future()
        self._entries.append(_Entry(message, envelopes, future))
        return future

    @property
    def is_abandoned(self) -> bool:
        """Never: a message whose sender went away is sent all the same."""
        return False

    async def run(self, connection: Executor) -> Sequence[Envelope]:
        """Write what is new; the events of that."""
        await self._find_repeats(connection)
        new = [entry for entry in self._entries if entry.added.is_new]
        if not new:
            return ()
        await connection.execute(_INSERT_MESSAGES, [_message_row(entry.message) for entry in new])
        await self._insert_nonces(connection, new)
        await self._raise_last_ids(connection, new)
        return [envelope for entry in new for envelope in entry.envelopes]

    def settle(self, error: Exception | None) -> None:
        """Answer every sender."""
        for entry in self._entries:
            if entry.future.done():
                continue
            if error is None:
                entry.future.set_result(entry.added)
            else:
                entry.future.set_exception(error)

    async def _find_repeats(self, connection: Executor) -> None:
        """Let every entry whose nonce is known answer with the first message, from the table or from this batch."""
        keys = {key for entry in self._entries if (key := _nonce_key(entry.message)) is not None}
        if not keys:
            return
        firsts = await self._fetch_firsts(connection, keys)
        for entry in self._entries:
            key = _nonce_key(entry.message)
            if key is None:
                continue
            first = firsts.setdefault(key, entry.message)
            if first is not entry.message:
                entry.added = AddedMessage(first, is_new=False)

    async def _fetch_firsts(self, connection: Executor, keys: set[_NonceKey]) -> dict[_NonceKey, Message]:
        not_before_ms = self._clock.now_ms() - NONCE_LIFETIME_MS
        statement = select(nonces.c.author_id, nonces.c.channel_id, nonces.c.nonce, nonces.c.message_id).where(
            _NONCE_KEY.in_(list(keys)), nonces.c.created_ms > not_before_ms
        )
        known: dict[_NonceKey, int] = {
            (row[0], row[1], row[2]): row[3] for row in await connection.fetch_all(statement)
        }
        if not known:
            return {}
        places = [(key[1], bucket_of(message_id), message_id) for key, message_id in known.items()]
        rows = await connection.fetch_all(select(*MESSAGE.columns).where(_MESSAGE_KEY.in_(places)))
        stored = {message.id: message for message in map(MESSAGE.entity, rows)}
        own = {key: entry.message for entry in reversed(self._entries) if (key := _nonce_key(entry.message)) in known}
        # Deleted meanwhile: the repeat is answered from what it says itself, and brings nothing back.
        return {
            key: stored.get(message_id) or msgspec.structs.replace(own[key], id=message_id)
            for key, message_id in known.items()
        }

    async def _insert_nonces(self, connection: Executor, new: Sequence[_Entry]) -> None:
        now_ms = self._clock.now_ms()
        rows = [
            {
                "message_id": entry.message.id,
                "author_id": entry.message.author_id,
                "channel_id": entry.message.channel_id,
                "nonce": entry.message.nonce,
                "created_ms": now_ms,
            }
            for entry in new
            if entry.message.nonce is not None
        ]
        if not rows:
            return
        # A conflict is a nonce that is too old to count and not purged yet.
        upsert = self._dialect.insert(nonces)
        upsert = upsert.on_conflict_do_update(
            index_elements=[nonces.c.author_id, nonces.c.channel_id, nonces.c.nonce],
            set_={"message_id": upsert.excluded.message_id, "created_ms": upsert.excluded.created_ms},
        )
        await connection.execute(upsert, rows)

    async def _raise_last_ids(self, connection: Executor, new: Sequence[_Entry]) -> None:
        newest: dict[int, int] = {}
        for entry in new:
            message = entry.message
            newest[message.channel_id] = max(newest.get(message.channel_id, 0), message.id)
        upsert = self._dialect.insert(last_messages)
        upsert = upsert.on_conflict_do_update(
            index_elements=[last_messages.c.channel_id],
            set_={"message_id": upsert.excluded.message_id},
            where=upsert.excluded.message_id > last_messages.c.message_id,
        )
        await connection.execute(
            upsert, [{"channel_id": channel_id, "message_id": message_id} for channel_id, message_id in newest.items()]
        )


_NONCE_KEY = tuple_(nonces.c.author_id, nonces.c.channel_id, nonces.c.nonce)
_MESSAGE_KEY = tuple_(messages.c.channel_id, messages.c.bucket, messages.c.id)
_INSERT_MESSAGES = insert(messages)


def _nonce_key(message: Message) -> _NonceKey | None:
    return None if message.nonce is None else (message.author_id, message.channel_id, message.nonce)


def _message_row(message: Message) -> dict[str, Any]:
    values = MESSAGE.values(message)
    values["bucket"] = bucket_of(message.id)
    return values
