"""The messages of another store, written into an empty keyspace and read back.

Rows have the timestamps that `Insertion` would have given them, so edits and deletions that follow are newer. A message
that was edited is one insert of its last version.

    messages          one request for some rows of one partition
    author_messages   beside them, for messages in guilds
    message_buckets   one row for each partition
    last_messages     from a list of its own: a channel's newest message may have been deleted

Everything may be written again, but only from the same data: among equal timestamps the larger value would win.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

import msgspec

from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.ids import MAX_SNOWFLAKE, bucket_of, created_ms
from core.domain.messages.message import Message
from core.runtime.clock import Clock
from core.runtime.errors import StartError
from core.store.cassandra.columns import decode_message, encode_fields, insert_timestamp, place_of
from core.store.cassandra.companions import Part
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import (
    ADD_BUCKET,
    ADD_TO_AUTHOR,
    INSERT,
    LAST_IDS,
    LIST_BY_AUTHOR,
    LIST_NEWER,
    LIST_NEWER_BUCKETS,
    RAISE_LAST,
)
from core.store.cassandra.tries import TryLimit

_PIECES_AT_ONCE: Final = 32
"""The pieces that are under way together, each with a few requests: enough to keep three servers busy."""
_MOST_BYTES: Final = 4_000
"""The content of a request's rows. Servers warn of larger ones from 5 KiB on (`batch_size_warn_threshold`)."""
_ROW_BYTES: Final = 150
"""About what a row takes besides its content."""
_ATTACHMENT_BYTES: Final = 300
"""About what an attachment takes, with a short description."""
_MOST_PARTS: Final = 10
"""The rows of a request over several partitions, as in `Companions`."""
WRITE_S: Final = 60.0
"""How long a piece is repeated while servers are busy or away."""

PIECE_ROWS: Final = 500
"""The most rows of the lists that are compared."""

_encode: Final = msgspec.json.Encoder().encode

Piece = TypeVar("Piece")
AuthorKey = tuple[int, int, int]
"""Guild, author, bucket."""
Place = tuple[int, int]
"""A channel and a message's id."""


class DifferentMessages(StartError):
    """What was read back is not what was written."""


class _Range(msgspec.Struct, frozen=True):
    """Messages that are all those of their partition from the id `low` on, below `high`."""

    messages: Sequence[Message]
    low: int
    high: int


class BulkMessages:
    """The writes and comparisons of one import. Each takes what the source lists, and returns how many items it was.

    All raise Unavailable when a server is away for long; comparisons raise DifferentMessages.
    """

    __slots__ = ("_limit", "_session")

    def __init__(self, *, session: CassandraSession, clock: Clock) -> None:
        self._session = session
        self._limit = TryLimit(clock=clock, limit_s=WRITE_S)

    async def write(self, messages: Iterable[Sequence[Message]]) -> int:
        """Write messages, in lists of one partition each, with all rows beside them but the newest ids."""
        return await for_all(_cut_by_size(messages), self._write_piece)

    async def write_newest(self, newest: Iterable[Sequence[Place]]) -> int:
        """Write the newest id of channels, in lists of at most `_MOST_PARTS`."""
        return await for_all(newest, self._write_newest_piece)

    async def compare(self, messages: Iterable[Sequence[Message]]) -> int:
        """Compare messages, in lists of one partition each and in the order of their ids."""
        return await for_all(_between(messages), self._compare_piece)

    async def compare_authors(self, authors: Iterable[tuple[AuthorKey, Sequence[Place]]]) -> int:
        """Compare the channels and ids of each author's messages."""
        return await for_all(authors, self._compare_author)

    async def compare_buckets(self, buckets: Iterable[tuple[int, Sequence[int]]]) -> int:
        """Compare the buckets of each channel."""
        return await for_all(buckets, self._compare_channel)

    async def compare_newest(self, newest: Iterable[Sequence[Place]]) -> int:
        """Compare the newest id of channels."""
        return await for_all(newest, self._compare_newest_piece)

    async def _write_piece(self, piece: Sequence[Message]) -> int:
        bucket = _partition_of(piece)
        rows: list[Part] = []
        beside: list[Part] = [(ADD_BUCKET, (*bucket, insert_timestamp(piece[0].id)))]
        for message in piece:
            timestamp = insert_timestamp(message.id)
            place = place_of(message.channel_id, message.id)
            rows.append((INSERT, (*place, *encode_fields(message), timestamp)))
            if message.guild_id:
                key = (message.guild_id, message.author_id, bucket[1], message.id, message.channel_id)
                beside.append((ADD_TO_AUTHOR, (*key, timestamp)))
        await self._write(rows)
        for start in range(0, len(beside), _MOST_PARTS):
            await self._write(beside[start : start + _MOST_PARTS])
        return len(piece)

    async def _write_newest_piece(self, piece: Sequence[Place]) -> int:
        await self._write(
            [(RAISE_LAST, (channel_id, newest, created_ms(newest) * 1000)) for channel_id, newest in piece]
        )
        return len(piece)

    async def _write(self, parts: Sequence[Part]) -> None:
        await write_for_sure(self._session, parts, limit=self._limit)

    async def _compare_piece(self, piece: _Range) -> int:
        expected = piece.messages
        partition = _partition_of(expected)
        rows = await self._session.run(LIST_NEWER, *partition, piece.low, piece.high, len(expected) + 1)
        if [decode_message(row) for row in rows] != list(expected):
            raise DifferentMessages(f"messages of channel {partition[0]} differ from id {expected[0].id} on")
        return len(expected)

    async def _compare_author(self, piece: tuple[AuthorKey, Sequence[Place]]) -> int:
        key, expected = piece
        is_end = len(expected) < PIECE_ROWS
        rows = await self._session.run(LIST_BY_AUTHOR, *key, expected[0][1], len(expected) + is_end)
        if [tuple(row) for row in rows] != list(expected):
            raise DifferentMessages(f"the list of messages of author {key[1]} in guild {key[0]} differs")
        return len(expected)

    async def _compare_channel(self, piece: tuple[int, Sequence[int]]) -> int:
        channel_id, expected = piece
        rows = await self._session.run(LIST_NEWER_BUCKETS, channel_id, -1, len(expected) + 1)
        if [row[0] for row in rows] != list(expected):
            raise DifferentMessages(f"the buckets of channel {channel_id} differ")
        return len(expected)

    async def _compare_newest_piece(self, piece: Sequence[Place]) -> int:
        rows = await self._session.run(LAST_IDS, [channel_id for channel_id, _ in piece])
        if {row[0]: row[1] for row in rows} != dict(piece):
            raise DifferentMessages(f"the newest ids of channels from {piece[0][0]} on differ")
        return len(piece)


