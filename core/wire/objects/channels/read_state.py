"""Read states on the wire: the entries of READY, and the events by which a person's devices agree."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.messages.read_state import ReadState
from core.wire.times import iso_time


class ReadStateObject(msgspec.Struct, kw_only=True):
    """An entry of READY's `read_state`. Some clients know a channel by `id`, others by `channel_id`."""

    id: str
    channel_id: str
    last_message_id: str
    mention_count: int
    last_pin_timestamp: str
    flags: int
    last_viewed: int | None
    version: int
    read_state_type: int = 0


def render_read_state(state: ReadState) -> ReadStateObject:
    """Return the entry of a channel."""
    channel_id = str(state.channel_id)
    return ReadStateObject(
        id=channel_id,
        channel_id=channel_id,
        last_message_id=str(state.last_read_id),
        mention_count=state.mention_count,
        last_pin_timestamp=iso_time(state.last_pin_ms),
        flags=state.flags,
        last_viewed=state.last_viewed,
        version=state.version,
    )


class MessageAck(msgspec.Struct, kw_only=True):
    """`d` of MESSAGE_ACK. It always tells the count, so that a device need not know what the others have seen."""

    channel_id: str
    message_id: str
    mention_count: int
    flags: int
    last_viewed: int | None
    version: int
    manual: bool | UnsetType = UNSET


def render_ack(state: ReadState, *, is_manual: bool) -> MessageAck:
    """Return the event of a place that has moved."""
    return MessageAck(
        channel_id=str(state.channel_id),
        message_id=str(state.last_read_id),
        mention_count=state.mention_count,
        flags=state.flags,
        last_viewed=state.last_viewed,
        version=state.version,
        manual=True if is_manual else UNSET,
    )


class ChannelPinsAck(msgspec.Struct, kw_only=True):
    """`d` of CHANNEL_PINS_ACK."""

    channel_id: str
    timestamp: str
    version: int


class RecentMentionDelete(msgspec.Struct, kw_only=True):
    """`d` of RECENT_MENTION_DELETE."""

    message_id: str


class AckToken(msgspec.Struct):
    """The answer to an ack. Discord's clients expect the field, and it has held nothing for years."""

    token: None = None


class ReadReceiptObject(msgspec.Struct, kw_only=True):
    """How far somebody else has read a direct channel, and `d` of READ_RECEIPT_UPDATE. An object of our own."""

    channel_id: str
    user_id: str
    last_read_id: str
    """The newest message that was read; "0" when the person has marked all as unread."""


class ReadReceiptSettings(msgspec.Struct, kw_only=True):
    """Whether one shares how far one has read, and `d` of READ_RECEIPT_SETTINGS_UPDATE."""

    enabled: bool


def render_read_receipt(channel_id: int, user_id: int, last_read_id: int) -> ReadReceiptObject:
    """Return the receipt of one person."""
    return ReadReceiptObject(channel_id=str(channel_id), user_id=str(user_id), last_read_id=str(last_read_id))
