"""What a client wishes of its voice state (op 4): it goes from the gateway to the API tier."""

import msgspec


class VoiceWish(msgspec.Struct, kw_only=True, frozen=True):
    """The channel to be in, None for none. A flag that is None stays as it is."""

    guild_id: int = 0
    """0 outside guilds: a call."""
    channel_id: int | None = None
    self_mute: bool | None = None
    self_deaf: bool | None = None
    self_video: bool | None = None
    self_stream: bool | None = None
    """Whether the client shares a screen. Discord's op 4 does not have it."""
