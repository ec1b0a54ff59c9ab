"""The `MessageRows` on Cassandra. Its parts are in files of their own; what is one read stands here."""

import asyncio
from collections.abc import Collection
from typing import Final

from core.domain.ids import bucket_of, snowflake_at
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.store.aggregates.changes import Changes
from core.store.cassandra.columns import decode_message, place_of
from core.store.cassandra.deletion import Deletion
from core.store.cassandra.edits import Edits
from core.store.cassandra.history import History
from core.store.cassandra.insertion import Insertion
from core.store.cassandra.reactions import CassandraReactions
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import FIND, LAST_IDS, LIST_BY_AUTHOR, LIST_CHANNELS, LIST_NEXT_CHANNELS
from core.store.cassandra.tries import TryLimit
from core.store.cassandra.turns import Turns

_CHANNELS_AT_ONCE: Final = 50
"""The channels of one read. Its coordinator asks their replicas one by one, so more would only keep it busy."""

_AUTHOR_ROWS: Final = 1000
"""The ids of an author's messages that one read returns."""

_NOBODY: Final = 0
"""A channel that nobody has."""


class CassandraMessages:
    """Messages in Cassandra."""

    __slots__ = ("_clock", "_deletion", "_edits", "_history", "_insertion", "_session", "reactions")

    def __init__(self, *, session: CassandraSession, clock: Clock, write_limit_s: float) -> None:
        """`write_limit_s` is how long a write is repeated while its outcome is not known."""
        limit = TryLimit(clock=clock, limit_s=write_limit_s)
        self._session = session
        self._clock = clock
        self._insertion = Insertion(session=session, limit=limit)
        turns = Turns()
        self._edits = Edits(session=session, limit=limit, turns=turns)
        self._deletion = Deletion(session=session, limit=limit, turns=turns)
        self._history = History(session=session)
        self.reactions = CassandraReactions(session=session, limit=limit)

    async def insert(self, message: Message) -> None:
        await self._insertion.insert(message)

    async def withdraw(self, message: Message) -> None:
        await self._insertion.withdraw(message)

    async def find(self, channel_id: int, message_id: int) -> Message | None:
        rows = await self._session.run(FIND, *place_of(channel_id, message_id))
        return decode_message(rows[0]) if rows else None

    async def list_page(
        self,
        channel_id: int,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        limit: int = 50,
    ) -> list[Message]:
        return await self._history.list_page(channel_id, before=before, after=after, around=around, limit=limit)

    async def update(
        self, channel_id: int, message_id: int, changes: Changes, *, expected_version: int
    ) -> Message | None:
        return await self._edits.update(channel_id, message_id, changes, expected_version=expected_version)

    async def raise_version(self, channel_id: int, message_id: int, *, expected_version: int) -> Message | None:
        return await self._edits.raise_version(channel_id, message_id, expected_version=expected_version)

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        gone = await self._deletion.delete(channel_id, message_ids)
        # Of all: who has deleted some of them before may have ended between the two.
        await self.reactions.forget(channel_id, message_ids)
        return gone

    async def list_ids_by_author(self, guild_id: int, author_id: int, *, since_ms: int) -> list[tuple[int, int]]:
        first_id = snowflake_at(since_ms)
        # The clock of the process that made the newest message may be ahead of ours, into the next bucket.
        last_bucket = bucket_of(snowflake_at(self._clock.now_ms())) + 1
        found: list[tuple[int, int]] = []
        for bucket in range(bucket_of(first_id), last_bucket + 1):
            found += await self._list_in_bucket((guild_id, author_id, bucket), first_id)
        return found

    async def last_ids(self, channel_ids: Collection[int]) -> dict[int, int]:
        wanted = list(channel_ids)
        parts = [wanted[start : start + _CHANNELS_AT_ONCE] for start in range(0, len(wanted), _CHANNELS_AT_ONCE)]
        answers = await asyncio.gather(*(self._session.run(LAST_IDS, part) for part in parts))
        return {row[0]: row[1] for rows in answers for row in rows}

    async def list_channels(self, *, after: int | None, limit: int) -> list[int]:
        if after is None:
            rows = await self._session.run(LIST_CHANNELS, limit)
        else:
            rows = await self._session.run(LIST_NEXT_CHANNELS, after, limit)
        return [row[0] for row in rows]

    async def ping(self) -> None:
        await self._session.run(LAST_IDS, [_NOBODY])

    async def _list_in_bucket(self, author: tuple[int, int, int], first_id: int) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        while True:
            rows = await self._session.run(LIST_BY_AUTHOR, *author, first_id, _AUTHOR_ROWS)
            found += [(row[0], row[1]) for row in rows]
            if len(rows) < _AUTHOR_ROWS:
                return found
            first_id = found[-1][1] + 1
