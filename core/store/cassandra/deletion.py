"""The deletion of messages: for each partition one conditional batch, which deletes all of its rows or none.

The versions are read first, and the batch compares them. When somebody has edited or deleted one of the messages in
between, everything is read and tried again. So each message is deleted by one caller only, and an edit that lost the
race finds no row. After a try whose outcome is not known, those of its messages that are gone count as deleted by it.

The author's list is tidied afterwards, without a promise: an id that stays in it leads to no message.
"""

import contextlib
from collections.abc import Collection, Sequence
from typing import Any, Final

from core.domain.errors import Unavailable
from core.domain.ids import bucket_of
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import (
    DELETE,
    DELETE_FROM_AUTHOR,
    LIST_VERSIONS,
    LIST_VERSIONS_DECIDED,
    Statement,
)
from core.store.cassandra.tries import TryLimit
from core.store.cassandra.turns import Turns

_BATCH: Final = 100
"""The rows of a batch: as many as one request of a client may delete, and about 6 of the 50 kB that a server allows."""

_Row = Sequence[Any]
"""Id, version, guild and author of a message."""


class Deletion:
    """Deletions over one session."""

    __slots__ = ("_limit", "_session", "_turns")

    def __init__(self, *, session: CassandraSession, limit: TryLimit, turns: Turns) -> None:
        self._session = session
        self._turns = turns
        self._limit = limit

    async def delete(self, channel_id: int, message_ids: Collection[int]) -> list[int]:
        """Delete messages, as `MessageRows.delete` says; return their ids in ascending order."""
        partitions: dict[int, list[int]] = {}
        for message_id in sorted(set(message_ids)):
            partitions.setdefault(bucket_of(message_id), []).append(message_id)
        gone: list[int] = []
        for bucket, ids in partitions.items():
            for start in range(0, len(ids), _BATCH):
                gone += await self._delete_some(channel_id, bucket, ids[start : start + _BATCH])
        return gone

    async def _delete_some(self, channel_id: int, bucket: int, ids: list[int]) -> list[int]:
        tries = self._limit.begin()
        tried: dict[int, _Row] = {}
        gone: dict[int, _Row] = {}
        while True:
            try:
                statement = LIST_VERSIONS_DECIDED if tries.is_unknown else LIST_VERSIONS
                rows = await self._session.run(statement, channel_id, bucket, ids)
                found = {row[0]: row for row in rows if row[3] is not None}
                gone |= {each: row for each, row in tried.items() if each not in found}
                tried = {}
                if not found:
                    break
                tried = found
                if await self._delete_together(channel_id, bucket, found):
                    gone |= found
                    break
                tried = {}
            except Unavailable as error:
                await tries.rest_after(error)
        await self._tidy(bucket, gone)
        return sorted(gone)

    async def _delete_together(self, channel_id: int, bucket: int, rows: dict[int, _Row]) -> bool:
        parts = [(DELETE, (channel_id, bucket, each, row[1])) for each, row in rows.items()]
        async with self._turns.taken((channel_id, bucket)):
            answer = await (await self._session.begin_batch(parts))
        return bool(answer[0][0])

    async def _tidy(self, bucket: int, gone: dict[int, _Row]) -> None:
        partitions: dict[tuple[int, int], list[tuple[Statement, Sequence[Any]]]] = {}
        for message_id, _, guild_id, author_id in gone.values():
            if guild_id:
                part = (DELETE_FROM_AUTHOR, (guild_id, author_id, bucket, message_id))
                partitions.setdefault((guild_id, author_id), []).append(part)
        for parts in partitions.values():
            with contextlib.suppress(Unavailable):
                await (await self._session.begin_batch(parts))
