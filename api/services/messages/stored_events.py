"""The events of messages, made of stored rows: for who ends what a process that died has begun.

An event shows the message as it is stored now, which is never older than what it announces.
"""

from collections.abc import Sequence

from api.services.entity_cache import EntityCache
from api.services.messages.message_events import message_created, message_updated, messages_deleted
from api.services.messages.pages.message_renderer import MessageRenderer
from core.domain.channels.channel import Channel
from core.domain.errors import UnknownChannel
from core.domain.guilds.member import Member
from core.domain.messages.message import Message
from core.wire.envelope import Envelope


class StoredMessageEvents:
    """Makes events. Of a channel that is deleted it makes none: nobody is told."""

    __slots__ = ("_entities", "_renderer")

    def __init__(self, *, entities: EntityCache, renderer: MessageRenderer) -> None:
        self._entities = entities
        self._renderer = renderer

    async def created(self, message: Message) -> Sequence[Envelope]:
        """Make MESSAGE_CREATE, which has the message's id."""
        channel = await self._find_channel(message.channel_id)
        if channel is None:
            return ()
        encoded = self._renderer.encode(
            await self._renderer.resolve_for_dispatch(message), await self._find_member(message)
        )
        return message_created(channel, message, encoded.dispatch)

    async def updated(self, event_id: int, message: Message) -> Sequence[Envelope]:
        """Make MESSAGE_UPDATE."""
        channel = await self._find_channel(message.channel_id)
        if channel is None:
            return ()
        resolved = await self._renderer.resolve_for_dispatch(message)
        encoded = self._renderer.encode(resolved, await self._find_member(message), with_nonce=False)
        return message_updated(event_id, channel, message, encoded.dispatch)

    async def deleted(self, event_id: int, channel_id: int, message_ids: Sequence[int]) -> Sequence[Envelope]:
        """Make MESSAGE_DELETE or MESSAGE_DELETE_BULK."""
        channel = await self._find_channel(channel_id)
        return () if channel is None else messages_deleted(event_id, channel, message_ids)

    async def _find_channel(self, channel_id: int) -> Channel | None:
        try:
            return await self._entities.channel(channel_id)
        except UnknownChannel:
            return None

    async def _find_member(self, message: Message) -> Member | None:
        return await self._entities.member(message.guild_id, message.author_id) if message.guild_id else None
