"""The answer to a repeated nonce: the first message that its author sent with it, as it is now.

The store knows nonces beyond the life of a process. A message of an earlier process may have been stored without a
dispatch to any session, so its event is published again, once, under the message's id, by which actors know the events
that they have applied.
"""

from typing import Final

from cachetools import FIFOCache

from api.services.access import ChannelAccess
from api.services.messages.message_events import message_created
from api.services.messages.pages.message_cache import MessageCache
from api.services.messages.pages.message_renderer import EncodedMessage, MessageRenderer
from core.bus.interfaces import Bus
from core.domain.messages.message import Message

MAX_REPUBLISHED: Final = 16_384
"""The messages that are remembered as published again, about 2 MiB. Repeats come within seconds."""


class FirstMessages:
    """Finds and shows the first message of a nonce."""

    __slots__ = ("_bus", "_messages", "_own_from", "_renderer", "_republished")

    def __init__(self, *, messages: MessageCache, renderer: MessageRenderer, bus: Bus, own_from: int) -> None:
        """`own_from` is a snowflake that this process made: its messages have larger ids, earlier ones smaller."""
        self._messages = messages
        self._renderer = renderer
        self._bus = bus
        self._own_from = own_from
        self._republished: FIFOCache[int, None] = FIFOCache(MAX_REPUBLISHED)

    async def find(self, repeat: Message) -> Message:
        """Return the message that has the repeat's id; the repeat itself when that one was deleted meanwhile."""
        return await self._messages.find(repeat.channel_id, repeat.id) or repeat

    async def show(self, access: ChannelAccess, message: Message) -> EncodedMessage:
        """Encode the message for its author."""
        resolved = await self._renderer.resolve_for_dispatch(message)
        return self._renderer.encode(resolved, None if access.guild is None else access.guild.member)

    async def tell_again(self, access: ChannelAccess, message: Message) -> EncodedMessage:
        """Encode the message for its author, and publish its event again if it may not have been dispatched."""
        encoded = await self.show(access, message)
        # A message that was deleted meanwhile is not brought back.
        if self._claim(message.id) and await self._messages.find(message.channel_id, message.id):
            await self._bus.publish(message_created(access.channel, message, encoded.dispatch))
        return encoded

    def _claim(self, message_id: int) -> bool:
        """Tell whether to publish the event again."""
        if message_id >= self._own_from or message_id in self._republished:
            return False
        self._republished[message_id] = None
        return True
