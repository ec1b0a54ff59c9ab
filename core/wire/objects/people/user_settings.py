"""A person's settings on the wire, in the older form: one flat object.

The settings themselves are the client's: this server keeps them and reads none but those that it acts on. The defaults
are those of an account that has never set anything. All of them are in the newer form too
(`core.domain.people.settings.shared`).
"""

import datetime as dt
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

SettingId = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]
"""The id of something, which may be gone."""


_MAX_NUMBER = 2**53 - 1
"""The largest whole number that clients hold exactly."""


class FriendSources(msgspec.Struct, kw_only=True, frozen=True):
    """Who may ask to be a friend. What an object does not name is not set."""

    all: bool = False
    mutual_friends: bool = False
    mutual_guilds: bool = False


_EVERYBODY: Final = FriendSources(all=True, mutual_friends=True, mutual_guilds=True)


class CustomStatus(msgspec.Struct, kw_only=True, frozen=True):
    """What a person says of itself beside the status."""

    text: Annotated[str, Meta(max_length=128)] | None = None
    emoji_id: SettingId | None = None
    emoji_name: Annotated[str, Meta(max_length=100)] | None = None
    expires_at: Annotated[dt.datetime, Meta(tz=True)] | None = None


class GuildFolder(msgspec.Struct, kw_only=True, frozen=True):
    """Guilds that a client shows together, or one that stands alone."""

    guild_ids: list[SettingId] = []
    id: Annotated[int, Meta(ge=-_MAX_NUMBER, le=_MAX_NUMBER)] | None = None
    name: Annotated[str, Meta(max_length=100)] | None = None
    color: Annotated[int, Meta(ge=0, lt=2**32)] | None = None


class UserSettingsObject(msgspec.Struct, kw_only=True):
    """The settings, with the names that people's clients read."""

    activity_joining_restricted_guild_ids: list[SettingId] = []
    activity_restricted_guild_ids: list[SettingId] = []
    afk_timeout: Annotated[int, Meta(ge=0, le=86_400)] = 600
    allow_accessibility_detection: bool = False
    animate_emoji: bool = True
    animate_stickers: Literal[0, 1, 2] = 0
    contact_sync_enabled: bool = False
    convert_emoticons: bool = True
    custom_status: CustomStatus | None = None
    default_guilds_restricted: bool = False
    detect_platform_accounts: bool = False
    developer_mode: bool = False
    disable_games_tab: bool = True
    enable_tts_command: bool = True
    explicit_content_filter: Literal[0, 1, 2] = 1
    friend_discovery_flags: Annotated[int, Meta(ge=0, lt=2**32)] = 0
    friend_source_flags: FriendSources = _EVERYBODY
    gif_auto_play: bool = True
    guild_folders: list[GuildFolder] = []
    guild_positions: list[SettingId] = []
    inline_attachment_media: bool = True
    inline_embed_media: bool = True
    locale: Annotated[str, Meta(min_length=2, max_length=10)] = "en-US"
    message_display_compact: bool = False
    native_phone_integration_enabled: bool = False
    passwordless: bool = False
    render_embeds: bool = True
    render_reactions: bool = True
    restricted_guilds: list[SettingId] = []
    show_current_game: bool = True
    status: Literal["online", "idle", "dnd", "invisible", "offline", "unknown"] = "online"
    stream_notifications_enabled: bool = True
    theme: Literal["dark", "light", "darker", "midnight"] = "dark"
    timezone_offset: Annotated[int, Meta(ge=-1440, le=1440)] = 0
    view_nsfw_commands: bool = False
    view_nsfw_guilds: bool = False
