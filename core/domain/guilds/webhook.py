"""Webhooks: senders of a channel that are no users. Those of type 2 send what an announcement channel publishes."""

import enum
from typing import Final

import msgspec

MAX_OF_CHANNEL: Final = 15
"""The webhooks of one channel, as at Discord."""
MAX_OF_GUILD: Final = 1000
"""The webhooks of one guild, as at Discord."""


class WebhookType(enum.IntEnum):
    """The types of webhooks that this server makes, with Discord's numbers."""

    CHANNEL_FOLLOWER = 2


class Webhook(msgspec.Struct, kw_only=True, frozen=True):
    """A webhook, by which `channel_id` follows `source_channel_id`."""

    id: int
    type: int = WebhookType.CHANNEL_FOLLOWER
    guild_id: int
    channel_id: int
    user_id: int
    """Who has made it."""
    name: str
    avatar: str | None = None
    source_guild_id: int
    source_channel_id: int


class WebhookAuthor(msgspec.Struct, frozen=True):
    """What a message shows of the webhook that has sent it, whose id is the author's. It stays as it was then."""

    name: str
    avatar: str | None = None
