"""Voice states on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.guilds.member import Member
from core.domain.guilds.voice_state import VoiceState
from core.wire.objects.guilds.member import MemberObject, render_member
from core.wire.times import iso_time


class VoiceStateObject(msgspec.Struct, kw_only=True):
    """A voice state (VoiceStateResponse), and `d` of VOICE_STATE_UPDATE. GUILD_CREATE has neither guild nor member."""

    guild_id: str | None
    channel_id: str | None
    user_id: str
    member: MemberObject | UnsetType = UNSET
    session_id: str
    deaf: bool
    mute: bool
    self_deaf: bool
    self_mute: bool
    self_stream: bool
    self_video: bool
    suppress: bool
    request_to_speak_timestamp: str | None


def render_voice_state(state: VoiceState, member: Member | None, *, is_over: bool = False) -> VoiceStateObject:
    """Return the object. A state that is over is in no channel; a member who has left is not shown."""
    asked_ms = state.request_to_speak_ms
    return VoiceStateObject(
        guild_id=str(state.guild_id) if state.guild_id else None,
        channel_id=None if is_over else str(state.channel_id),
        user_id=str(state.user_id),
        member=UNSET if member is None else render_member(member),
        session_id=state.session_id,
        deaf=member is not None and member.deaf,
        mute=member is not None and member.mute,
        self_deaf=state.self_deaf,
        self_mute=state.self_mute,
        self_stream=state.self_stream and not is_over,
        self_video=state.self_video,
        suppress=state.suppress,
        request_to_speak_timestamp=iso_time(asked_ms) if asked_ms and not is_over else None,
    )
