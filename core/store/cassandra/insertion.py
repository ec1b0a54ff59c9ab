"""The insertion of a message, and its withdrawal.

An insert is its row and its companions: the channel's newest id, the author's list, and the first time in a process the
channel's bucket. The row goes alone and the companions in a request beside it, so that the answer about the row is
exact: a request with several partitions may be refused after one of them was written.

Everything has a timestamp that is made of the message's id. So an insert may be repeated at any time, and changes
nothing when it comes late: an edit and a deletion are newer, and a withdrawal is as old, and among equals a deletion
wins.

A channel's newest id stays when a message is withdrawn. It is then that of a message which is not there, as after a
deletion.
"""

from collections.abc import Sequence
from typing import Any, Final

from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import bucket_of, created_ms
from core.domain.messages.message import Message
from core.store.cassandra.columns import encode_fields, insert_timestamp, place_of
from core.store.cassandra.companions import Companions, Part
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import (
    ADD_BUCKET,
    ADD_TO_AUTHOR,
    INSERT,
    RAISE_LAST,
    WITHDRAW,
    WITHDRAW_FROM_AUTHOR,
)
from core.store.cassandra.tries import TryLimit

_KNOWN_BUCKETS: Final = 100_000
"""The buckets that a process remembers to have written, 10 MB of them. Then it writes each again once."""


class Insertion:
    """Inserts and withdrawals over one session."""

    __slots__ = ("_companions", "_known_buckets", "_limit", "_session")

    def __init__(self, *, session: CassandraSession, limit: TryLimit) -> None:
        self._session = session
        self._limit = limit
        self._companions = Companions(session=session)
        self._known_buckets: set[tuple[int, int]] = set()

    async def insert(self, message: Message) -> None:
        """Store a message, as `MessageRows.insert` says."""
        place = place_of(message.channel_id, message.id)
        values = (*place, *encode_fields(message), insert_timestamp(message.id))
        tries = self._limit.begin()
        while True:
            try:
                await self._insert_once(message, values)
            except Unavailable as error:
                await tries.rest_after(error)
            else:
                return

    async def withdraw(self, message: Message) -> None:
        """Store the absence of a message, as `MessageRows.withdraw` says."""
        timestamp = insert_timestamp(message.id)
        place = place_of(message.channel_id, message.id)
        parts: list[Part] = [(WITHDRAW, (timestamp, *place))]
        if message.guild_id:
            author = (message.guild_id, message.author_id, place[1], message.id)
            parts.append((WITHDRAW_FROM_AUTHOR, (timestamp, *author)))
        tries = self._limit.begin()
        while True:
            try:
                await (await self._session.begin_batch(parts))
            except Unavailable as error:
                await tries.rest_after(error)
            else:
                return

    async def _insert_once(self, message: Message, values: Sequence[Any]) -> None:
        bucket = (message.channel_id, bucket_of(message.id))
        companions = self._list_companions(message, bucket)
        row = await self._session.begin(INSERT, *values)
        failure: Unavailable | None = None
        try:
            await self._companions.write(companions)
        except Unavailable as error:
            failure = error
        await row
        if failure is not None:
            raise OutcomeUnknown from failure
        if bucket not in self._known_buckets:
            if len(self._known_buckets) >= _KNOWN_BUCKETS:
                self._known_buckets.clear()
            self._known_buckets.add(bucket)

    def _list_companions(self, message: Message, bucket: tuple[int, int]) -> list[Part]:
        sent_us = created_ms(message.id) * 1000
        parts: list[Part] = [(RAISE_LAST, (message.channel_id, message.id, sent_us))]
        timestamp = insert_timestamp(message.id)
        if message.guild_id:
            author = (message.guild_id, message.author_id, bucket[1], message.id, message.channel_id)
            parts.append((ADD_TO_AUTHOR, (*author, timestamp)))
        if bucket not in self._known_buckets:
            parts.append((ADD_BUCKET, (*bucket, timestamp)))
        return parts
