"""Pages of a channel's messages, over as many partitions as they take.

A page begins in the bucket of its bound, and goes on in those that the channel's bucket index names: one, then two more
at once, then four, so that a busy channel costs one read and a quiet one few rounds.

Deleted rows leave tombstones, and a server refuses a read that passes over too many of them (100,000 unless
configured). The range of ids is then halved, and the half that comes first is read alone, again and again until a read
succeeds. So a channel whose messages were deleted by the hundred thousand is slow to read, and still read.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import msgspec

from core.domain.errors import Unavailable
from core.domain.ids import BUCKET_MS, MAX_SNOWFLAKE, bucket_of
from core.domain.messages.message import Message
from core.store.cassandra.columns import decode_message
from core.store.cassandra.errors import TooManyTombstones
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import (
    LIST_NEWER,
    LIST_NEWER_BUCKETS,
    LIST_OLDER,
    LIST_OLDER_BUCKETS,
    Statement,
)

_BUCKET_IDS: Final = BUCKET_MS << 22
"""The number of ids of a bucket."""

_LEAST_SLICE: Final = 1 << 22
"""The ids of one millisecond: a range that is not halved any more."""

_MOST_AT_ONCE: Final = 8
"""Partitions that are read at once. Most of what they return may be too much."""


class _Direction(msgspec.Struct, kw_only=True, frozen=True):
    """The statements of one direction."""

    is_older: bool
    page: Statement
    buckets: Statement


_OLDER: Final = _Direction(is_older=True, page=LIST_OLDER, buckets=LIST_OLDER_BUCKETS)
_NEWER: Final = _Direction(is_older=False, page=LIST_NEWER, buckets=LIST_NEWER_BUCKETS)


class History:
    """Pages over one session."""

    __slots__ = ("_session",)

    def __init__(self, *, session: CassandraSession) -> None:
        self._session = session

    async def list_page(
        self, channel_id: int, *, before: int | None, after: int | None, around: int | None, limit: int
    ) -> list[Message]:
        """Return messages, newest first, as `MessageStore.list_page` says."""
        if around is not None:
            newer, older = await asyncio.gather(
                self._list_newer(channel_id, around, limit // 2),
                self._list_older(channel_id, min(around + 1, MAX_SNOWFLAKE), limit - limit // 2),
            )
            return newer[::-1] + older
        if after is not None:
            return (await self._list_newer(channel_id, after, limit))[::-1]
        return await self._list_older(channel_id, MAX_SNOWFLAKE if before is None else before, limit)

    async def _list_older(self, channel_id: int, below: int, limit: int) -> list[Message]:
        """Return the newest messages below an id."""
        return await self._list(_OLDER, channel_id, (0, below), bucket_of(below), limit)

    async def _list_newer(self, channel_id: int, above: int, limit: int) -> list[Message]:
        """Return the oldest messages above an id, oldest first."""
        return await self._list(_NEWER, channel_id, (above + 1, MAX_SNOWFLAKE), bucket_of(above), limit)

    async def _list(
        self, direction: _Direction, channel_id: int, ids: tuple[int, int], first: int, limit: int
    ) -> list[Message]:
        """Return messages with ids of a range (its end is not in it)."""
        found: list[Message] = []
        if limit < 1:
            return found
        async for buckets in self._list_buckets(direction, channel_id, first):
            pages = await asyncio.gather(
                *(self._read_bucket(direction, channel_id, bucket, ids, limit - len(found)) for bucket in buckets)
            )
            for page in pages:
                found += page
            if len(found) >= limit:
                break
        return found[:limit]

    async def _list_buckets(self, direction: _Direction, channel_id: int, first: int) -> AsyncIterator[list[int]]:
        """Yield the channel's buckets in order, as many together as are to be read at once."""
        if first < bucket_of(MAX_SNOWFLAKE):
            yield [first]
        size, last = 1, first
        while True:
            rows = await self._session.run(direction.buckets, channel_id, last, size)
            if not rows:
                return
            last = rows[-1][0]
            yield [row[0] for row in rows]
            size = min(2 * size, _MOST_AT_ONCE)

    async def _read_bucket(
        self, direction: _Direction, channel_id: int, bucket: int, ids: tuple[int, int], limit: int
    ) -> list[Message]:
        begin = bucket * _BUCKET_IDS
        low, high = max(begin, ids[0]), min(begin + _BUCKET_IDS, ids[1])
        return await self._read(direction, (channel_id, bucket), (low, high), limit)

    async def _read(
        self, direction: _Direction, partition: tuple[int, int], ids: tuple[int, int], limit: int
    ) -> list[Message]:
        low, high = ids
        try:
            rows = await self._session.run(direction.page, *partition, low, high, limit)
        except TooManyTombstones:
            if high - low <= _LEAST_SLICE:
                raise Unavailable from None
        else:
            messages = (decode_message(row) for row in rows)
            return [message for message in messages if message is not None]
        middle = (low + high) // 2
        halves = [(low, middle), (middle, high)]
        found: list[Message] = []
        for half in reversed(halves) if direction.is_older else halves:
            if len(found) < limit:
                found += await self._read(direction, partition, half, limit - len(found))
        return found
