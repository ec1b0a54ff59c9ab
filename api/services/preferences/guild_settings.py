"""The caller's settings of its guilds and of direct messages: mutes, and of what it is told."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET

from api.services.announcements import user_event
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.ids import IdSource
from api.services.preferences.preference_forms import ChannelOverrideForm, MuteConfigForm, UpdateGuildSettings
from api.services.preferences.user_settings import require_person
from core.domain.errors import Invalid, invalid_field
from core.domain.events import USER_GUILD_SETTINGS_UPDATE
from core.domain.ids import MAX_SNOWFLAKE
from core.domain.people.preferences import NO_GUILD, GuildSettings
from core.store.interfaces import Store, Transaction
from core.wire.objects.people.guild_settings import ChannelOverrideObject, GuildSettingsObject, parse_guild_settings

MAX_ENTRY_BYTES: Final = 64 * 1024
"""The largest entry: 500 channels, all with a mute of their own."""
DIRECT_MESSAGES: Final = "@me"

_encode = msgspec.json.Encoder().encode


class GuildSettingsService:
    """Shows and changes the settings of guilds. READY shows them too."""

    __slots__ = ("_entities", "_ids", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, ids: IdSource) -> None:
        self._entities = entities
        self._ids = ids
        self._store = store

    async def fetch(self, caller: Caller, guild: str) -> GuildSettingsObject:
        """Return the settings of one guild, or of direct messages (`@me`).

        Raises:
            WrongAccountKind, UnknownGuild.
        """
        require_person(caller)
        guild_id = _parse_guild(guild, "guild_id")
        if guild_id != NO_GUILD:
            await self._entities.access(caller.user_id, guild_id)
        kept = await self._store.preferences.find_guild_settings(caller.user_id, guild_id)
        entry, version = ("{}", 0) if kept is None else (kept.entry, kept.version)
        return parse_guild_settings(entry, guild_id=guild_id, version=version)

    async def list_all(self, caller: Caller) -> list[GuildSettingsObject]:
        """Return the settings that the caller has set, of guilds and of direct messages. Raises WrongAccountKind."""
        require_person(caller)
        found = await self._store.preferences.find_many([caller.user_id])
        return [
            parse_guild_settings(each.entry, guild_id=each.guild_id, version=each.version)
            for each in found[caller.user_id].guild_settings
        ]

    async def update(self, caller: Caller, guild: str, form: UpdateGuildSettings) -> GuildSettingsObject:
        """Change the settings of one guild, or of direct messages (`@me`). Return them whole.

        Raises:
            WrongAccountKind, UnknownGuild, MissingAccess. Invalid: for wrong channels, or too many.
        """
        require_person(caller)
        return (await self._update_all(caller, {_parse_guild(guild, "guild_id"): form}))[0]

    async def update_many(self, caller: Caller, forms: Mapping[str, UpdateGuildSettings]) -> list[GuildSettingsObject]:
        """Change the settings of several guilds at once, or of none. The rest is as in `update`."""
        require_person(caller)
        return await self._update_all(
            caller, {_parse_guild(guild, "guilds", guild): form for guild, form in forms.items()}
        )

    async def _update_all(self, caller: Caller, wanted: Mapping[int, UpdateGuildSettings]) -> list[GuildSettingsObject]:
        for guild_id in wanted:
            if guild_id != NO_GUILD:
                await self._entities.access(caller.user_id, guild_id)
        async with self._store.write(users=[caller.user_id]) as tx:
            return [await self._update(tx, caller.user_id, guild_id, form) for guild_id, form in wanted.items()]

    async def _update(
        self, tx: Transaction, user_id: int, guild_id: int, form: UpdateGuildSettings
    ) -> GuildSettingsObject:
        before = await tx.preferences.find_guild_settings(user_id, guild_id)
        entry, version = ("{}", 0) if before is None else (before.entry, before.version)
        shown = parse_guild_settings(entry, guild_id=guild_id, version=version + 1)
        _apply(shown, form)
        kept = _encode(shown).decode()
        if len(kept) > MAX_ENTRY_BYTES:
            raise Invalid(message="The settings are too large.")
        await tx.preferences.put_guild_settings(
            GuildSettings(user_id=user_id, guild_id=guild_id, entry=kept, version=shown.version)
        )
        tx.announce(user_event(self._ids.next(), USER_GUILD_SETTINGS_UPDATE, user_id, shown))
        return shown


def _parse_guild(guild: str, *path: str) -> int:
    return NO_GUILD if guild == DIRECT_MESSAGES else _parse_id(guild, *path)


def _parse_id(given: str | int | None, *path: str | int) -> int:
    if given is None:
        raise invalid_field(path, "BASE_TYPE_REQUIRED", "This field is required")
    shown = str(given)
    if not (shown.isascii() and shown.isdigit() and len(shown) < 20 and 0 < int(shown) <= MAX_SNOWFLAKE):
        raise invalid_field(path, "NUMBER_TYPE_COERCE", f'Value "{shown[:32]}" is not snowflake.')
    return int(shown)


def _apply(shown: GuildSettingsObject, form: UpdateGuildSettings) -> None:
    _assign(shown, form, without="channel_overrides")
    if form.channel_overrides is UNSET:
        return
    known = {override.channel_id: override for override in shown.channel_overrides}
    for channel_id, given in _list_overrides(form.channel_overrides or ()):
        override = known.setdefault(channel_id, ChannelOverrideObject(channel_id=channel_id))
        _assign(override, given, without="channel_id")
    shown.channel_overrides = list(known.values())


def _assign(target: msgspec.Struct, form: msgspec.Struct, *, without: str) -> None:
    """Put the given fields of a form into an object that has fields of the same names."""
    for name in form.__struct_fields__:
        value: Any = getattr(form, name)
        if name != without and value is not UNSET:
            setattr(target, name, value.render() if isinstance(value, MuteConfigForm) else value)


def _list_overrides(
    given: Mapping[str, ChannelOverrideForm] | list[ChannelOverrideForm] | tuple[()],
) -> list[tuple[str, ChannelOverrideForm]]:
    """Return the overrides with the id of their channel, in either form."""
    if isinstance(given, Mapping):
        return [(str(_parse_id(key, "channel_overrides", key)), form) for key, form in given.items()]
    return [
        (str(_parse_id(form.channel_id, "channel_overrides", index, "channel_id")), form)
        for index, form in enumerate(given)
    ]
