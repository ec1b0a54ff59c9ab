"""Pins: messages that a channel keeps at hand."""

from typing import Final

import msgspec

MAX_PINS: Final = 250
"""The pins of one channel, as at Discord."""


class Pin(msgspec.Struct, kw_only=True, frozen=True):
    """A pinned message. No two pins of a channel have the same time, so pages are cut by it."""

    channel_id: int
    message_id: int
    pinned_ms: int


class PinChange(msgspec.Struct, kw_only=True, frozen=True):
    """A pin that came or went, as long as its message may not say so yet. `change_id` is a snowflake of that time."""

    channel_id: int
    message_id: int
    change_id: int
