"""Statuses of voice channels on the wire. Source: Discord's documentation, "Voice Channel Status Update"."""

from collections.abc import Iterable, Sequence

import msgspec

from core.domain.guilds.voice_status import VoiceStatus


class StatusUpdate(msgspec.Struct, kw_only=True):
    """`d` of VOICE_CHANNEL_STATUS_UPDATE."""

    id: str
    guild_id: str
    status: str | None


class ChannelStatusObject(msgspec.Struct, kw_only=True):
    """A channel in CHANNEL_STATUSES and CHANNEL_INFO."""

    id: str
    status: str


class ChannelStatuses(msgspec.Struct, kw_only=True):
    """`d` of CHANNEL_STATUSES and CHANNEL_INFO."""

    guild_id: str
    channels: Sequence[ChannelStatusObject]


def render_statuses(guild_id: int, statuses: Iterable[VoiceStatus]) -> ChannelStatuses:
    """Return the statuses of a guild."""
    channels = [ChannelStatusObject(id=str(each.channel_id), status=each.status) for each in statuses]
    return ChannelStatuses(guild_id=str(guild_id), channels=channels)
