"""The status of a voice channel: what those in it are doing, in their own words. It ends when the last one leaves."""

import msgspec


class VoiceStatus(msgspec.Struct, kw_only=True, frozen=True):
    """A channel's status."""

    guild_id: int
    channel_id: int
    status: str
