"""Reactions on SQL: the `ReactionStore` of the embedded store, and the `ReactionRows` of a cluster without Cassandra.

Each change is a transaction of its own. It locks the message's row first, so changes of one message come one after
another and none comes after its deletion; then it reads, and writes the reaction and the counts together.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Integer, and_, bindparam, delete, insert, select

from core.domain.errors import UnknownMessage
from core.domain.ids import bucket_of
from core.domain.messages.reaction import Counts, OwnReactions, Reaction, count_added, count_removed, count_without
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.engine.places import Places
from core.store.sql.engine.query import Query
from core.store.sql.schema.tables.messages import GONE, messages
from core.store.sql.schema.tables.reactions import reaction_counts, reactions
from core.store.sql.writing.interfaces import Writing
from core.wire.envelope import Envelope

T = TypeVar("T")

_LOCK = Query(
    select(messages.c.id)
    .where(
        messages.c.channel_id == bindparam("channel_id"),
        messages.c.bucket == bindparam("bucket"),
        messages.c.id == bindparam("message_id"),
        messages.c.version > GONE,
    )
    .with_for_update()  # SQLite has one writer and no such clause
)
_FIND = Query(
    select(reactions.c.id).where(
        reactions.c.channel_id == bindparam("channel_id"),
        reactions.c.message_id == bindparam("message_id"),
        reactions.c.emoji == bindparam("emoji"),
        reactions.c.is_burst == bindparam("is_burst"),
        reactions.c.user_id == bindparam("user_id"),
    )
)
_LIST = Query(
    select(reactions.c.user_id)
    .where(
        reactions.c.channel_id == bindparam("channel_id"),
        reactions.c.message_id == bindparam("message_id"),
        reactions.c.emoji == bindparam("emoji"),
        reactions.c.is_burst == bindparam("is_burst"),
        reactions.c.user_id > bindparam("after", type_=BigInteger),
    )
    .order_by(reactions.c.user_id)
    .limit(bindparam("limit", type_=Integer))
)


class _CountsOf:
    """The statement for one number of messages."""

    __slots__ = ("places", "query")

    def __init__(self, size: int) -> None:
        self.places = Places("message_id", size)
        self.query = Query(
            select(reaction_counts.c.message_id, reaction_counts.c.counts).where(
                reaction_counts.c.channel_id == bindparam("channel_id"),
                reaction_counts.c.message_id.in_(self.places.parameters),
            )
        )


_COUNTS_OF: Final = [_CountsOf(size) for size in (1, 10, 50, 100)]
"""The sizes suit one message, a few new ones, and the pages of clients."""
_MESSAGES_AT_ONCE: Final = _COUNTS_OF[-1].places.size


class SqlReactions:
    """Reactions over a store's reads and its writer."""

    __slots__ = ("_dialect", "_reads", "_writer")

    def __init__(self, *, reads: Executor, writer: Writing, dialect: Dialect) -> None:
        self._reads = reads
        self._writer = writer
        self._dialect = dialect

    async def find(self, reaction: Reaction) -> Reaction | None:
        found = await _find_id(self._reads, reaction)
        return None if found is None else msgspec.structs.replace(reaction, id=found)

    async def count(self, channel_id: int, message_ids: Collection[int]) -> dict[int, Counts]:
        wanted = list(message_ids)
        found: dict[int, Counts] = {}
        for start in range(0, len(wanted), _MESSAGES_AT_ONCE):
            found |= await _count(self._reads, channel_id, wanted[start : start + _MESSAGES_AT_ONCE])
        return found

    async def find_own(self, channel_id: int, counts: Mapping[int, Counts], user_id: int) -> dict[int, OwnReactions]:
        keys = {count.key for of_message in counts.values() for count in of_message}
        # Every column of the primary key is given, so each alternative is one search of it.
        statement = select(reactions.c.message_id, reactions.c.emoji, reactions.c.is_burst).where(
            reactions.c.channel_id == channel_id,
            reactions.c.message_id.in_(list(counts)),
            reactions.c.emoji.in_(keys),
            reactions.c.is_burst.in_((False, True)),
            reactions.c.user_id == user_id,
        )
        own: dict[int, set[tuple[str, bool]]] = {}
        for message_id, key, is_burst in await self._reads.fetch_all(statement) if counts else ():
            own.setdefault(message_id, set()).add((key, is_burst))
        return dict(own)

    async def list_user_ids(
        self, channel_id: int, message_id: int, key: str, *, is_burst: bool, after: int, limit: int
    ) -> list[int]:
        rows = await self._reads.query(
            _LIST,
            channel_id=channel_id,
            message_id=message_id,
            emoji=key,
            is_burst=is_burst,
            after=after,
            limit=limit,
        )
        return [row[0] for row in rows]

    async def add(self, reaction: Reaction, envelopes: Sequence[Envelope] = (), *, may_begin: bool) -> bool:
        async def work(db: Executor) -> bool:
            if not await _lock(db, reaction.channel_id, reaction.message_id):
                raise UnknownMessage
            stored_id = await _find_id(db, reaction)
            if stored_id is not None:
                return stored_id == reaction.id  # this change has stored it, in an earlier attempt
            counts = await self._counts_of(db, reaction.channel_id, reaction.message_id)
            counts = count_added(counts, reaction, may_begin=may_begin)
            await db.execute(insert(reactions).values(_row_of(reaction)))
            await self._put_counts(db, reaction.channel_id, reaction.message_id, counts)
            return True

        return await self._change(work, envelopes)

    async def remove(self, reaction: Reaction, envelopes: Sequence[Envelope] = ()) -> bool:
        async def work(db: Executor) -> bool:
            await _lock(db, reaction.channel_id, reaction.message_id)
            if not await db.execute(delete(reactions).where(_is_reaction(reaction))):
                return False
            counts = await self._counts_of(db, reaction.channel_id, reaction.message_id)
            await self._put_counts(db, reaction.channel_id, reaction.message_id, count_removed(counts, reaction))
            return True

        return await self._change(work, envelopes)

    async def remove_all(
        self, channel_id: int, message_id: int, key: str | None, envelopes: Sequence[Envelope] = ()
    ) -> bool:
        are_gone = [reactions.c.channel_id == channel_id, reactions.c.message_id == message_id]
        if key is not None:
            are_gone.append(reactions.c.emoji == key)

        async def work(db: Executor) -> bool:
            await _lock(db, channel_id, message_id)
            if not await db.execute(delete(reactions).where(*are_gone)):
                return False
            counts = await self._counts_of(db, channel_id, message_id)
            await self._put_counts(db, channel_id, message_id, count_without(counts, key))
            return True

        return await self._change(work, envelopes)

    async def _change(self, work: Callable[[Executor], Awaitable[bool]], envelopes: Sequence[Envelope]) -> bool:
        async def errand(db: Executor) -> tuple[bool, Sequence[Envelope]]:
            is_changed = await work(db)
            return is_changed, envelopes if is_changed else ()

        return await self._writer.run_errand(errand)

    async def _counts_of(self, db: Executor, channel_id: int, message_id: int) -> Counts:
        return (await _count(db, channel_id, [message_id])).get(message_id, ())

    async def _put_counts(self, db: Executor, channel_id: int, message_id: int, counts: Counts) -> None:
        if not counts:
            is_place = reaction_counts.c.channel_id == channel_id, reaction_counts.c.message_id == message_id
            await db.execute(delete(reaction_counts).where(*is_place))
            return
        put = self._dialect.insert(reaction_counts).values(channel_id=channel_id, message_id=message_id, counts=counts)
        await db.execute(
            put.on_conflict_do_update(
                index_elements=[reaction_counts.c.channel_id, reaction_counts.c.message_id],
                set_={"counts": put.excluded.counts},
            )
        )


