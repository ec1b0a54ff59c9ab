"""Voice states: who is in which voice channel of a guild, or in the call of which private channel.

A user has one voice state in a guild, and one outside guilds. It belongs to the gateway session that has joined, and
ends with it.
"""

from typing import NamedTuple

import msgspec

from core.domain.guilds.member import Member


class VoiceState(msgspec.Struct, kw_only=True, frozen=True):
    """A user in a voice channel. Whether a moderator has muted or deafened the user is a matter of the membership."""

    guild_id: int
    """0 for a call."""
    user_id: int
    channel_id: int
    session_id: str
    """The gateway session that has joined."""
    self_mute: bool = False
    self_deaf: bool = False
    self_video: bool = False
    self_stream: bool = False
    """Whether the user shares a screen. It ends with the channel and the session."""
    suppress: bool = False
    """Whether the user may not speak: for want of the permission, as a listener of a stage, in the AFK channel."""
    request_to_speak_ms: int = 0
    """When a listener of a stage asked to speak, 0 for never."""
    was_moved: bool = False
    """Whether a moderator has put the user into this channel, who then needs no CONNECT there."""


class InVoice(NamedTuple):
    """A voice state with the membership of its user."""

    state: VoiceState
    member: Member
