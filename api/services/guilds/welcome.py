"""The message that a guild's system channel shows when somebody joins (Discord's USER_JOIN).

Bit 0 of the guild's system channel flags suppresses it, and so does a guild without a system channel.
"""

from typing import Final

from api.services.announcements import channel_event
from core.domain.events import MESSAGE_CREATE
from core.domain.guilds.guild import Guild
from core.domain.guilds.member import Member
from core.domain.messages.message import Message, MessageType, ResolvedMessage
from core.door.interfaces import Door, Opening
from core.store.aggregates.messages.messages import MessageStore
from core.wire.objects.messages.message import render_message_dispatch

SUPPRESS_JOIN_NOTIFICATIONS: Final = 1 << 0


class Welcome:
    """Writes USER_JOIN messages."""

    __slots__ = ("_door", "_messages")

    def __init__(self, *, messages: MessageStore, door: Door) -> None:
        self._messages = messages
        self._door = door

    async def announce_join(self, guild: Guild, member: Member) -> None:
        """Write the message, if the guild wants it."""
        channel_id = guild.system_channel_id
        if channel_id is None or guild.system_channel_flags & SUPPRESS_JOIN_NOTIFICATIONS:
            return
        opening = Opening(
            channel_id=channel_id, guild_id=guild.id, author_id=member.user.id, is_limited=False, mark=None
        )
        async with self._door.open(opening) as permit:
            message = Message(
                id=permit.id,
                channel_id=channel_id,
                guild_id=guild.id,
                author_id=member.user.id,
                type=MessageType.USER_JOIN,
            )
            payload = render_message_dispatch(ResolvedMessage(message=message, author=member.user), member)
            event = channel_event(message.id, MESSAGE_CREATE, guild.id, channel_id, payload, author_id=member.user.id)
            await self._messages.add(message, [event])
