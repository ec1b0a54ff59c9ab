"""Bodies of requests about guilds."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.forms.form import SnowflakeField
from api.forms.marks import as_set, text, unbuilt
from api.services.channels.channel_forms import CreateChannel
from api.services.roles.role_forms import CreateRole
from core.domain import texts

GuildName = Annotated[str, text(texts.GUILD_NAME)]
VerificationLevel = Literal[0, 1, 2, 3, 4]
NotificationLevel = Literal[0, 1]
ContentFilter = Literal[0, 1, 2]
AfkTimeout = Literal[60, 300, 900, 1800, 3600]
Locale = Literal[
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es-419", "es-ES", "fi", "fr", "he", "hi", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "nl", "no", "pl", "pt-BR", "ro", "ru", "sv-SE", "th", "tr", "uk", "vi", "zh-CN", "zh-TW",
]  # fmt: skip

MUTABLE_FEATURES: Final = frozenset(
    {"COMMUNITY", "DISCOVERABLE", "INVITES_DISABLED", "RAID_ALERTS_DISABLED", "PREVIEW_ENABLED"}
)
"""Features that a guild's managers may switch. Others in a request are ignored."""


class TemplateRole(CreateRole, kw_only=True):
    """A role of a new guild. `id` is the placeholder of the request."""

    id: SnowflakeField | None = None
    icon: Annotated[Any, unbuilt("icons of roles in new guilds")] = None


class TemplateChannel(CreateChannel, kw_only=True):
    """A channel of a new guild. `id` is the placeholder of the request."""

    id: SnowflakeField | None = None


class CreateGuild(msgspec.Struct, kw_only=True):
    """POST /guilds."""

    name: GuildName
    region: Annotated[str, Meta(max_length=64)] | None = None
    icon: str | None = None
    verification_level: VerificationLevel | None = None
    default_message_notifications: NotificationLevel | None = None
    explicit_content_filter: ContentFilter | None = None
    roles: Annotated[list[TemplateRole], Meta(max_length=250)] | None = None
    channels: Annotated[list[TemplateChannel], Meta(max_length=500)] | None = None
    afk_channel_id: SnowflakeField | None = None
    afk_timeout: AfkTimeout | None = None
    system_channel_id: SnowflakeField | None = None
    system_channel_flags: Annotated[int, Meta(ge=0, le=0x7FFFFFFF)] | None = None


class UpdateGuild(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}."""

    name: GuildName | UnsetType | None = UNSET
    description: Annotated[str, text(texts.GUILD_DESCRIPTION)] | UnsetType | None = UNSET
    region: Annotated[str, Meta(max_length=64)] | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    splash: str | UnsetType | None = UNSET
    discovery_splash: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET
    owner_id: SnowflakeField | UnsetType | None = UNSET
    verification_level: VerificationLevel | UnsetType | None = UNSET
    default_message_notifications: NotificationLevel | UnsetType | None = UNSET
    explicit_content_filter: ContentFilter | UnsetType | None = UNSET
    preferred_locale: Locale | UnsetType | None = UNSET
    afk_timeout: AfkTimeout | UnsetType | None = UNSET
    afk_channel_id: SnowflakeField | UnsetType | None = UNSET
    system_channel_id: SnowflakeField | UnsetType | None = UNSET
    system_channel_flags: Annotated[int, Meta(ge=0, le=2147483647)] | UnsetType | None = UNSET
    rules_channel_id: SnowflakeField | UnsetType | None = UNSET
    public_updates_channel_id: SnowflakeField | UnsetType | None = UNSET
    safety_alerts_channel_id: SnowflakeField | UnsetType | None = UNSET
    features: Annotated[list[str | None], as_set(1521)] | UnsetType | None = UNSET
    premium_progress_bar_enabled: bool | UnsetType | None = UNSET
    home_header: Annotated[Any, unbuilt("headers of guilds' homes")] = None


class UpdateVanityUrl(msgspec.Struct, kw_only=True):
    """PATCH /guilds/{guild}/vanity-url."""

    code: str | UnsetType | None = UNSET
