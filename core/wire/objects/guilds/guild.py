"""Guilds on the wire: the REST object, and GUILD_CREATE for one session."""

from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from core.domain.guilds.guild import Guild
from core.domain.guilds.role import Role
from core.wire.objects.guilds.role import RoleObject, render_role

MAX_MEMBERS = 500_000
"""The most members that a guild may have."""


class GuildObject(msgspec.Struct, kw_only=True):
    """A guild (GuildResponse / GuildWithCountsResponse)."""

    id: str
    name: str
    icon: str | None
    description: str | None
    home_header: None = None
    splash: str | None
    discovery_splash: str | None
    features: list[str]
    banner: str | None
    owner_id: str
    application_id: None = None
    region: str
    afk_channel_id: str | None
    afk_timeout: int
    system_channel_id: str | None
    system_channel_flags: int
    widget_enabled: bool = False
    widget_channel_id: None = None
    verification_level: int
    roles: list[RoleObject]
    default_message_notifications: int
    mfa_level: int
    explicit_content_filter: int
    max_presences: int | None = None
    max_members: int = MAX_MEMBERS
    max_stage_video_channel_users: int = 50
    max_video_channel_users: int = 25
    vanity_url_code: str | None
    premium_tier: int = 0
    premium_subscription_count: int = 0
    preferred_locale: str
    rules_channel_id: str | None
    safety_alerts_channel_id: str | None
    public_updates_channel_id: str | None
    premium_progress_bar_enabled: bool
    nsfw: bool
    nsfw_level: int
    emojis: list[str] = []
    stickers: list[str] = []
    incidents_data: None = None
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


def _optional(snowflake: int | None) -> str | None:
    return None if snowflake is None else str(snowflake)


def render_guild(guild: Guild, roles: Sequence[Role]) -> GuildObject:
    """Return the guild's REST object, which GUILD_UPDATE has too."""
    return GuildObject(
        id=str(guild.id),
        name=guild.name,
        icon=guild.icon,
        description=guild.description,
        splash=guild.splash,
        discovery_splash=guild.discovery_splash,
        features=list(guild.features),
        banner=guild.banner,
        owner_id=str(guild.owner_id),
        region=guild.region,
        afk_channel_id=_optional(guild.afk_channel_id),
        afk_timeout=guild.afk_timeout,
        system_channel_id=_optional(guild.system_channel_id),
        system_channel_flags=guild.system_channel_flags,
        verification_level=guild.verification_level,
        roles=[render_role(role) for role in roles],
        default_message_notifications=guild.default_message_notifications,
        mfa_level=guild.mfa_level,
        explicit_content_filter=guild.explicit_content_filter,
        vanity_url_code=guild.vanity_url_code,
        preferred_locale=guild.preferred_locale,
        rules_channel_id=_optional(guild.rules_channel_id),
        safety_alerts_channel_id=_optional(guild.safety_alerts_channel_id),
        public_updates_channel_id=_optional(guild.public_updates_channel_id),
        premium_progress_bar_enabled=guild.premium_progress_bar_enabled,
        nsfw=guild.nsfw_level == 3,
        nsfw_level=guild.nsfw_level,
    )


class DeletedGuild(msgspec.Struct, kw_only=True):
    """GUILD_DELETE of a guild that is gone; an outage would say `unavailable`."""

    id: str


class GuildPreviewObject(msgspec.Struct, kw_only=True):
    """A guild as seen by users who are not its members yet (GuildPreviewResponse)."""

    id: str
    name: str
    icon: str | None
    description: str | None
    home_header: None = None
    splash: str | None
    discovery_splash: str | None
    features: list[str]
    approximate_member_count: int
    approximate_presence_count: int
    emojis: list[str] = []
    stickers: list[str] = []


def render_preview(guild: Guild, *, member_count: int, presence_count: int) -> GuildPreviewObject:
    """Return the guild's preview."""
    return GuildPreviewObject(
        id=str(guild.id),
        name=guild.name,
        icon=guild.icon,
        description=guild.description,
        splash=guild.splash,
        discovery_splash=guild.discovery_splash,
        features=list(guild.features),
        approximate_member_count=member_count,
        approximate_presence_count=presence_count,
    )


class OwnGuildObject(msgspec.Struct, kw_only=True):
    """A guild in the list of one's own (MyGuildResponse)."""

    id: str
    name: str
    icon: str | None
    banner: str | None
    owner: bool
    permissions: str
    features: list[str]
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


class VoiceRegion(msgspec.Struct, kw_only=True, frozen=True):
    """VoiceRegionResponse."""

    id: str
    name: str
    custom: bool = False
    deprecated: bool = False
    optimal: bool = False
