"""Stage instances: that a stage is live, and what about. Source: Discord's documentation, "Stage Instance Resource"."""

import enum

import msgspec


class PrivacyLevel(enum.IntEnum):
    """Who sees a stage. Discord's public stages no longer exist."""

    GUILD_ONLY = 2


class StageInstance(msgspec.Struct, kw_only=True, frozen=True):
    """A stage that is live. A channel has one at most."""

    id: int
    guild_id: int
    channel_id: int
    topic: str
    privacy_level: int = PrivacyLevel.GUILD_ONLY
