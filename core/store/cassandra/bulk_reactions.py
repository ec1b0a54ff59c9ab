"""The reactions of another store, written into an empty keyspace and read back, after the messages (bulk.py).

Rows have the timestamps of their messages' inserts, so changes that follow are newer. Everything may be written again,
but only from the same data.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from core.domain.messages.reaction import Counts, Reaction
from core.runtime.clock import Clock
from core.store.cassandra.bulk import WRITE_S, DifferentMessages, for_all, write_for_sure
from core.store.cassandra.columns import insert_timestamp
from core.store.cassandra.companions import Part
from core.store.cassandra.reactions import encode_counts, reaction_key, read_counts
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import FIND_REACTION, MOVE_COUNTS, MOVE_REACTION
from core.store.cassandra.tries import TryLimit

REACTIONS_AT_ONCE: Final = 20
"""The rows of a request: about 1 KiB."""

CountsOf = tuple[int, int, Counts]
"""A channel, a message, and what it shows."""


class BulkReactions:
    """The writes and comparisons of one import. Each takes what the source lists, and returns how many items it was.

    All raise Unavailable when a server is away for long; comparisons raise DifferentMessages.
    """

    __slots__ = ("_limit", "_session")

    def __init__(self, *, session: CassandraSession, clock: Clock) -> None:
        self._session = session
        self._limit = TryLimit(clock=clock, limit_s=WRITE_S)

    async def write(self, reactions: Iterable[Sequence[Reaction]]) -> int:
        """Write reactions, in lists of at most `REACTIONS_AT_ONCE` of one message each."""
        return await for_all(reactions, self._write_piece)

    async def write_counts(self, counts: Iterable[CountsOf]) -> int:
        """Write what messages show."""
        return await for_all(counts, self._write_counts)

    async def compare(self, reactions: Iterable[Sequence[Reaction]]) -> int:
        """Compare reactions."""
        return await for_all(reactions, self._compare_piece)

    async def compare_counts(self, counts: Iterable[CountsOf]) -> int:
        """Compare what messages show."""
        return await for_all(counts, self._compare_counts)

    async def _write_piece(self, piece: Sequence[Reaction]) -> int:
        rows: list[Part] = [
            (MOVE_REACTION, (*reaction_key(each), each.id, insert_timestamp(each.message_id))) for each in piece
        ]
        await write_for_sure(self._session, rows, limit=self._limit)
        return len(piece)

    async def _write_counts(self, piece: CountsOf) -> int:
        channel_id, message_id, counts = piece
        values = (channel_id, message_id, encode_counts(counts), insert_timestamp(message_id))
        await write_for_sure(self._session, [(MOVE_COUNTS, values)], limit=self._limit)
        return 1

    async def _compare_piece(self, piece: Sequence[Reaction]) -> int:
        answers = await asyncio.gather(*(self._session.run(FIND_REACTION, *reaction_key(each)) for each in piece))
        if [[tuple(row) for row in rows] for rows in answers] != [[(each.id,)] for each in piece]:
            raise DifferentMessages(f"reactions to message {piece[0].message_id} differ")
        return len(piece)

    async def _compare_counts(self, piece: CountsOf) -> int:
        channel_id, message_id, counts = piece
        if await read_counts(self._session, channel_id, [message_id]) != {message_id: counts}:
            raise DifferentMessages(f"the counts of reactions to message {message_id} differ")
        return 1
