"""All messages and reactions of a keyspace, page by page, in the order of Cassandra's tokens.

The keyspace is in use meanwhile. A row that is there from the beginning to the end of a scan is found once, as it is
when its page is read. A page that servers do not give is asked for again for a while; one with too many deleted rows is
asked for in smaller pieces.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from cassandra import DriverException
from cassandra.cluster import NoHostAvailable, Session
from cassandra.query import SimpleStatement

from core.domain.errors import OutcomeUnknown, Unavailable
from core.domain.messages.message import Message
from core.domain.messages.reaction import Counts, Reaction
from core.runtime.clock import Clock
from core.store.cassandra.columns import decode_message
from core.store.cassandra.errors import TooManyTombstones, translate
from core.store.cassandra.reactions import decode_counts
from core.store.cassandra.statements import FIELDS, Kind
from core.store.cassandra.tries import TryLimit

_PAGE_ROWS: Final = 1000
"""About half a megabyte of messages."""
_LEAST_ROWS: Final = 10
_PAGE_S: Final = 60.0
"""How long a page is asked for while servers are busy or away."""
_MESSAGE: Final = ", ".join(("channel_id", "message_id", *FIELDS))
_REACTION: Final = ("channel_id", "message_id", "emoji", "is_burst", "user_id", "id")


class Reacted(msgspec.Struct, frozen=True):
    """The reactions to one message, and what it shows of them."""

    reactions: list[Reaction]
    shown: Counts


class MessageScan:
    """The scans of one keyspace. All raise Unavailable."""

    __slots__ = ("_driver", "_keyspace", "_limit")

    def __init__(self, *, driver: Session, keyspace: str, clock: Clock) -> None:
        self._driver = driver
        self._keyspace = keyspace
        self._limit = TryLimit(clock=clock, limit_s=_PAGE_S)

    async def list_messages(self) -> AsyncIterator[list[Message]]:
        """Yield all messages."""
        async for rows in self._list_pages("messages", _MESSAGE):
            yield [message for message in map(decode_message, rows) if message is not None]

    async def list_reacted(self) -> AsyncIterator[Reacted]:
        """Yield the reactions to each message that has some."""
        pending = Reacted([], ())
        async for rows in self._list_pages("reactions", ", ".join((*_REACTION, "counts"))):
            for *values, counts in rows:
                reaction = Reaction(**dict(zip(_REACTION, values, strict=True)))
                if reaction.emoji is None:  # of a message whose reactions have all gone
                    continue
                if pending.reactions and _place_of(pending.reactions[0]) != _place_of(reaction):
                    yield pending
                    pending = Reacted([], ())
                pending.reactions.append(reaction)
                pending = Reacted(pending.reactions, decode_counts(counts) if counts else ())
        if pending.reactions:
            yield pending

    async def list_newest(self) -> AsyncIterator[tuple[int, int]]:
        """Yield each channel with the newest id that was ever sent in it."""
        async for rows in self._list_pages("last_messages", "channel_id, message_id"):
            for channel_id, message_id in rows:
                yield channel_id, message_id

    async def _list_pages(self, table: str, columns: str) -> AsyncIterator[list[Any]]:
        text = f'SELECT {columns} FROM "{self._keyspace}".{table}'  # noqa: S608 - settings bound its letters
        statement = SimpleStatement(text, fetch_size=_PAGE_ROWS, is_idempotent=True)
        after: bytes | None = None
        while True:
            rows, after = await self._fetch(statement, after)
            yield rows
            if not after:
                return

    async def _fetch(self, statement: SimpleStatement, after: bytes | None) -> tuple[list[Any], bytes | None]:
        tries = self._limit.begin()
        while True:
            try:
                return await asyncio.to_thread(self._ask, statement, after)
            except TooManyTombstones as error:
                if statement.fetch_size <= _LEAST_ROWS:
                    raise Unavailable from error.__cause__
                statement.fetch_size //= 2
            except Unavailable as error:
                unknown = OutcomeUnknown()  # nothing is lost by another try
                unknown.__cause__ = error.__cause__
                await tries.rest_after(unknown)

    def _ask(self, statement: SimpleStatement, after: bytes | None) -> tuple[list[Any], bytes | None]:
        try:
            found = self._driver.execute(statement, paging_state=after)
        except (DriverException, NoHostAvailable) as error:
            raise translate(error, Kind.READ) from error
        return list(found.current_rows), found.paging_state


def _place_of(reaction: Reaction) -> tuple[int, int]:
    return reaction.channel_id, reaction.message_id
