"""What the fields of settings are called and hold, as far as this server knows. What is not here is kept as bytes.

Each message is a table: number, name, type. A type is a scalar or the name of an enum or message above it; `?` is one
of protobuf's wrappers (a scalar that may be absent), `*` a list, `key>type` a map.

Source: what is publicly documented of the settings of people's clients. Pure.
"""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec


class Scalar(enum.StrEnum):
    """The types of values that are no messages."""

    BOOL = "bool"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FIXED64 = "fixed64"
    FLOAT = "float"
    STRING = "string"
    BYTES = "bytes"
    TIMESTAMP = "timestamp"


class Enumeration(msgspec.Struct, frozen=True):
    """Names of numbers, from 0 on."""

    names: tuple[str, ...]


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A field. With a `key` it is a map."""

    number: int
    name: str
    """As in JSON, in camel case."""
    type: "Scalar | Enumeration | Message"
    is_wrapped: bool = False
    is_list: bool = False
    key: Scalar | None = None


class Message(msgspec.Struct, frozen=True):
    """A message by its fields."""

    by_number: Mapping[int, Field]
    by_name: Mapping[str, Field]


_TYPES: Final[dict[str, Scalar | Enumeration | Message]] = {scalar.value: scalar for scalar in Scalar}


def _enumeration(name: str, *names: str) -> None:
    _TYPES[name] = Enumeration(names)


def _message(name: str, table: str) -> Message:
    fields = [_parse_field(*line.split()) for line in table.strip().split(",")]
    message = Message({field.number: field for field in fields}, {field.name: field for field in fields})
    _TYPES[name] = message
    return message


def _parse_field(number: str, name: str, kind: str) -> Field:
    head, *others = name.split("_")
    key, _, value = kind.rpartition(">")
    return Field(
        number=int(number),
        name=head + "".join(word.capitalize() for word in others),
        type=_TYPES[value.rstrip("?*")],
        is_wrapped=value.endswith("?"),
        is_list=value.endswith("*"),
        key=Scalar(key) if key else None,
    )


_enumeration(
    "InboxTab", "UNSPECIFIED", "MENTIONS", "UNREADS", "TODOS", "FOR_YOU", "GAME_INVITES", "BOOKMARKS", "SCHEDULED"
)
_enumeration("ActivityDefault", "OFF", "ON_FOR_LARGE_GUILDS", "ON")
_enumeration("Theme", "UNSET", "DARK", "LIGHT", "DARKER", "MIDNIGHT")
_enumeration("FavoriteChannelType", "UNSET_FAVORITE_CHANNEL_TYPE", "REFERENCE_ORIGINAL", "CATEGORY")
_enumeration("GifType", "NONE", "IMAGE", "VIDEO")

_message("Versions", "1 client_version uint32, 2 server_version uint32, 3 data_version uint32")
_message("Inbox", "1 current_tab InboxTab, 2 viewed_tutorial bool")
_message("ChannelSettings", "1 collapsed_in_inbox bool")
_message(
    "GuildSettings",
    """1 channels fixed64>ChannelSettings, 2 hub_progress uint32, 3 guild_onboarding_progress uint32,
    4 guild_recents_dismissed_at timestamp, 5 dismissed_guild_content bytes""",
)
_message("AllGuilds", "1 guilds fixed64>GuildSettings")
_message(
    "UserContent",
    """1 dismissed_contents bytes, 2 last_dismissed_outbound_promotion_start_date string?,
    3 premium_tier_0_modal_dismissed_at timestamp""",
)
_message("Blur", "1 use_blur bool")
_message("VideoAsset", "1 id fixed64, 2 asset_hash string")
_message("Soundboard", "1 volume float")
_message(
    "VoiceAndVideo",
    """1 blur Blur, 2 preset_option uint32, 3 custom_asset VideoAsset, 5 always_preview_video bool?,
    6 afk_timeout uint32?, 7 stream_notifications_enabled bool?, 8 native_phone_integration_enabled bool?,
    9 soundboard_settings Soundboard""",
)
_message(
    "TextAndImages",
    """1 diversity_surrogate string?, 2 use_rich_chat_input bool?, 3 use_thread_sidebar bool?,
    4 render_spoilers string?, 5 emoji_picker_collapsed_sections string*, 6 sticker_picker_collapsed_sections string*,
    7 view_image_descriptions bool?, 8 show_command_suggestions bool?, 9 inline_attachment_media bool?,
    10 inline_embed_media bool?, 11 gif_auto_play bool?, 12 render_embeds bool?, 13 render_reactions bool?,
    14 animate_emoji bool?, 15 animate_stickers uint32?, 16 enable_tts_command bool?, 17 message_display_compact bool?,
    19 explicit_content_filter uint32?, 20 view_nsfw_guilds bool?, 21 convert_emoticons bool?,
    22 expression_suggestions_enabled bool?, 23 view_nsfw_commands bool?, 24 use_legacy_chat_input bool?,
    25 soundboard_picker_collapsed_sections string*, 28 include_stickers_in_autocomplete bool?,
    31 include_soundmoji_in_autocomplete bool?""",
)
_message(
    "Notifications",
    """1 show_in_app_notifications bool?, 2 notify_friends_on_go_live bool?,
    3 notification_center_acked_before_id fixed64, 5 quiet_mode bool?, 6 focus_mode_expires_at_ms fixed64""",
)
_message(
    "Privacy",
    """1 allow_activity_party_privacy_friends bool?, 2 allow_activity_party_privacy_voice_channel bool?,
    3 restricted_guild_ids fixed64*, 4 default_guilds_restricted bool, 7 allow_accessibility_detection bool,
    8 detect_platform_accounts bool?, 9 passwordless bool?, 10 contact_sync_enabled bool?,
    11 friend_source_flags uint32?, 12 friend_discovery_flags uint32?, 13 activity_restricted_guild_ids fixed64*,
    14 default_guilds_activity_restricted ActivityDefault, 15 activity_joining_restricted_guild_ids fixed64*,
    16 message_request_restricted_guild_ids fixed64*, 17 default_message_request_restricted bool?,
    18 drops_opted_out bool?, 19 non_spam_retraining_opt_in bool?, 22 hide_legacy_username bool?""",
)
_message("Debug", "1 rtc_panel_show_voice_states bool?")
_message(
    "GameLibrary", "1 install_shortcut_desktop bool?, 2 install_shortcut_start_menu bool?, 3 disable_games_tab bool?"
)
_message("CustomStatus", "1 text string, 2 emoji_id fixed64, 3 emoji_name string, 4 expires_at_ms fixed64")
_message("Status", "1 status string?, 2 custom_status CustomStatus, 3 show_current_game bool?")
_message("Localization", "1 locale string?, 2 timezone_offset int32?")
_message(
    "ClientTheme",
    "1 primary_color uint64?, 2 background_gradient_preset_id uint32?, 3 background_gradient_angle float?",
)
_message(
    "Appearance",
    "1 theme Theme, 2 developer_mode bool, 3 client_theme_settings ClientTheme, 4 mobile_redesign_disabled bool",
)
_message("GuildFolder", "1 guild_ids fixed64*, 2 id int64?, 3 name string?, 4 color uint64?")
_message("GuildFolders", "1 folders GuildFolder*, 2 guild_positions fixed64*")
_message("FavoriteChannel", "1 nickname string, 2 type FavoriteChannelType, 3 position uint32, 4 parent_id fixed64")
_message("Favorites", "1 favorite_channels fixed64>FavoriteChannel, 2 muted bool")
_message("AudioContext", "1 muted bool, 2 volume float, 3 modified_at fixed64")
_message("Audio", "1 user fixed64>AudioContext, 2 stream fixed64>AudioContext")
_message("Communities", "1 disable_home_auto_nav bool?")
_message("FavoriteGif", "1 format GifType, 2 src string, 3 width uint32, 4 height uint32, 5 order uint32")
_message("FavoriteGifs", "1 gifs string>FavoriteGif, 2 hide_tooltip bool")
_message("Frecency", "1 total_uses uint32, 2 recent_uses uint64*, 3 frecency int32, 4 score int32")
_message("FavoriteStickers", "1 sticker_ids fixed64*")
_message("StickerFrecency", "1 stickers fixed64>Frecency")
_message("FavoriteEmojis", "1 emojis string*")
_message("EmojiFrecency", "1 emojis string>Frecency")
_message("CommandFrecency", "1 application_commands string>Frecency")
_message("FavoriteSounds", "1 sound_ids fixed64*")

PRELOADED: Final = _message(
    "Preloaded",
    """1 versions Versions, 2 inbox Inbox, 3 guilds AllGuilds, 4 user_content UserContent,
    5 voice_and_video VoiceAndVideo, 6 text_and_images TextAndImages, 7 notifications Notifications, 8 privacy Privacy,
    9 debug Debug, 10 game_library GameLibrary, 11 status Status, 12 localization Localization,
    13 appearance Appearance, 14 guild_folders GuildFolders, 15 favorites Favorites,
    16 audio_context_settings Audio, 17 communities Communities""",
)
"""The settings that clients need at once."""

FRECENCY: Final = _message(
    "FrecencySettings",
    """1 versions Versions, 2 favorite_gifs FavoriteGifs, 3 favorite_stickers FavoriteStickers,
    4 sticker_frecency StickerFrecency, 5 favorite_emojis FavoriteEmojis, 6 emoji_frecency EmojiFrecency,
    7 application_command_frecency CommandFrecency, 8 favorite_soundboard_sounds FavoriteSounds""",
)
"""The settings that clients load later: what is used often."""
