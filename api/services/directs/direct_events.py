"""Private channels as their recipients see them, and the envelopes that show them. Pure."""

from collections.abc import Mapping

import msgspec

from api.services.announcements import user_event
from core.domain.channels.channel import Channel
from core.domain.people.user import User
from core.wire.envelope import Envelope
from core.wire.objects.channels.channel import DirectChannelObject, render_direct_channel


def show_direct(
    channel: Channel, viewer_id: int, people: Mapping[int, User], last_id: int | None = None
) -> DirectChannelObject:
    """Return the channel with its other recipients, of those that are known; `last_id` is its newest message."""
    others = [people[each] for each in channel.recipient_ids if each != viewer_id and each in people]
    return render_direct_channel(msgspec.structs.replace(channel, last_message_id=last_id), others)


def direct_channel_event(
    envelope_id: int,
    event: str,
    channel: Channel,
    viewer_id: int,
    people: Mapping[int, User],
    last_id: int | None = None,
) -> Envelope:
    """Make CHANNEL_CREATE, CHANNEL_UPDATE or CHANNEL_DELETE for one recipient."""
    payload = show_direct(channel, viewer_id, people, last_id)
    return user_event(envelope_id, event, viewer_id, payload, channel_id=channel.id)
