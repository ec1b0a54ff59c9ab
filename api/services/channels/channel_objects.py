"""The objects of channels, with the id of the newest message, which the store keeps beside the messages."""

from collections.abc import Sequence

import msgspec

from api.services.announcements import channel_event
from api.services.channels.last_messages import LastMessages
from core.domain.channels.channel import Channel
from core.wire.before import before_channel
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import ChannelObject, render_channel


async def show_channels(last_messages: LastMessages, channels: Sequence[Channel]) -> list[ChannelObject]:
    """Return the objects of channels of a guild."""
    last_ids = await last_messages.find_ids([channel.id for channel in channels])
    return [show_channel(channel, last_ids.get(channel.id)) for channel in channels]


def show_channel(channel: Channel, last_message_id: int | None) -> ChannelObject:
    """Return the object of a channel whose newest message is known."""
    return render_channel(msgspec.structs.replace(channel, last_message_id=last_message_id))


def announce_channel(
    envelope_id: int, event: str, channel: Channel, last_message_id: int | None = None, *, before: Channel | None = None
) -> Envelope:
    """Make the envelope of CHANNEL_CREATE, CHANNEL_UPDATE (with the channel as it was before) or CHANNEL_DELETE."""
    payload = show_channel(channel, last_message_id)
    envelope = channel_event(envelope_id, event, channel.guild_id, channel.id, payload)
    return envelope if before is None else msgspec.structs.replace(envelope, before=before_channel(before))
