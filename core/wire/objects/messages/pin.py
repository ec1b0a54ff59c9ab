"""Pins on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.wire.objects.messages.message import MessageObject


class PinObject(msgspec.Struct, kw_only=True):
    """A pinned message (PinnedMessageResponse)."""

    pinned_at: str
    message: MessageObject


class PinsObject(msgspec.Struct, kw_only=True):
    """A page of pins (PinnedMessagesResponse)."""

    items: list[PinObject]
    has_more: bool


class PinsUpdated(msgspec.Struct, kw_only=True):
    """`d` of CHANNEL_PINS_UPDATE."""

    channel_id: str
    guild_id: str | UnsetType = UNSET
    last_pin_timestamp: str | None
