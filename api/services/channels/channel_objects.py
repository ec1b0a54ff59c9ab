"""Channels as they are shown: with the id of their newest message, which is kept beside the messages."""

from collections.abc import Sequence

import msgspec

from api.services.announcements import channel_event
from core.domain.channel import Channel
from core.store.aggregates.messages import MessageStore
from core.wire.envelope import Envelope
from core.wire.objects.channel import ChannelObject, render_channel


async def show_channels(messages: MessageStore, channels: Sequence[Channel]) -> list[ChannelObject]:
    """The objects of a guild's channels."""
    last_ids = await messages.last_ids([channel.id for channel in channels])
    return [show_channel(channel, last_ids.get(channel.id)) for channel in channels]


def show_channel(channel: Channel, last_message_id: int | None) -> ChannelObject:
    """The object of one channel whose newest message is known."""
    return render_channel(msgspec.structs.replace(channel, last_message_id=last_message_id))


def announce_channel(envelope_id: int, event: str, channel: Channel, last_message_id: int | None = None) -> Envelope:
    """CHANNEL_CREATE, CHANNEL_UPDATE or CHANNEL_DELETE."""
    payload = show_channel(channel, last_message_id)
    return channel_event(envelope_id, event, channel.guild_id, channel.id, payload)
