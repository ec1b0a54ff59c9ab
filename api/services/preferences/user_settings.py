"""The caller's settings, in both forms, and its settings of notifications. Other devices are told of each change."""

import base64
import binascii
from typing import Final

import msgspec

from api.forms.form import translate
from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.ids import IdSource
from api.services.preferences.preference_forms import UpdateSettingsJson, UpdateSettingsProto, UpdateUserSettings
from api.services.preferences.settings_changes import FRECENCY, PRELOADED, SettingsChanges, proto_of
from core.domain.errors import Invalid, NotFound, WrongAccountKind, invalid_field
from core.domain.events import NOTIFICATION_SETTINGS_UPDATE
from core.domain.people.settings import schema
from core.domain.people.settings.merging import MAX_BYTES, Merged
from core.domain.people.settings.proto_json import read_message, write_each_over
from core.domain.people.settings.protobuf import BadProto
from core.domain.people.settings.scalars import BadSetting
from core.store.interfaces import Store, Transaction
from core.wire.objects.people.preferences import (
    NotificationSettingsObject,
    SettingsJsonObject,
    SettingsProtoObject,
    check_user_settings,
    parse_user_settings,
)
from core.wire.objects.people.user_settings import UserSettingsObject

MAX_CHANGED_BYTES: Final = 64 * 1024
"""The largest settings of the older form. READY has them, and clients store some kilobytes."""
_encode: Final = msgspec.json.Encoder().encode
_SCHEMAS: Final = {PRELOADED: schema.PRELOADED, FRECENCY: schema.FRECENCY}


class UserSettingsService:
    """Reads and changes settings."""

    __slots__ = ("_changes", "_ids", "_store")

    def __init__(self, *, store: Store, changes: SettingsChanges, ids: IdSource) -> None:
        self._store = store
        self._changes = changes
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
        try:
            given = check_user_settings(form)
        except msgspec.ValidationError as error:
            # msgspec names the place from the body on, as all forms' errors do.
            raise Invalid(translate(str(error), form, ())) from error
        if not given:
            return await self.fetch(caller)
        if len(_encode(given)) > MAX_CHANGED_BYTES:  # before the work of turning them into protobuf
            raise Invalid(message="The settings are too large.")
        async with self._store.write(users=[caller.user_id]) as tx:
            try:
                after = await self._changes.put_flat(tx, caller.user_id, given)
            except BadProto as error:
                raise Invalid(message="The settings are too large.") from error
            if len(after.changed) > MAX_CHANGED_BYTES or len(after.preloaded_proto) > MAX_BYTES:
                raise Invalid(message="The settings are too large.")
        return parse_user_settings(after.changed)

    async def fetch_proto(self, caller: Caller, kind: int) -> SettingsProtoObject:
        """Return the settings in the newer form. Raises WrongAccountKind; NotFound for an unknown kind."""
        return SettingsProtoObject(settings=_show(await self._fetch_bytes(caller, kind)))

    async def update_proto(self, caller: Caller, kind: int, form: UpdateSettingsProto) -> SettingsProtoObject:
        """Change settings of the newer form. Return all of them.

        Raises:
            WrongAccountKind. NotFound: for an unknown kind. Invalid: for what is no protobuf, or too large.
        """
        _require_kind(caller, kind)
        partial = _read(form.settings)
        async with self._store.write(users=[caller.user_id]) as tx:
            merged = await self._put(tx, caller, kind, partial, form.required_data_version)
        return SettingsProtoObject(settings=_show(merged.proto), out_of_date=merged.is_out_of_date)

    async def fetch_json(self, caller: Caller, kind: int) -> SettingsJsonObject:
        """Return the settings of the newer form as JSON. Raises WrongAccountKind; NotFound for an unknown kind."""
        return SettingsJsonObject(settings=read_message(await self._fetch_bytes(caller, kind), _SCHEMAS[kind]))

    async def update_json(self, caller: Caller, kind: int, form: UpdateSettingsJson) -> SettingsJsonObject:
        """Change settings of the newer form by JSON. Return all of them.

        Raises:
            WrongAccountKind. NotFound: for an unknown kind. Invalid: naming a setting that is wrong or not known.
        """
        _require_kind(caller, kind)
        async with self._store.write(users=[caller.user_id]) as tx:
            stored = proto_of(await tx.preferences.find_settings(caller.user_id), kind)
            try:
                partial = write_each_over(stored, form.settings, _SCHEMAS[kind])
            except BadSetting as error:
                raise invalid_field(("settings", *error.path), "BASE_TYPE_BAD_TYPE", str(error)) from error
            merged = await self._put(tx, caller, kind, partial, form.required_data_version)
        shown = read_message(merged.proto, _SCHEMAS[kind])
        return SettingsJsonObject(settings=shown, out_of_date=merged.is_out_of_date)

    async def update_notifications(self, caller: Caller, flags: int) -> NotificationSettingsObject:
        """Change the settings of notifications. Raises WrongAccountKind."""
        require_person(caller)
        shown = NotificationSettingsObject(flags=flags)
        async with self._store.write(users=[caller.user_id]) as tx:
            before = await tx.preferences.find_settings(caller.user_id)
            await tx.preferences.put_settings(msgspec.structs.replace(before, notification_flags=flags))
            tx.announce(user_event(self._ids.next(), NOTIFICATION_SETTINGS_UPDATE, caller.user_id, shown))
        return shown

    async def _fetch_bytes(self, caller: Caller, kind: int) -> bytes:
        _require_kind(caller, kind)
        return proto_of(await self._store.preferences.find_settings(caller.user_id), kind)

    async def _put(self, tx: Transaction, caller: Caller, kind: int, partial: bytes, version: int | None) -> Merged:
        try:
            merged = await self._changes.put_proto(tx, caller.user_id, kind, partial, version)
        except BadProto as error:
            raise _bad_proto() from error
        if len(merged.proto) > MAX_BYTES:
            raise Invalid(message="The settings are too large.")
        return merged


def require_person(caller: Caller) -> None:
    """Check that the caller is a person. Raises WrongAccountKind: bots set nothing for themselves."""
    if caller.is_bot:
        raise WrongAccountKind


def _require_kind(caller: Caller, kind: int) -> None:
    require_person(caller)
    if kind not in _SCHEMAS:
        raise NotFound


def _show(proto: bytes) -> str:
    return base64.b64encode(proto).decode()


def _read(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_proto() from error


def _bad_proto() -> Invalid:
    return invalid_field("settings", "BASE_TYPE_BAD_TYPE", "Not settings as protobuf in base64.")
