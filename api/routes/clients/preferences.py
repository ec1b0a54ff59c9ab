"""What people set for themselves and their devices: settings, settings of guilds, notes."""

from collections.abc import Sequence
from typing import Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, patch, put
from api.services.caller import Caller
from api.services.preferences.guild_settings import GuildSettingsService
from api.services.preferences.notes import NoteService
from api.services.preferences.preference_forms import (
    PutNote,
    UpdateAllGuildSettings,
    UpdateGuildSettings,
    UpdateNotificationSettings,
    UpdateSettingsJson,
    UpdateSettingsProto,
    UpdateUserSettings,
)
from api.services.preferences.user_settings import UserSettingsService
from core.wire.objects.people.guild_settings import GuildSettingsObject
from core.wire.objects.people.preferences import (
    NoteObject,
    NotificationSettingsObject,
    SettingsJsonObject,
    SettingsProtoObject,
)
from core.wire.objects.people.user_settings import UserSettingsObject


@get("/users/@me/settings")
async def get_settings(caller: Caller, user_settings: UserSettingsService) -> UserSettingsObject:
    """The caller's settings in the older form."""
    return await user_settings.fetch(caller)


@patch("/users/@me/settings")
async def update_settings(
    caller: Caller, data: UpdateUserSettings, user_settings: UserSettingsService
) -> UserSettingsObject:
    """Change the caller's settings."""
    return await user_settings.update(caller, data)


@get("/users/@me/settings-proto/{kind}")
async def get_settings_proto(
    kind: SnowflakePath, caller: Caller, user_settings: UserSettingsService
) -> SettingsProtoObject:
    """The caller's settings as protobuf: 1 those that clients need at once, 2 what is used often."""
    return await user_settings.fetch_proto(caller, kind)


@patch("/users/@me/settings-proto/{kind}")
async def update_settings_proto(
    kind: SnowflakePath, caller: Caller, data: UpdateSettingsProto, user_settings: UserSettingsService
) -> SettingsProtoObject:
    """Change the caller's settings by a partial message."""
    return await user_settings.update_proto(caller, kind, data)


@get("/users/@me/settings-proto/{kind}/json")
async def get_settings_json(
    kind: SnowflakePath, caller: Caller, user_settings: UserSettingsService
) -> SettingsJsonObject:
    """The caller's settings of the newer form as JSON: those that this server knows by name."""
    return await user_settings.fetch_json(caller, kind)


@patch("/users/@me/settings-proto/{kind}/json")
async def update_settings_json(
    kind: SnowflakePath, caller: Caller, data: UpdateSettingsJson, user_settings: UserSettingsService
) -> SettingsJsonObject:
    """Change the caller's settings of the newer form by JSON: each message that is given is replaced."""
    return await user_settings.update_json(caller, kind, data)


@patch("/users/@me/notification-settings")
async def update_notification_settings(
    caller: Caller, data: UpdateNotificationSettings, user_settings: UserSettingsService
) -> NotificationSettingsObject:
    """Change the settings of notifications on all devices."""
    return await user_settings.update_notifications(caller, data.flags)


@get("/users/@me/guilds/settings")
async def list_guild_settings(caller: Caller, guild_settings: GuildSettingsService) -> list[GuildSettingsObject]:
    """The caller's settings of guilds and of direct messages, as far as they were set."""
    return await guild_settings.list_all(caller)


@get("/users/@me/guilds/{guild}/settings")
async def get_guild_settings(guild: str, caller: Caller, guild_settings: GuildSettingsService) -> GuildSettingsObject:
    """The caller's settings of a guild, or of direct messages (`@me`)."""
    return await guild_settings.fetch(caller, guild)


@patch("/users/@me/guilds/settings")
async def update_all_guild_settings(
    caller: Caller, data: UpdateAllGuildSettings, guild_settings: GuildSettingsService
) -> list[GuildSettingsObject]:
    """Change the caller's settings of several guilds."""
    return await guild_settings.update_many(caller, data.guilds)


@patch("/users/@me/guilds/{guild}/settings")
async def update_guild_settings(
    guild: str, caller: Caller, data: UpdateGuildSettings, guild_settings: GuildSettingsService
) -> GuildSettingsObject:
    """Change the caller's settings of a guild, or of direct messages (`@me`)."""
    return await guild_settings.update(caller, guild, data)


@get("/users/@me/notes")
async def list_notes(caller: Caller, notes: NoteService) -> dict[str, str]:
    """The caller's notes, keyed by the user whom each is about."""
    return await notes.list_all(caller)


@get("/users/@me/notes/{user_id}")
async def get_note(user_id: SnowflakePath, caller: Caller, notes: NoteService) -> NoteObject:
    """The caller's note about a user."""
    return await notes.fetch(caller, user_id)


@put("/users/@me/notes/{user_id}", status=204)
async def put_note(user_id: SnowflakePath, caller: Caller, data: PutNote, notes: NoteService) -> None:
    """Write a note about a user, or delete it by an empty one."""
    await notes.put(caller, user_id, data.note or "")


ROUTES: Final[Sequence[Route]] = (
    get_settings,
    update_settings,
    get_settings_proto,
    update_settings_proto,
    get_settings_json,
    update_settings_json,
    update_notification_settings,
    list_guild_settings,
    get_guild_settings,
    update_all_guild_settings,
    update_guild_settings,
    list_notes,
    get_note,
    put_note,
)