async def delete_reactions(db: Executor, channel_id: int, message_ids: Collection[int]) -> None:
    """Delete the reactions to messages, in the transaction that deletes these."""
    for table in (reactions, reaction_counts):
        await db.execute(
            delete(table).where(table.c.channel_id == channel_id, table.c.message_id.in_(list(message_ids)))
        )


async def _lock(db: Executor, channel_id: int, message_id: int) -> bool:
    """Lock the message until the transaction ends; return whether it is there."""
    return bool(await db.query(_LOCK, channel_id=channel_id, bucket=bucket_of(message_id), message_id=message_id))


async def _find_id(db: Executor, reaction: Reaction) -> int | None:
    rows = await db.query(
        _FIND,
        channel_id=reaction.channel_id,
        message_id=reaction.message_id,
        emoji=reaction.key,
        is_burst=reaction.is_burst,
        user_id=reaction.user_id,
    )
    return rows[0][0] if rows else None


async def _count(db: Executor, channel_id: int, message_ids: Sequence[int]) -> dict[int, Counts]:
    if not message_ids:
        return {}
    asked = next(each for each in _COUNTS_OF if each.places.size >= len(message_ids))
    rows = await db.query(asked.query, channel_id=channel_id, **asked.places.bind(message_ids))
    return {row[0]: row[1] for row in rows}


def _is_reaction(reaction: Reaction) -> ColumnElement[bool]:
    return and_(*(reactions.c[name] == value for name, value in _row_of(reaction).items() if name != "id"))


def _row_of(reaction: Reaction) -> dict[str, int | str | bool]:
    return {
        "channel_id": reaction.channel_id,
        "message_id": reaction.message_id,
        "emoji": reaction.key,
        "is_burst": reaction.is_burst,
        "user_id": reaction.user_id,
        "id": reaction.id,
    }
