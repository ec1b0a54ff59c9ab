"""A stay in voice as the guild's log shows it. The object is ours: Discord has none."""

import msgspec

from core.domain.guilds.voice_session import VoiceSession
from core.domain.ids import snowflake_at
from core.wire.times import iso_time


class VoiceSessionObject(msgspec.Struct, kw_only=True):
    """One stay. Measures that nobody knows are null."""

    id: str
    """A snowflake of the moment when it began, for `before`. Others of the same millisecond have it too."""
    user_id: str
    channel_id: str
    started_at: str
    ended_at: str
    bytes_sent: int | None
    bytes_received: int | None
    peak_loss: float | None
    mean_rtt_ms: float | None


def render_voice_session(session: VoiceSession) -> VoiceSessionObject:
    """Render a stay."""
    return VoiceSessionObject(
        id=str(snowflake_at(session.began_ms)),
        user_id=str(session.user_id),
        channel_id=str(session.channel_id),
        started_at=iso_time(session.began_ms),
        ended_at=iso_time(session.ended_ms),
        bytes_sent=session.bytes_sent,
        bytes_received=session.bytes_received,
        peak_loss=session.peak_loss,
        mean_rtt_ms=session.mean_rtt_ms,
    )
