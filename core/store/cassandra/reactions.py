"""The `ReactionRows` on Cassandra. A message's reactions are a partition, so a change is one conditional batch:

    IF version = n:  version n + 1, counts  +  the rows that come or go

The rows and their counts change together or not at all, and of two changes that meet, the later one is made again on
top of the other. After a try whose outcome is not known everything is read at serial consistency, which ends what was
left half done; then what is wanted is there, or is tried again. A reaction's row has the id of its change, which tells
it from another device's.

The reactions of a deleted message are deleted at a timestamp that no write will ever have. So a change that comes later
than that, such as one that had found the message still there, is never seen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final

import msgspec

from core.domain.errors import Unavailable, UnknownMessage
from core.domain.messages.reaction import (
    Counts,
    OwnReactions,
    Reaction,
    ReactionCount,
    count_added,
    count_removed,
    count_without,
    find_count,
)
from core.store.cassandra.columns import decode_message, place_of
from core.store.cassandra.companions import Part
from core.store.cassandra.session import CassandraSession
from core.store.cassandra.statements import (
    CHANGE_REACTIONS,
    COUNT_REACTIONS,
    COUNT_REACTIONS_DECIDED,
    DELETE_EMOJI,
    DELETE_REACTION,
    FIND,
    FIND_OWN_REACTIONS,
    FIND_REACTION,
    FIND_REACTION_DECIDED,
    FORGET_REACTIONS,
    LIST_REACTED,
    PUT_REACTION,
)
from core.store.cassandra.tries import Tries, TryLimit
from core.store.cassandra.turns import Turns

_MESSAGES_AT_ONCE: Final = 50
"""The messages of one read, as `last_ids` has channels."""
_FOREVER_US: Final = 1 << 62
"""The timestamp of the end of a message's reactions: far above those of all clocks."""
_FORGOTTEN_AT_ONCE: Final = 16


class _Change(msgspec.Struct, frozen=True):
    """A change of a message's reactions, as it was worked out from what is stored now."""

    counts: Counts
    parts: Sequence[Part]


encode_counts = msgspec.msgpack.Encoder().encode
decode_counts = msgspec.msgpack.Decoder(tuple[ReactionCount, ...]).decode


