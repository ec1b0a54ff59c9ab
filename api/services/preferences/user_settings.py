"""The caller's settings, in both forms, and its settings of notifications. Other devices are told of each change.

A status in the newer form is put into the older form too (`core.domain.status_settings`), which the gateway reads.
"""

import base64
import binascii
from typing import Any, Final

import msgspec

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.ids import IdSource
from api.services.preferences.preference_forms import UpdateSettingsProto, UpdateUserSettings
from core.domain.errors import Invalid, NotFound, WrongAccountKind, invalid_field
from core.domain.events import NOTIFICATION_SETTINGS_UPDATE, USER_SETTINGS_PROTO_UPDATE, USER_SETTINGS_UPDATE
from core.domain.preferences import UserSettings
from core.domain.settings_proto import MAX_BYTES, BadProto, merge
from core.domain.status_settings import find_status
from core.store.interfaces import Store
from core.wire.objects.preferences import (
    NotificationSettingsObject,
    SettingsProtoChange,
    SettingsProtoObject,
    SettingsProtoUpdate,
    merge_user_settings,
    parse_user_settings,
)
from core.wire.objects.user_settings import UserSettingsObject

MAX_CHANGED_BYTES: Final = 64 * 1024
"""The largest settings of the older form. READY has them, and clients store some kilobytes."""
PRELOADED: Final = 1
"""The kind of the settings that clients need at once."""
_PROTO_FIELDS: Final = {PRELOADED: "preloaded_proto", 2: "frecency_proto"}
_KNOWN: Final = frozenset(UserSettingsObject.__struct_fields__)


class UserSettingsService:
    """Reads and changes settings."""

    __slots__ = ("_ids", "_store")

    def __init__(self, *, store: Store, ids: IdSource) -> None:
        self._store = store
        self._ids = ids

    async def fetch(self, caller: Caller) -> UserSettingsObject:
        """Return the settings in the older form. Raises WrongAccountKind for a bot."""
        require_person(caller)
        return parse_user_settings((await self._store.preferences.find_settings(caller.user_id)).changed)

    async def update(self, caller: Caller, form: UpdateUserSettings) -> UserSettingsObject:
        """Change settings of the older form. Return all of them.

        Raises:
            WrongAccountKind. Invalid: naming the setting that has a wrong value, or for too many of them.
        """
        require_person(caller)
        given = {name: value for name, value in form.items() if name in _KNOWN}
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            changed = merge_user_settings(before.changed, given)
            if len(changed) > MAX_CHANGED_BYTES:
                raise Invalid(message="The settings are too large.")
            try:
                shown = parse_user_settings(changed)
            except msgspec.ValidationError as error:
                raise _name_error(error) from error
            if given:
                await tx.preferences.put_settings(msgspec.structs.replace(before, changed=changed))
                told = {name: getattr(shown, name) for name in given}
                tx.announce(user_event(self._ids.next(), USER_SETTINGS_UPDATE, caller.user_id, told))
        return shown

    async def fetch_proto(self, caller: Caller, kind: int) -> SettingsProtoObject:
        """Return the settings in the newer form. Raises WrongAccountKind; NotFound for an unknown kind."""
        field = _field_of(caller, kind)
        stored: bytes = getattr(await self._store.preferences.find_settings(caller.user_id), field)
        return SettingsProtoObject(settings=_show(stored))

    async def update_proto(self, caller: Caller, kind: int, form: UpdateSettingsProto) -> SettingsProtoObject:
        """Change settings of the newer form. Return all of them.

        Raises:
            WrongAccountKind. NotFound: for an unknown kind. Invalid: for what is no protobuf, or too large.
        """
        field, partial = _field_of(caller, kind), _read(form.settings)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            try:
                merged = merge(getattr(before, field), partial, required_version=form.required_data_version)
            except BadProto as error:
                raise _bad_proto() from error
            shown = _show(merged.proto)
            if merged.is_out_of_date:
                return SettingsProtoObject(settings=shown, out_of_date=True)
            if len(merged.proto) > MAX_BYTES:
                raise Invalid(message="The settings are too large.")
            status = find_status(partial) if kind == PRELOADED else {}
            settings = _replace(before, field, merged.proto)
            if status:
                settings = msgspec.structs.replace(settings, changed=merge_user_settings(before.changed, status))
            await tx.preferences.put_settings(settings)
            told = SettingsProtoUpdate(settings=SettingsProtoChange(type=kind, proto=shown))
            tx.announce(user_event(self._ids.next(), USER_SETTINGS_PROTO_UPDATE, caller.user_id, told))
            if status:
                tx.announce(user_event(self._ids.next(), USER_SETTINGS_UPDATE, caller.user_id, status))
        return SettingsProtoObject(settings=shown)

    async def update_notifications(self, caller: Caller, flags: int) -> NotificationSettingsObject:
        """Change the settings of notifications. Raises WrongAccountKind."""
        require_person(caller)
        shown = NotificationSettingsObject(flags=flags)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            await tx.preferences.put_settings(msgspec.structs.replace(before, notification_flags=flags))
            tx.announce(user_event(self._ids.next(), NOTIFICATION_SETTINGS_UPDATE, caller.user_id, shown))
        return shown


def require_person(caller: Caller) -> None:
    """Check that the caller is a person. Raises WrongAccountKind: bots set nothing for themselves."""
    if caller.is_bot:
        raise WrongAccountKind


def _field_of(caller: Caller, kind: int) -> str:
    require_person(caller)
    if kind not in _PROTO_FIELDS:
        raise NotFound
    return _PROTO_FIELDS[kind]


def _replace(settings: UserSettings, field: str, proto: bytes) -> UserSettings:
    changes: dict[str, Any] = {field: proto}
    return msgspec.structs.replace(settings, **changes)


def _show(proto: bytes) -> str:
    return base64.b64encode(proto).decode()


def _read(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_proto() from error


def _bad_proto() -> Invalid:
    return invalid_field("settings", "BASE_TYPE_BAD_TYPE", "Not settings as protobuf in base64.")


def _name_error(error: msgspec.ValidationError) -> Invalid:
    """Make the error of a wrong value. msgspec names its place at the end, as `$.status`."""
    said, _, place = str(error).partition(" - at `$.")
    name = place.rstrip("`").partition(".")[0].partition("[")[0]
    return invalid_field(name or "settings", "BASE_TYPE_BAD_TYPE", said)
