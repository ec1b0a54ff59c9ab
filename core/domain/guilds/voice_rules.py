"""The rules of voice channels: who may come in, stay, speak, turn a camera on and share a screen. Pure.

`permissions` are those of the member in the channel.
"""

from typing import Final

from core.domain.channels.channel import Channel, ChannelType
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_state import VoiceState

_SEES: Final = int(Permission.VIEW_CHANNEL)
_ENTERS: Final = int(Permission.VIEW_CHANNEL | Permission.CONNECT)
_SPEAKS: Final = int(Permission.SPEAK)
_MOVES: Final = int(Permission.MOVE_MEMBERS)
_STREAMS: Final = int(Permission.STREAM)


def may_enter(permissions: int) -> bool:
    """Return whether a member with these permissions in a voice channel may join it."""
    return permissions & _ENTERS == _ENTERS


def may_stay(permissions: int, *, was_moved: bool, is_timed_out: bool) -> bool:
    """Return whether a member who is in a voice channel may stay there."""
    needed = _SEES if was_moved and not is_timed_out else _ENTERS
    return permissions & needed == needed


def is_full(channel: Channel, *, members: int, permissions: int) -> bool:
    """Return whether a channel with so many members in it has no room for one more, who has these permissions."""
    return 0 < channel.user_limit <= members and not permissions & _MOVES


def may_show_video(permissions: int) -> bool:
    """Return whether a member with these permissions in the channel may turn its camera on, and share its screen."""
    return bool(permissions & _STREAMS)


def keeps_screen(state: VoiceState, *, session_id: str, channel_id: int) -> bool:
    """Return whether a screen goes on being shared when a session of the user's joins a channel: only where it is."""
    return state.self_stream and (state.session_id, state.channel_id) == (session_id, channel_id)


def begins_suppressed(channel: Channel, permissions: int, *, afk_channel_id: int | None) -> bool:
    """Return whether a member who comes into a channel may not speak there: on a stage everybody listens at first."""
    return channel.type == ChannelType.STAGE or is_silenced(channel, permissions, afk_channel_id=afk_channel_id)


def is_silenced(channel: Channel, permissions: int, *, afk_channel_id: int | None) -> bool:
    """Return whether a member may not speak in a voice channel that is no stage."""
    return channel.id == afk_channel_id or not permissions & _SPEAKS