class CassandraReactions:
    """Reactions over one session."""

    __slots__ = ("_limit", "_session", "_turns")

    def __init__(self, *, session: CassandraSession, limit: TryLimit) -> None:
        self._session = session
        self._limit = limit
        self._turns = Turns()

    async def find(self, reaction: Reaction) -> Reaction | None:
        rows = await self._session.run(FIND_REACTION_DECIDED, *reaction_key(reaction))
        return msgspec.structs.replace(reaction, id=rows[0][0]) if rows else None

    async def count(self, channel_id: int, message_ids: Collection[int]) -> dict[int, Counts]:
        wanted = list(message_ids)
        parts = [wanted[start : start + _MESSAGES_AT_ONCE] for start in range(0, len(wanted), _MESSAGES_AT_ONCE)]
        found: dict[int, Counts] = {}
        for some in await asyncio.gather(*(read_counts(self._session, channel_id, part) for part in parts)):
            found |= some
        return found

    async def find_own(self, channel_id: int, counts: Mapping[int, Counts], user_id: int) -> dict[int, OwnReactions]:
        if not counts:
            return {}
        keys = sorted({count.key for of_message in counts.values() for count in of_message})
        rows = await self._session.run(FIND_OWN_REACTIONS, channel_id, list(counts), keys, user_id)
        own: dict[int, set[tuple[str, bool]]] = {}
        for message_id, key, is_burst in rows:
            own.setdefault(message_id, set()).add((key, is_burst))
        return dict(own)

    async def list_user_ids(
        self, channel_id: int, message_id: int, key: str, *, is_burst: bool, after: int, limit: int
    ) -> list[int]:
        rows = await self._session.run(LIST_REACTED, channel_id, message_id, key, is_burst, after, limit)
        return [row[0] for row in rows]

    async def add(self, reaction: Reaction, *, may_begin: bool) -> bool:
        channel_id, message_id = reaction.channel_id, reaction.message_id

        async def work_out(counts: Counts, tries: Tries) -> _Change | bool:
            if await self._is_gone(channel_id, message_id):
                raise UnknownMessage
            stored_id = await self._find_id(reaction, tries)
            if stored_id is not None:
                return stored_id == reaction.id  # this change has stored it, in an earlier try
            put = (PUT_REACTION, (*reaction_key(reaction), reaction.id))
            return _Change(count_added(counts, reaction, may_begin=may_begin), [put])

        return await self._change(channel_id, message_id, work_out)

    async def remove(self, reaction: Reaction) -> bool:
        async def work_out(counts: Counts, tries: Tries) -> _Change | bool:
            if await self._find_id(reaction, tries) is None:
                return tries.is_unknown
            return _Change(count_removed(counts, reaction), [(DELETE_REACTION, reaction_key(reaction))])

        return await self._change(reaction.channel_id, reaction.message_id, work_out)

    async def remove_all(self, channel_id: int, message_id: int, key: str | None) -> bool:
        async def work_out(counts: Counts, tries: Tries) -> _Change | bool:
            keys = [count.key for count in counts] if key is None else [key]
            if not counts or (key is not None and find_count(counts, key) is None):
                return tries.is_unknown
            parts: list[Part] = [(DELETE_EMOJI, (channel_id, message_id, each)) for each in keys]
            return _Change(count_without(counts, key), parts)

        return await self._change(channel_id, message_id, work_out)

    async def forget(self, channel_id: int, message_ids: Collection[int]) -> None:
        """Remove the reactions of deleted messages for good. Raises Unavailable, OutcomeUnknown."""
        wanted = list(message_ids)
        for start in range(0, len(wanted), _FORGOTTEN_AT_ONCE):
            some = wanted[start : start + _FORGOTTEN_AT_ONCE]
            await asyncio.gather(*(self._forget_one(channel_id, each) for each in some))

    async def _forget_one(self, channel_id: int, message_id: int) -> None:
        tries = self._limit.begin()
        while True:
            try:
                await self._session.run(FORGET_REACTIONS, _FOREVER_US, channel_id, message_id)
            except Unavailable as error:
                await tries.rest_after(error)
            else:
                return

    async def _change(
        self, channel_id: int, message_id: int, work_out: Callable[[Counts, Tries], Awaitable[_Change | bool]]
    ) -> bool:
        """Make a change until it is made, or `work_out` says that there is none to make, and whether it was made."""
        tries = self._limit.begin()
        # A turn is taken for the whole: what is read is then mostly still so when it is written.
        async with self._turns.taken((channel_id, message_id)):
            while True:
                try:
                    statement = COUNT_REACTIONS_DECIDED if tries.is_unknown else COUNT_REACTIONS
                    rows = await self._session.run(statement, channel_id, [message_id])
                    _, version, encoded = rows[0] if rows else (0, None, None)
                    change = await work_out(decode_counts(encoded) if encoded else (), tries)
                    if isinstance(change, bool):
                        return change
                    condition = ((version or 0) + 1, encode_counts(change.counts), channel_id, message_id, version)
                    answer = await (await self._session.begin_batch([(CHANGE_REACTIONS, condition), *change.parts]))
                    if answer[0][0]:
                        return True
                except Unavailable as error:
                    await tries.rest_after(error)

    async def _is_gone(self, channel_id: int, message_id: int) -> bool:
        rows = await self._session.run(FIND, *place_of(channel_id, message_id))
        return not rows or decode_message(rows[0]) is None

    async def _find_id(self, reaction: Reaction, tries: Tries) -> int | None:
        statement = FIND_REACTION_DECIDED if tries.is_unknown else FIND_REACTION
        rows = await self._session.run(statement, *reaction_key(reaction))
        return rows[0][0] if rows else None


async def read_counts(session: CassandraSession, channel_id: int, message_ids: Sequence[int]) -> dict[int, Counts]:
    """Return what messages show, without those that show nothing. Raises Unavailable."""
    rows = await session.run(COUNT_REACTIONS, channel_id, message_ids)
    return {row[0]: counts for row in rows if row[2] and (counts := decode_counts(row[2]))}


def reaction_key(reaction: Reaction) -> tuple[Any, ...]:
    """Return the primary key of a reaction."""
    return reaction.channel_id, reaction.message_id, reaction.key, reaction.is_burst, reaction.user_id
