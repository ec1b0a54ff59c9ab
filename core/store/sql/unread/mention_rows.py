"""The rows of mentions: written with the message in an embedded store, beside it in a cluster (`MentionRows`).

A message that names nobody writes none, and one that mentions everybody writes one. A row goes when its message goes,
or after a year, by `purge_oldest`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import delete, select

from core.domain.ids import snowflake_at
from core.domain.messages.message import Message
from core.domain.messages.read_state import find_targets
from core.runtime.clock import Clock
from core.store.sql.engine.connection import Executor
from core.store.sql.engine.dialect import Dialect
from core.store.sql.schema.tables.read_states import dismissed_mentions, mentions
from core.wire.envelope import Envelope

T = TypeVar("T")

MENTION_LIFETIME_MS: Final = 365 * 24 * 60 * 60 * 1000
"""The age at which a mention neither counts nor is listed any more. It bounds what is read for whoever never reads."""
_PURGED_BESIDES: Final = 8
"""The old rows that a new message removes beyond as many as it writes, where no chore does."""

MENTION_COLUMNS: Final = [column.name for column in mentions.columns]


def mention_rows(message: Message, *, is_ping: bool = True) -> Iterable[tuple[Any, ...]]:
    """Return the rows of a message, in the order of the table's columns."""
    for target_id in find_targets(message):
        yield (target_id, message.channel_id, message.id, message.guild_id, message.author_id, is_ping)


async def replace_mentions(db: Executor, dialect: Dialect, message: Message) -> None:
    """Write the targets of an edited message. Those that the edit has added are no pings."""
    targets = find_targets(message)
    await db.execute(delete(mentions).where(mentions.c.message_id == message.id, mentions.c.target_id.not_in(targets)))
    await _put(db, dialect, message, is_ping=False)


async def drop_mentions(db: Executor, message_ids: Collection[int]) -> None:
    """Remove the targets of deleted messages."""
    await db.execute(delete(mentions).where(mentions.c.message_id.in_(message_ids)))


async def purge_oldest(db: Executor, *, now_ms: int, limit: int) -> int:
    """Remove up to `limit` mentions whose time is over, and as many dismissals; return the number of the mentions."""
    before_id = snowflake_at(now_ms - MENTION_LIFETIME_MS)
    removed = []
    for table in (mentions, dismissed_mentions):
        oldest = select(table.c.message_id).where(table.c.message_id < before_id).order_by(table.c.message_id)
        removed.append(await db.execute(delete(table).where(table.c.message_id.in_(oldest.limit(limit)))))
    return removed[0]


async def _put(db: Executor, dialect: Dialect, message: Message, *, is_ping: bool) -> int:
    rows = [dict(zip(MENTION_COLUMNS, row, strict=True)) for row in mention_rows(message, is_ping=is_ping)]
    if rows:
        await db.execute(dialect.insert(mentions).on_conflict_do_nothing(), rows)
    return len(rows)


class Writing(Protocol):
    """The part of a store's writer that runs a function as a transaction of its own."""

    async def run_errand(self, work: Callable[[Executor], Awaitable[tuple[T, Sequence[Envelope]]]]) -> T:
        """Run the function and wait for the commit. Raises Unavailable, OutcomeUnknown."""


class SqlMentionRows:
    """The `MentionRows` of a cluster."""

    __slots__ = ("_clock", "_dialect", "_writer")

    def __init__(self, *, writer: Writing, dialect: Dialect, clock: Clock) -> None:
        self._writer = writer
        self._dialect = dialect
        self._clock = clock

    async def put(self, message: Message) -> None:
        async def work(db: Executor) -> tuple[None, Sequence[Envelope]]:
            made = await _put(db, self._dialect, message, is_ping=True)
            await purge_oldest(db, now_ms=self._clock.now_ms(), limit=made + _PURGED_BESIDES)
            return None, ()

        await self._writer.run_errand(work)

    async def replace(self, message: Message) -> None:
        async def work(db: Executor) -> tuple[None, Sequence[Envelope]]:
            await replace_mentions(db, self._dialect, message)
            return None, ()

        await self._writer.run_errand(work)

    async def drop(self, message_ids: Collection[int]) -> None:
        async def work(db: Executor) -> tuple[None, Sequence[Envelope]]:
            await drop_mentions(db, message_ids)
            return None, ()

        await self._writer.run_errand(work)