async def write_for_sure(session: CassandraSession, parts: Sequence[Part], *, limit: TryLimit) -> None:
    """Write rows as one request, again and again: unlike a sender of a message, nobody waits for an answer."""
    tries = limit.begin()
    while True:
        try:
            await (await session.begin_batch(parts))
        except Unavailable as error:
            await tries.rest_after(error if isinstance(error, OutcomeUnknown) else OutcomeUnknown())
        else:
            return


async def for_all(pieces: Iterable[Piece], work: Callable[[Piece], Awaitable[int]]) -> int:
    """Do the work for all pieces, some at once; return the sum. The first error ends it."""
    room = asyncio.Semaphore(_PIECES_AT_ONCE)
    total = 0

    async def do(piece: Piece) -> None:
        nonlocal total
        try:
            count = await work(piece)  # apart from the sum, which others raise meanwhile
            total += count
        finally:
            room.release()

    try:
        async with asyncio.TaskGroup() as group:
            for piece in pieces:
                await room.acquire()
                group.create_task(do(piece))
    except* (Unavailable, StartError) as errors:
        raise _first_of(errors) from None
    return total


def _first_of(errors: BaseExceptionGroup[Exception]) -> Exception:
    """Return one error of a group, which is in a group of its own for each level."""
    first = errors.exceptions[0]
    return _first_of(first) if isinstance(first, BaseExceptionGroup) else first


def _cut_by_size(messages: Iterable[Sequence[Message]]) -> Iterator[Sequence[Message]]:
    """Cut lists into shorter ones, by what their rows take."""
    for partition in messages:
        piece: list[Message] = []
        size = 0
        for message in partition:
            row = _ROW_BYTES + len(message.content.encode()) + len(bytes(message.embeds))
            row += _ATTACHMENT_BYTES * len(message.attachments)
            parts = (message.forward, message.webhook, message.source, message.poll, message.call)
            row += sum(len(_encode(part)) for part in parts if part)
            if piece and size + row > _MOST_BYTES:
                yield piece
                piece, size = [], 0
            piece.append(message)
            size += row
        yield piece


def _between(messages: Iterable[Sequence[Message]]) -> Iterator[_Range]:
    """Give each list the range of ids up to the next list, so that no other message can be between them."""
    pending: Sequence[Message] = ()
    low = 0
    for piece in messages:
        goes_on = bool(pending) and _partition_of(pending) == _partition_of(piece)
        if pending:
            yield _Range(pending, low, piece[0].id if goes_on else MAX_SNOWFLAKE)
        low = piece[0].id if goes_on else 0
        pending = piece
    if pending:
        yield _Range(pending, low, MAX_SNOWFLAKE)


def _partition_of(piece: Sequence[Message]) -> tuple[int, int]:
    return piece[0].channel_id, bucket_of(piece[0].id)
