"""What people have set for themselves on the wire, beside settings of guilds: answers and events."""

import msgspec

from core.wire.objects.user_settings import UserSettingsObject

_encode = msgspec.json.Encoder().encode
_decode_changed = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class SettingsProtoObject(msgspec.Struct, kw_only=True, omit_defaults=True):
    """GET and PATCH /users/@me/settings-proto: the settings in base64."""

    settings: str
    out_of_date: bool = False


class SettingsProtoChange(msgspec.Struct, kw_only=True):
    """The settings in USER_SETTINGS_PROTO_UPDATE."""

    type: int
    proto: str


class SettingsProtoUpdate(msgspec.Struct, kw_only=True):
    """USER_SETTINGS_PROTO_UPDATE. It is always whole."""

    settings: SettingsProtoChange
    partial: bool = False


class NotificationSettingsObject(msgspec.Struct, kw_only=True):
    """The settings of notifications on all devices, and NOTIFICATION_SETTINGS_UPDATE."""

    flags: int


class NoteObject(msgspec.Struct, kw_only=True):
    """GET /users/@me/notes/{user}."""

    note: str
    user_id: str
    note_user_id: str


class NoteUpdate(msgspec.Struct, kw_only=True):
    """USER_NOTE_UPDATE: the user whom the note is about."""

    id: str
    note: str


def parse_user_settings(changed: str) -> UserSettingsObject:
    """Return the whole settings from the JSON of those that were changed."""
    return msgspec.convert(msgspec.json.decode(changed), UserSettingsObject)


def merge_user_settings(changed: str, given: dict[str, object]) -> str:
    """Return the JSON of the changed settings with more changes."""
    return _encode({**_decode_changed(changed), **given}).decode()
