"""The settings that both forms have: the flat object of older clients, and the protobuf of newer ones.

Each of them is a field of one of the protobuf's messages. Most have the same name and value there; the others are
turned here. What the protobuf does not set is as in a new account, and absent from the flat form. Pure.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from core.domain.people.settings.proto_json import Json, read_message, write_message
from core.domain.people.settings.protobuf import BYTES, BadProto, join, open_message, split, write_field
from core.domain.people.settings.schema import PRELOADED, Message

MUTUAL_FRIENDS, MUTUAL_GUILDS, EVERYBODY = 1 << 1, 1 << 2, 1 << 3
"""The bits of `friend_source_flags`."""
_EVERY_SOURCE: Final = MUTUAL_FRIENDS | MUTUAL_GUILDS | EVERYBODY
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

Turn = Callable[[Any], Any]


class _Shared(NamedTuple):
    """Where the protobuf has a setting, and how its value is turned: from the protobuf's, and into it."""

    message: str
    field: str
    flat: Turn
    proto: Turn


def _same(value: Any) -> Any:
    return value


def _show_sources(flags: int) -> Json:
    return {
        "all": flags & EVERYBODY != 0,
        "mutual_friends": flags & MUTUAL_FRIENDS != 0,
        "mutual_guilds": flags & MUTUAL_GUILDS != 0,
    }


def _read_sources(flat: Json) -> int:
    if flat.get("all"):
        return _EVERY_SOURCE
    return MUTUAL_FRIENDS * bool(flat.get("mutual_friends")) | MUTUAL_GUILDS * bool(flat.get("mutual_guilds"))


def _show_custom_status(proto: Json) -> Json | None:
    flat = {"text": proto.get("text"), "emoji_id": proto.get("emojiId"), "emoji_name": proto.get("emojiName")}
    ends_ms = int(proto.get("expiresAtMs", 0))
    ends_at = _EPOCH + dt.timedelta(milliseconds=ends_ms)
    flat["expires_at"] = ends_at.isoformat().replace("+00:00", "Z") if ends_ms else None
    return flat if any(value is not None for value in flat.values()) else None


def _read_custom_status(flat: Json | None) -> Json | None:
    if flat is None:
        return None
    ends_at = flat.get("expires_at")
    ends_ms = None
    if ends_at is not None:
        ends_ms = max(0, (dt.datetime.fromisoformat(ends_at) - _EPOCH) // dt.timedelta(milliseconds=1))
    return {
        "text": flat.get("text"),
        "emojiId": flat.get("emoji_id"),
        "emojiName": flat.get("emoji_name"),
        "expiresAtMs": ends_ms,
    }


def _show_folder(proto: Json) -> Json:
    numbers = {name: int(proto[name]) if name in proto else None for name in ("id", "color")}
    return {"guild_ids": proto.get("guildIds", []), "name": proto.get("name"), **numbers}


def _read_folder(flat: Json) -> Json:
    named = {name: flat.get(name) for name in ("id", "name", "color")}
    return {"guildIds": flat.get("guild_ids", []), **named}


def _show_folders(proto: list[Json]) -> list[Json]:
    return [_show_folder(folder) for folder in proto]


def _read_folders(flat: list[Json]) -> list[Json]:
    return [_read_folder(folder) for folder in flat]


def _rows(message: str, names: str) -> dict[str, _Shared]:
    """Make rows of settings whose name and value are the same in both forms."""
    rows = {}
    for name in names.split():
        head, *others = name.split("_")
        rows[name] = _Shared(message, head + "".join(word.capitalize() for word in others), _same, _same)
    return rows


_SHARED: Final[Mapping[str, _Shared]] = {
    **_rows("voiceAndVideo", "afk_timeout stream_notifications_enabled native_phone_integration_enabled"),
    **_rows(
        "textAndImages",
        "inline_attachment_media inline_embed_media gif_auto_play render_embeds render_reactions animate_emoji"
        " animate_stickers enable_tts_command message_display_compact explicit_content_filter view_nsfw_guilds"
        " convert_emoticons view_nsfw_commands",
    ),
    **_rows(
        "privacy",
        "default_guilds_restricted allow_accessibility_detection detect_platform_accounts passwordless"
        " contact_sync_enabled friend_discovery_flags activity_restricted_guild_ids"
        " activity_joining_restricted_guild_ids",
    ),
    "restricted_guilds": _Shared("privacy", "restrictedGuildIds", _same, _same),
    "friend_source_flags": _Shared("privacy", "friendSourceFlags", _show_sources, _read_sources),
    **_rows("gameLibrary", "disable_games_tab"),
    **_rows("status", "status show_current_game"),
    "custom_status": _Shared("status", "customStatus", _show_custom_status, _read_custom_status),
    **_rows("localization", "locale timezone_offset"),
    "theme": _Shared("appearance", "theme", lambda name: str(name).lower(), str.upper),
    **_rows("appearance", "developer_mode"),
    "guild_folders": _Shared("guildFolders", "folders", _show_folders, _read_folders),
    **_rows("guildFolders", "guild_positions"),
}


def find_shared(proto: bytes) -> frozenset[str]:
    """Return the flat names of the settings in those top-level messages that a protobuf has. Raises BadProto."""
    messages = {PRELOADED.by_number[number].name for number in split(proto) if number in PRELOADED.by_number}
    return frozenset(name for name, shared in _SHARED.items() if shared.message in messages)


def flatten(proto: bytes) -> Json:
    """Return the settings that a protobuf sets, as the flat form has them. Raises BadProto."""
    shown = read_message(proto, PRELOADED)
    flat: Json = {}
    for name, shared in _SHARED.items():
        message = shown.get(shared.message, {})
        if shared.field in message:
            try:
                flat[name] = shared.flat(message[shared.field])
            except OverflowError:  # a time that no calendar has
                continue
    return flat


def write_flat(stored: bytes, flat: Json) -> bytes:
    """Return the partial protobuf that sets these settings of the flat form, beside all else of the same messages.

    Raises BadProto: when what is stored is no message.
    """
    kept = split(stored)
    changes: dict[str, Json] = {}
    for name, value in flat.items():
        shared = _SHARED[name]
        changes.setdefault(shared.message, {})[shared.field] = shared.proto(value)
    partial: dict[int, bytes] = {}
    for name, values in changes.items():
        field = PRELOADED.by_name[name]
        assert isinstance(field.type, Message)  # noqa: S101 - for the type checker: so the schema says
        inner = _put(_open(kept.get(field.number, b"")), values, field.type)
        partial[field.number] = write_field(field.number, BYTES, inner)
    return join(partial)


def _put(message: bytes, values: Json, schema: Message) -> bytes:
    """Replace the fields of these names; none and defaults are taken out."""
    numbers = {schema.by_name[name].number for name in values}
    others = {number: field for number, field in split(message).items() if number not in numbers}
    return join({**others, **split(write_message(values, schema))})


def _open(field: bytes) -> bytes:
    """Return the message in a stored field, empty when it holds none that can be read."""
    message = open_message(field)
    try:
        split(message)
    except BadProto:
        return b""
    return message
