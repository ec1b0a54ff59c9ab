"""The deletion of messages that are older than the operator keeps them (`instance.message_days`).

```
 each hour, channel by channel:  the oldest messages, a page at a time
     younger than the bound ─→ the next channel         pinned ─→ stays
     older ─→ deleted, at most 100 in a step, told as MESSAGE_DELETE_BULK
              (a single one, and each of a private channel, as MESSAGE_DELETE)
```

Deletions are told, so that clients that show old messages remove them, caches forget them, and the sweep of files takes
their files; copies in channels that follow go as well. In channels that are gone there is nobody to be told; their
messages are deleted all the same.

A turn looks only at what has come over the bound since the turn before. One in a day, and the first of a process, looks
at everything, and so finds what was unpinned, and what a turn has left that was ended.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.messages.forgotten_pins import ForgottenPins
from api.services.messages.message_events import messages_deleted
from api.services.messages.publications import Publications
from core.domain.channels.channel import Channel
from core.domain.errors import DomainError, UnknownChannel
from core.domain.ids import snowflake_at
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 3600.0
_TURNS_OF_A_DAY: Final = 24
_PAGE: Final = 100
"""Messages of a step: what one MESSAGE_DELETE_BULK may name, as at Discord."""
_CHANNELS: Final = 200
_DAY_MS: Final = 24 * 60 * 60 * 1000


class MessagePurge:
    """The purge of one process. In a cluster one process at a time runs it."""

    __slots__ = ("_clock", "_days", "_done_to", "_entities", "_ids", "_pins", "_publications", "_store", "_turn")

    def __init__(
        self,
        *,
        store: Store,
        entities: EntityCache,
        publications: Publications,
        ids: IdSource,
        clock: Clock,
        days: int,
    ) -> None:
        """`days` is the age from which messages go; with 0 nothing is to be run."""
        self._store = store
        self._entities = entities
        self._publications = publications
        self._ids = ids
        self._clock = clock
        self._days = days
        self._pins = ForgottenPins(store=store)
        self._done_to = 0
        """The bound of the turn before, when that came to its end."""
        self._turn = 0

    @property
    def is_on(self) -> bool:
        """Whether messages are ever deleted."""
        return self._days > 0

    async def run(self, is_held: Callable[[], bool] = lambda: True) -> None:
        """Purge again and again, until cancelled; only while `is_held` says that this process is the one to do it."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            if not is_held():
                self._turn = 0
                continue
            try:
                await self.purge()
            except DomainError as error:
                logger.warning("old messages could not be deleted", extra={"reason": error.text})

    async def purge(self) -> int:
        """Do one turn, and return how many messages were deleted. Raises Unavailable, OutcomeUnknown."""
        bound = snowflake_at(self._clock.now_ms() - self._days * _DAY_MS)
        # A turn that does not come to its end is followed by one that looks at everything.
        turn, self._turn = self._turn, 0
        after = self._done_to if turn else 0
        deleted = 0
        async for channel_id in self._list_channels():
            deleted += await self._purge_channel(channel_id, after, bound)
        self._turn, self._done_to = (turn + 1) % _TURNS_OF_A_DAY, bound
        if deleted:
            logger.info("old messages were deleted", extra={"messages": deleted})
        return deleted

    async def _list_channels(self) -> AsyncIterator[int]:
        last: int | None = None
        while True:
            page = await self._store.messages.list_channels(after=last, limit=_CHANNELS)
            for channel_id in page:
                yield channel_id
            if len(page) < _CHANNELS:
                return
            last = page[-1]

    async def _purge_channel(self, channel_id: int, after: int, bound: int) -> int:
        """Delete a channel's messages between two ids, without the pinned ones, and return how many they were."""
        deleted = 0
        while True:
            page = await self._store.messages.list_page(channel_id, after=after, limit=_PAGE)
            old = [message for message in page if message.id < bound]
            wanted = sorted(message.id for message in old if not message.pinned)
            if wanted:
                deleted += await self._delete(await self._find(channel_id), channel_id, wanted)
            if len(old) < _PAGE:
                return deleted
            after = old[0].id

    async def _delete(self, channel: Channel | None, channel_id: int, message_ids: Sequence[int]) -> int:
        if channel is None:
            return len(await self._store.messages.delete(channel_id, message_ids, []))
        if not channel.guild_id and len(message_ids) > 1:
            return sum([await self._delete(channel, channel_id, [message_id]) for message_id in message_ids])
        events = messages_deleted(self._ids.next(), channel, message_ids)
        async with self._publications.follow_deletion(channel.guild_id, message_ids):
            deleted = await self._store.messages.delete(channel_id, message_ids, events)
        await self._pins.forget(channel, message_ids)  # of one that was pinned meanwhile
        return len(deleted)

    async def _find(self, channel_id: int) -> Channel | None:
        try:
            return await self._entities.channel(channel_id)
        except UnknownChannel:
            return None
