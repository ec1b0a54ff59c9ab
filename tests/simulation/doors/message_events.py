"""The channels of the doors' world, and the events of their messages, without anything to render.

Three channels are a guild's. Two are direct ones, whose events go to the logs of two shards.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from api.services.messages.message_events import message_created, message_updated, messages_deleted
from core.domain.channels.channel import Channel, ChannelType
from core.domain.messages.message import Message
from core.wire.envelope import Envelope

_GUILD_ID: Final = 7 << 22
AUTHORS: Final = tuple(number << 22 for number in range(1, 9))
CHANNELS: Final = {
    channel.id: channel
    for channel in (
        *(Channel(id=number, type=ChannelType.TEXT, guild_id=_GUILD_ID) for number in (101, 102, 103)),
        Channel(id=20 << 22, type=ChannelType.DM, recipient_ids=AUTHORS[0:2]),
        Channel(id=21 << 22, type=ChannelType.DM, recipient_ids=AUTHORS[2:4]),
    )
}


class Shown(msgspec.Struct, omit_defaults=True):
    """What an event's payload says of messages."""

    id: str = ""
    ids: list[str] = []
    content: str = ""


class MessageEvents:
    """The events of rows."""

    async def created(self, message: Message) -> Sequence[Envelope]:
        """Make MESSAGE_CREATE."""
        return message_created(CHANNELS[message.channel_id], message, _show(message))

    async def updated(self, event_id: int, message: Message) -> Sequence[Envelope]:
        """Make MESSAGE_UPDATE."""
        return message_updated(event_id, CHANNELS[message.channel_id], message, _show(message))

    async def deleted(self, event_id: int, channel_id: int, message_ids: Sequence[int]) -> Sequence[Envelope]:
        """Make MESSAGE_DELETE."""
        return messages_deleted(event_id, CHANNELS[channel_id], message_ids)


def _show(message: Message) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(Shown(id=str(message.id), content=message.content)))
