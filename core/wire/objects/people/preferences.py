"""What people have set for themselves on the wire, beside settings of guilds: answers and events."""

import contextlib
from collections.abc import Collection
from typing import Any, Final

import msgspec

from core.wire.objects.people.user_settings import UserSettingsObject

_encode = msgspec.json.Encoder().encode
_decode_changed = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NAMES: Final = frozenset(UserSettingsObject.__struct_fields__)


class SettingsProtoObject(msgspec.Struct, kw_only=True, omit_defaults=True):
    """GET and PATCH /users/@me/settings-proto: the settings in base64."""

    settings: str
    out_of_date: bool = False


class SettingsJsonObject(msgspec.Struct, kw_only=True, omit_defaults=True):
    """GET and PATCH /users/@me/settings-proto/{kind}/json: the known settings by their names."""

    settings: dict[str, Any]
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
    """Return the whole settings from the JSON of those that were changed.

    One that does not fit any more, as an earlier version took it, is as in a new account.
    """
    given = msgspec.json.decode(changed)
    try:
        return msgspec.convert(given, UserSettingsObject)
    except msgspec.ValidationError:
        return msgspec.convert(keep_valid_settings(given), UserSettingsObject)


def check_user_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of these that are known, with nothing in them that is not.

    Raises:
        msgspec.ValidationError: for a wrong value, whose place it names as `$.status`.
    """
    known = {name: value for name, value in given.items() if name in _NAMES}
    shown: dict[str, Any] = msgspec.to_builtins(msgspec.convert(known, UserSettingsObject))
    return {name: shown[name] for name in known}


def keep_valid_settings(given: dict[str, Any]) -> dict[str, Any]:
    """Return those of the settings that are known and right."""
    valid: dict[str, Any] = {}
    for name, value in given.items():
        with contextlib.suppress(msgspec.ValidationError):
            valid.update(check_user_settings({name: value}))
    return valid


def replace_user_settings(changed: str, given: dict[str, Any], *, without: Collection[str]) -> str:
    """Return the JSON of the changed settings, without some of them and with more."""
    kept = {name: value for name, value in _decode_changed(changed).items() if name not in without}
    return _encode({**kept, **given}).decode()
