"""The pins of deleted messages, which go with them and are told to nobody, as at Discord.

A process that dies before has left a pin without its message, which the channel's next list removes.
"""

from collections.abc import Collection

from core.domain.channels.channel import Channel
from core.store.interfaces import Store


class ForgottenPins:
    """Removes pins."""

    __slots__ = ("_store",)

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def forget(self, channel: Channel, message_ids: Collection[int]) -> None:
        """Remove the pins of deleted messages. Mostly there are none, which costs one read."""
        pinned = await self._store.pins.find_among(channel.id, message_ids)
        if pinned:
            users, guilds = ((), (channel.guild_id,)) if channel.guild_id else (channel.recipient_ids, ())
            async with self._store.write(users=users, guilds=guilds) as tx:
                await tx.pins.delete(channel.id, pinned)
