"""A stay of a user at a media node in a voice channel of a guild, as the guild's log of voice has it."""

import msgspec


class VoiceSession(msgspec.Struct, kw_only=True, frozen=True):
    """From the first media to the end of the seat. A room that moves to another node begins another one."""

    guild_id: int
    began_ms: int
    user_id: int
    channel_id: int
    ended_ms: int
    bytes_sent: int | None = None
    """The content of the packets that others were sent, without headers. None when the node died, as below."""
    bytes_received: int | None = None
    """The datagrams that the client was sent."""
    peak_loss: float | None = None
    """The greatest part of a few seconds' packets of one stream that were lost, 0 to 1: of what the client has sent,
    and of what it was sent where it tells that, as browsers do. None for who hardly spoke and was sent little.
    """
    mean_rtt_ms: float | None = None
    """The mean way to the client and back: by RTCP of browsers, and by pings of the voice gateway for others. None for
    who was gone before the first of them."""
