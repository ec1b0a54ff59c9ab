"""What a member's stay was like, for the log of the guild."""

from core.domain.guilds.voice_session import VoiceSession
from voice.rooms.member import Member


def describe_visit(member: Member, *, now_ms: int) -> VoiceSession:
    """Return the stay of a member whose seat ends now, and whose media has begun."""
    room, streams = member.seat.room, (member.voice, *member.video, member.screen)
    peaks = [member.voice.quality.told.peak, *(stream.quality.peak_loss for stream in streams)]
    rtt_s, rtts = (sum(parts) for parts in zip(*(stream.quality.rtts for stream in streams), strict=True))
    return VoiceSession(
        guild_id=room.server_id,
        began_ms=member.began_ms,
        user_id=member.seat.user_id,
        channel_id=room.channel_id,
        ended_ms=max(now_ms, member.began_ms),
        bytes_sent=sum(stream.bytes_passed for stream in streams),
        bytes_received=member.count_received(),
        peak_loss=max((round(peak, 4) for peak in peaks if peak is not None), default=None),
        mean_rtt_ms=round(1000 * rtt_s / rtts, 1) if rtts else None,
    )
