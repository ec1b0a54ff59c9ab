"""Envelopes about messages: in a guild one for the channel, in direct messages one for each recipient.

Both envelopes of a direct message carry one id, by which each recipient's actor knows repeats.
"""

from collections.abc import Collection, Sequence

import msgspec

from api.services.announcements import channel_event, user_event
from core.domain.channels.channel import Channel
from core.domain.events import MESSAGE_CREATE, MESSAGE_DELETE, MESSAGE_DELETE_BULK, MESSAGE_UPDATE
from core.domain.messages.message import Message
from core.wire.envelope import Envelope
from core.wire.objects.messages.message import DeletedMessage, DeletedMessages


def message_created(channel: Channel, message: Message, payload: msgspec.Raw) -> list[Envelope]:
    """Make MESSAGE_CREATE, under the message's own id, so that it can be published again."""
    return _message_event(MESSAGE_CREATE, message.id, channel, message, payload)


def message_updated(envelope_id: int, channel: Channel, message: Message, payload: msgspec.Raw) -> list[Envelope]:
    """Make MESSAGE_UPDATE."""
    return _message_event(MESSAGE_UPDATE, envelope_id, channel, message, payload)


def messages_deleted(envelope_id: int, channel: Channel, message_ids: Sequence[int]) -> list[Envelope]:
    """Make MESSAGE_DELETE for one message, MESSAGE_DELETE_BULK for several."""
    guild_id = str(channel.guild_id) if channel.guild_id else None
    channel_id = str(channel.id)
    if len(message_ids) == 1:
        deleted = DeletedMessage(id=str(message_ids[0]), channel_id=channel_id, guild_id=guild_id)
        return for_channel(envelope_id, MESSAGE_DELETE, channel, deleted)
    ids = [str(message_id) for message_id in message_ids]
    bulk = DeletedMessages(ids=ids, channel_id=channel_id, guild_id=guild_id)
    return for_channel(envelope_id, MESSAGE_DELETE_BULK, channel, bulk)


def _message_event(
    event: str, envelope_id: int, channel: Channel, message: Message, payload: msgspec.Raw
) -> list[Envelope]:
    author_id = message.author_id if message.webhook is None else 0  # no session is a webhook's
    return for_channel(envelope_id, event, channel, payload, author_id=author_id, mention_ids=message.mention_ids)


def for_channel(
    envelope_id: int,
    event: str,
    channel: Channel,
    payload: msgspec.Struct | msgspec.Raw,
    *,
    author_id: int = 0,
    mention_ids: Collection[int] = (),
    user_id: int = 0,
) -> list[Envelope]:
    """Make the event for everybody in the channel. `user_id` is its subject, in guilds."""
    if channel.guild_id:
        return [
            channel_event(
                envelope_id,
                event,
                channel.guild_id,
                channel.id,
                payload,
                user_id=user_id,
                author_id=author_id,
                mention_ids=mention_ids,
            )
        ]
    return [
        user_event(
            envelope_id,
            event,
            recipient_id,
            payload,
            channel_id=channel.id,
            author_id=author_id,
            mention_ids=mention_ids,
        )
        for recipient_id in channel.recipient_ids
    ]
