"""Guilds, and the snapshot of all that permissions and GUILD_CREATE need."""

from typing import Final

import msgspec

from core.domain.channels.channel import Channel
from core.domain.guilds.role import Role
from core.domain.guilds.stage_instance import StageInstance
from core.domain.guilds.voice_state import InVoice

COMMUNITY_CHANNELS = ("rules_channel_id", "public_updates_channel_id")
"""Fields of a guild that name a channel which the feature COMMUNITY needs."""


AUTOMATIC_REGION: Final = "automatic"
"""The voice region that leaves the choice to the server."""


class Guild(msgspec.Struct, kw_only=True, frozen=True):
    """A guild's own fields."""

    id: int
    name: str
    owner_id: int
    icon: str | None = None
    banner: str | None = None
    splash: str | None = None
    discovery_splash: str | None = None
    description: str | None = None
    region: str = AUTOMATIC_REGION
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    system_channel_id: int | None = None
    system_channel_flags: int = 0
    rules_channel_id: int | None = None
    public_updates_channel_id: int | None = None
    safety_alerts_channel_id: int | None = None
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    mfa_level: int = 0
    nsfw_level: int = 0
    preferred_locale: str = "en-US"
    vanity_url_code: str | None = None
    premium_progress_bar_enabled: bool = False
    features: tuple[str, ...] = ()


class GuildSnapshot(msgspec.Struct, kw_only=True, frozen=True):
    """A guild as of one instant: all of it was read in one transaction.

    It contains the deliveries of its shard with 0 < revision ≤ `revision`, and no others (`core.bus.interfaces`).
    """

    guild: Guild
    roles: tuple[Role, ...]
    channels: tuple[Channel, ...]
    member_count: int
    revision: int
    in_voice: tuple[InVoice, ...] = ()
    """Who is in a voice channel. Only reads of several guilds have it (`load_snapshots`)."""
    stages: tuple[StageInstance, ...] = ()
    """The stages that are live; as `in_voice`."""


def needs_channel(guild: Guild, channel_id: int) -> bool:
    """Tell whether the guild is a community, and the channel is one that no community is without."""
    return "COMMUNITY" in guild.features and channel_id in {getattr(guild, field) for field in COMMUNITY_CHANNELS}
