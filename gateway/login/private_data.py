"""What is a person's alone, as READY tells it: read states, settings, notes. Relationships come with the login itself.

It is read with the login, in the same window: events about it that come meanwhile follow READY, so an entry may be told
twice, and none is missed. Each kind is a field of `PrivateData` and a read in `PrivateReads`.
"""

import base64
from collections.abc import Collection, Mapping, Sequence

import msgspec

from core.domain.messages.read_state import ReadState
from core.domain.people.preferences import Preferences
from core.store.interfaces import Store
from core.wire.objects.people.guild_settings import parse_guild_settings
from core.wire.objects.people.preferences import parse_user_settings
from core.wire.objects.people.user_settings import UserSettingsObject


class PrivateData(msgspec.Struct, kw_only=True):
    """One person's. Lists hold objects of `core.wire.objects`, which READY encodes as they are."""

    read_states: Sequence[ReadState] = ()
    """The places in all channels, also in those that the person may not view any more."""
    guild_settings: Sequence[msgspec.Struct] = ()
    notes: Mapping[str, str] = {}
    """The notes, keyed by the id of the user whom each is about."""
    settings: UserSettingsObject = msgspec.field(default_factory=UserSettingsObject)
    settings_proto: str = ""
    """The settings as base64 of the protobuf that the client has stored."""
    notification_flags: int = 0


class PrivateReads:
    """Reads the private data of many people at once."""

    __slots__ = ("_store",)

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def fetch(self, user_ids: Collection[int]) -> Mapping[int, PrivateData]:
        """Return the data of each of these people.

        Raises:
            Unavailable: when the store cannot be read.
        """
        read_states = await self._store.read_states.list_of_users(user_ids)
        preferences = await self._store.preferences.find_many(user_ids)
        return {user_id: _collect(found, read_states[user_id]) for user_id, found in preferences.items()}


def _collect(preferences: Preferences, read_states: Sequence[ReadState]) -> PrivateData:
    settings = preferences.settings
    return PrivateData(
        read_states=read_states,
        guild_settings=[
            parse_guild_settings(each.entry, guild_id=each.guild_id, version=each.version)
            for each in preferences.guild_settings
        ],
        notes={str(about_id): note for about_id, note in preferences.notes.items()},
        settings=parse_user_settings(settings.changed),
        settings_proto=base64.b64encode(settings.preloaded_proto).decode(),
        notification_flags=settings.notification_flags,
    )
