"""Changes of a person's settings, as steps of a caller's unit of work, in both forms at once.

```
 a change of the flat form      its fields  ──→ their messages in the protobuf, beside all else there
 a change of the protobuf       its bytes   ──→ the flat settings that its messages have
```

`core.domain.people.settings.shared` has both ways. So either form may be read without the other. Other devices are told
of both. A value in the protobuf that the flat form does not know (a status of a newer client) is kept there and absent
here.
"""

import base64
from collections.abc import Collection
from typing import Any, Final

import msgspec

from api.services.announcements import user_event
from api.services.ids import IdSource
from core.domain.events import USER_SETTINGS_PROTO_UPDATE, USER_SETTINGS_UPDATE
from core.domain.people.preferences import UserSettings
from core.domain.people.settings.merging import Merged, merge
from core.domain.people.settings.shared import find_shared, flatten, write_flat
from core.store.interfaces import Transaction
from core.wire.objects.people.preferences import (
    SettingsProtoChange,
    SettingsProtoUpdate,
    keep_valid_settings,
    parse_user_settings,
    replace_user_settings,
)

PRELOADED, FRECENCY = 1, 2
"""The two protobufs, by the numbers in their routes."""
_SEEN: Final = frozenset({"status", "custom_status"})
"""What sessions follow, also when it is set to what it was: a session may have changed it for itself since."""
_FIELDS: Final = {PRELOADED: "preloaded_proto", FRECENCY: "frecency_proto"}


class SettingsChanges:
    """Makes the steps."""

    __slots__ = ("_ids",)

    def __init__(self, *, ids: IdSource) -> None:
        self._ids = ids

    async def put_flat(self, tx: Transaction, user_id: int, given: dict[str, Any]) -> UserSettings:
        """Set valid settings of the flat form. Return all that is stored then."""
        before = await tx.preferences.find_settings(user_id)
        proto = merge(before.preloaded_proto, write_flat(before.preloaded_proto, given)).proto
        changed = replace_user_settings(before.changed, given, without=())
        after = msgspec.structs.replace(before, changed=changed, preloaded_proto=proto)
        await tx.preferences.put_settings(after)
        tx.announce(user_event(self._ids.next(), USER_SETTINGS_UPDATE, user_id, given))
        self._tell_proto(tx, user_id, PRELOADED, proto)
        return after

    async def put_proto(
        self, tx: Transaction, user_id: int, kind: int, partial: bytes, required_version: int | None
    ) -> Merged:
        """Put a partial protobuf into the stored one. Nothing changes, and nobody is told, when it is out of date.

        Raises:
            BadProto: for bytes that are no message.
        """
        before = await tx.preferences.find_settings(user_id)
        merged = merge(proto_of(before, kind), partial, required_version=required_version)
        if merged.is_out_of_date:
            return merged
        after = _replace(before, kind, merged.proto)
        if kind == PRELOADED:
            shared = find_shared(partial)
            valid = keep_valid_settings(flatten(merged.proto))
            given = {name: value for name, value in valid.items() if name in shared}
            after = msgspec.structs.replace(after, changed=replace_user_settings(before.changed, given, without=shared))
        await tx.preferences.put_settings(after)
        self._tell_proto(tx, user_id, kind, merged.proto)
        self._tell_flat(tx, before, after, always=_SEEN & find_shared(partial) if kind == PRELOADED else frozenset())
        return merged

    async def join_guild(self, tx: Transaction, user_id: int, guild_id: int) -> None:
        """Restrict a guild that the user has just joined, if the user wishes this of all new ones."""
        settings = parse_user_settings((await tx.preferences.find_settings(user_id)).changed)
        if not settings.default_guilds_restricted:
            return
        present = {str(each) for each in await tx.guilds.list_ids_of_user(user_id)} - {str(guild_id)}
        # Guilds that the user has left go off the list, or it would grow by each guild ever joined.
        kept = [each for each in settings.restricted_guilds if each in present]
        await self.put_flat(tx, user_id, {"restricted_guilds": [*kept, str(guild_id)]})

    def _tell_proto(self, tx: Transaction, user_id: int, kind: int, proto: bytes) -> None:
        told = SettingsProtoUpdate(settings=SettingsProtoChange(type=kind, proto=base64.b64encode(proto).decode()))
        tx.announce(user_event(self._ids.next(), USER_SETTINGS_PROTO_UPDATE, user_id, told))

    def _tell_flat(
        self, tx: Transaction, before: UserSettings, after: UserSettings, *, always: Collection[str]
    ) -> None:
        """Tell the flat settings that are not as they were, and some in any case."""
        old, new = parse_user_settings(before.changed), parse_user_settings(after.changed)
        told = {
            name: getattr(new, name)
            for name in new.__struct_fields__
            if name in always or getattr(new, name) != getattr(old, name)
        }
        if told:
            tx.announce(user_event(self._ids.next(), USER_SETTINGS_UPDATE, after.user_id, told))


def proto_of(settings: UserSettings, kind: int) -> bytes:
    """Return one of the protobufs. Raises KeyError for an unknown kind."""
    proto: bytes = getattr(settings, _FIELDS[kind])
    return proto


def _replace(settings: UserSettings, kind: int, proto: bytes) -> UserSettings:
    changes: dict[str, Any] = {_FIELDS[kind]: proto}
    return msgspec.structs.replace(settings, **changes)
