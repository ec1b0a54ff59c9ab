"""A guild's integrations: the bots in it, each with its application. There are no others here."""

from typing import Final

import msgspec

from api.services.caller import Caller
from api.services.directory import Directory
from core.domain.application import Application
from core.domain.permissions import Permission
from core.domain.user import User
from core.store.interfaces import Store
from core.wire.objects.user import UserObject, render_user

_SCOPES: Final = ("bot",)


class IntegrationAccountObject(msgspec.Struct, kw_only=True):
    """AccountResponse."""

    id: str
    name: str


class IntegrationApplicationObject(msgspec.Struct, kw_only=True):
    """IntegrationApplicationResponse."""

    id: str
    name: str
    icon: str | None
    description: str
    summary: str = ""
    """Not documented any more; Python's libraries read it without a default."""
    type: None = None
    bot: UserObject


class IntegrationObject(msgspec.Struct, kw_only=True):
    """DiscordIntegrationResponse."""

    id: str
    type: str = "discord"
    name: str
    enabled: bool = True
    account: IntegrationAccountObject
    application: IntegrationApplicationObject
    scopes: list[str]


class IntegrationService:
    """Shows them."""

    __slots__ = ("_directory", "_store")

    def __init__(self, *, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def list_of_guild(self, caller: Caller, guild_id: int) -> list[IntegrationObject]:
        """For those who manage the guild. Raises UnknownGuild, Forbidden."""
        access = await self._directory.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        applications = await self._store.applications.list_in_guild(guild_id)
        bots = await self._directory.users([application.bot_id or 0 for application in applications])
        return [_render(item, bots[item.bot_id]) for item in applications if item.bot_id in bots]


def _render(application: Application, bot: User) -> IntegrationObject:
    application_id = str(application.id)
    return IntegrationObject(
        id=application_id,
        name=application.name,
        account=IntegrationAccountObject(id=application_id, name=application.name),
        application=IntegrationApplicationObject(
            id=application_id,
            name=application.name,
            icon=application.icon,
            description=application.description,
            bot=render_user(bot),
        ),
        scopes=list(_SCOPES),
    )
