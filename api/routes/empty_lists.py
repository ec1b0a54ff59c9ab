"""Lists of things that cannot exist here yet. Stock libraries read them at their start, and they are truly empty.

Queries that only choose among the items of such a list have no effect, so they are no parameters here.
"""

from collections.abc import Sequence
from typing import Any, Final

from api.http.parameters import SnowflakePath
from api.http.route import Route, get, put
from api.services.caller import Caller
from api.services.empty_lists import EmptyListService, require_nothing
from core.domain.guilds.permissions import Permission
from core.wire.objects.empty_list import NoItems, NoOnboarding, Nothing, NoThreads, NoWelcomeScreen, NoWidget


@get("/soundboard-default-sounds")
async def list_default_sounds(caller: Caller) -> Nothing:  # noqa: ARG001 - asking for the caller is what wants a token
    """Sounds that every guild has."""
    return []


@get("/users/@me/applications/{application_id}/entitlements")
async def list_own_entitlements(application_id: SnowflakePath, caller: Caller) -> Nothing:  # noqa: ARG001
    """The caller's purchases of an application."""
    return []


@get(
    "/applications/{application_id}/commands",
    "/applications/{application_id}/entitlements",
    "/applications/{application_id}/role-connections/metadata",
)
async def list_of_application(application_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> Nothing:
    """The things of an application."""
    await empty_lists.require_application(caller, application_id)
    return []


@get("/applications/{application_id}/emojis")
async def list_application_emojis(
    application_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService
) -> NoItems:
    """An application's emojis."""
    await empty_lists.require_application(caller, application_id)
    return NoItems()


@get(
    "/applications/{application_id}/guilds/{guild_id}/commands",
    "/applications/{application_id}/guilds/{guild_id}/commands/permissions",
)
async def list_guild_commands(
    application_id: SnowflakePath, guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService
) -> Nothing:
    """An application's commands in a guild, and their permissions."""
    await empty_lists.require_application(caller, application_id, guild_id)
    return []


@put("/applications/{application_id}/commands", "/applications/{application_id}/role-connections/metadata")
async def replace_commands(
    application_id: SnowflakePath, caller: Caller, data: list[Any] | None, empty_lists: EmptyListService
) -> Nothing:
    """Replace the things of an application, by an empty list as yet."""
    await empty_lists.require_application(caller, application_id)
    require_nothing(data, "application commands and role connections")
    return []


@put("/applications/{application_id}/guilds/{guild_id}/commands")
async def replace_guild_commands(
    application_id: SnowflakePath,
    guild_id: SnowflakePath,
    caller: Caller,
    data: list[Any] | None,
    empty_lists: EmptyListService,
) -> Nothing:
    """Replace an application's commands in a guild, by an empty list as yet."""
    await empty_lists.require_application(caller, application_id, guild_id)
    require_nothing(data, "application commands")
    return []


@get("/guilds/{guild_id}/emojis", "/guilds/{guild_id}/stickers", "/guilds/{guild_id}/scheduled-events")
async def list_of_guild(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> Nothing:
    """The things of a guild that all its members may see."""
    await empty_lists.require_guild(caller, guild_id)
    return []


@get("/guilds/{guild_id}/auto-moderation/rules", "/guilds/{guild_id}/templates")
async def list_of_managers(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> Nothing:
    """The things of a guild that its managers may see."""
    await empty_lists.require_guild(caller, guild_id, Permission.MANAGE_GUILD)
    return []


@get("/guilds/{guild_id}/soundboard-sounds")
async def list_guild_sounds(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoItems:
    """A guild's sounds."""
    await empty_lists.require_guild(caller, guild_id)
    return NoItems()


@get("/guilds/{guild_id}/threads/active")
async def list_active_threads(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoThreads:
    """A guild's threads that are not archived."""
    await empty_lists.require_guild(caller, guild_id)
    return NoThreads()


@get("/channels/{channel_id}/threads/archived/public", "/channels/{channel_id}/users/@me/threads/archived/private")
async def list_archived_threads(channel_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoThreads:
    """A channel's archived threads."""
    await empty_lists.require_threads(caller, channel_id)
    return NoThreads()


@get("/channels/{channel_id}/threads/archived/private")
async def list_private_threads(channel_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoThreads:
    """A channel's archived private threads."""
    await empty_lists.require_threads(caller, channel_id, Permission.MANAGE_THREADS)
    return NoThreads()


@get("/guilds/{guild_id}/welcome-screen")
async def get_welcome_screen(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoWelcomeScreen:
    """The welcome screen of a guild."""
    await empty_lists.require_welcome_screen(caller, guild_id)
    return NoWelcomeScreen()


@get("/guilds/{guild_id}/onboarding")
async def get_onboarding(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoOnboarding:
    """The onboarding of a guild."""
    await empty_lists.require_guild(caller, guild_id)
    return NoOnboarding(guild_id=str(guild_id))


@get("/guilds/{guild_id}/widget")
async def get_widget(guild_id: SnowflakePath, caller: Caller, empty_lists: EmptyListService) -> NoWidget:
    """The settings of a guild's widget."""
    await empty_lists.require_guild(caller, guild_id, Permission.MANAGE_GUILD)
    return NoWidget()


ROUTES: Final[Sequence[Route]] = (
    list_default_sounds,
    list_own_entitlements,
    list_of_application,
    list_application_emojis,
    list_guild_commands,
    replace_commands,
    replace_guild_commands,
    list_of_guild,
    list_of_managers,
    list_guild_sounds,
    list_active_threads,
    list_archived_threads,
    list_private_threads,
    get_welcome_screen,
    get_onboarding,
    get_widget,
)
