"""Changes of published messages, which their copies are to follow (`api.services.crossposts`).

A change is noted in the store before it is made, and given to this process' publisher when it is made. So whatever dies
in between, a row says that the copies are to be looked at, and the sweep of crossposts finds it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from typing import Final

from api.services.ids import IdSource
from core.domain.channels.channel import Channel
from core.store.interfaces import Store

_MOST_WAITING: Final = 10_000
"""The messages that wait for the publisher. Those that find no place are found by the sweep."""


class Publications:
    """Notes changes."""

    __slots__ = ("_ids", "_store", "_waiting")

    def __init__(self, *, store: Store, ids: IdSource) -> None:
        self._store = store
        self._ids = ids
        self._waiting: asyncio.Queue[int] = asyncio.Queue(_MOST_WAITING)

    async def take(self) -> int:
        """Wait for a message whose copies are to be looked at, and return its id."""
        return await self._waiting.get()

    async def begin(self, channel: Channel, message_id: int) -> None:
        """Note that a message is about to be published, for each channel that follows its channel."""
        async with self._store.write(guilds=[channel.guild_id]) as tx:
            await tx.crossposts.begin(channel.id, message_id, change_id=self._ids.next())

    def hand_over(self, message_ids: Collection[int]) -> None:
        """Have the publisher look at the copies of messages whose noted changes are made."""
        for message_id in message_ids:
            with contextlib.suppress(asyncio.QueueFull):
                self._waiting.put_nowait(message_id)

    @contextlib.asynccontextmanager
    async def follow(self, guild_id: int, message_ids: Collection[int]) -> AsyncIterator[None]:
        """Have copies follow what the body changes, however it ends. Most messages have none, which costs a read.

        `guild_id` is that of the messages' channel, 0 for a private channel, whose messages have no copies.
        """
        noted = await self._note(guild_id, message_ids)
        try:
            yield
        finally:
            self.hand_over(noted)

    @contextlib.asynccontextmanager
    async def follow_deletion(self, guild_id: int, message_ids: Collection[int]) -> AsyncIterator[None]:
        """Do as `follow`; messages that others publish while the body deletes them are found after it."""
        noted = await self._note(guild_id, message_ids)
        try:
            yield
            others = [message_id for message_id in message_ids if message_id not in noted]
            noted = [*noted, *await self._note(guild_id, others)]
        finally:
            self.hand_over(noted)

    async def _note(self, guild_id: int, message_ids: Collection[int]) -> list[int]:
        if not guild_id or not message_ids:
            return []
        published = await self._store.crossposts.find_published(message_ids)
        if published:
            async with self._store.write(guilds=[guild_id]) as tx:
                await tx.crossposts.note(published, change_id=self._ids.next())
        return published
