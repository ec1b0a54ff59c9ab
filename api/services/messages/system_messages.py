"""Messages that the server writes: into private channels who was added, who is gone, the new name, a call; into the
chats of stages that these are live.

They pass the door of the channel as others do, so they have their place among the messages, but count for no limit.
"""

from collections.abc import Sequence

import msgspec

from api.services.entity_cache import EntityCache
from api.services.messages.message_events import message_created
from core.domain.errors import UnknownChannel
from core.domain.messages.call_note import CallNote
from core.domain.messages.message import Message, MessageType, ResolvedMessage
from core.domain.people.user import User
from core.door.interfaces import Door, Opening
from core.store.aggregates.messages.messages import MessageStore
from core.wire.objects.messages.message import render_message_dispatch

_encode = msgspec.json.Encoder().encode


class SystemMessages:
    """Writes system messages."""

    __slots__ = ("_door", "_entities", "_messages")

    def __init__(self, *, entities: EntityCache, messages: MessageStore, door: Door) -> None:
        self._entities = entities
        self._messages = messages
        self._door = door

    async def write(
        self,
        channel_id: int,
        kind: MessageType,
        author: User,
        *,
        mentioned: Sequence[User] = (),
        content: str = "",
        call: CallNote | None = None,
        mentions_everyone: bool = False,
    ) -> int | None:
        """Write a message of this kind into a channel, in the author's name, for those who read it now.

        Return its id. Nothing is written into a channel that is gone.
        """
        try:
            channel = await self._entities.channel(channel_id)
        except UnknownChannel:
            return None
        member = await self._entities.member(channel.guild_id, author.id) if channel.guild_id else None
        opening = Opening(
            channel_id=channel.id, guild_id=channel.guild_id, author_id=author.id, is_limited=False, mark=None
        )
        async with self._door.open(opening) as permit:
            message = Message(
                id=permit.id,
                channel_id=channel.id,
                guild_id=channel.guild_id,
                author_id=author.id,
                type=kind,
                content=content,
                mention_ids=tuple(user.id for user in mentioned),
                mention_everyone=mentions_everyone,
                call=call,
            )
            resolved = ResolvedMessage(message=message, author=author, mentions=tuple(mentioned))
            payload = msgspec.Raw(_encode(render_message_dispatch(resolved, member)))
            await self._messages.add(message, message_created(channel, message, payload))
            return message.id
