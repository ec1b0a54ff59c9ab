"""A guild's integrations: the bots in it, each with its application. There are no other kinds."""

from typing import Final

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from core.domain.application import Application
from core.domain.guilds.permissions import Permission
from core.domain.people.user import User
from core.store.interfaces import Store
from core.wire.objects.guilds.integration import (
    IntegrationAccountObject,
    IntegrationApplicationObject,
    IntegrationObject,
)
from core.wire.objects.people.user import render_user

_SCOPES: Final = ("bot",)


class IntegrationService:
    """Shows integrations."""

    __slots__ = ("_entities", "_store")

    def __init__(self, *, store: Store, entities: EntityCache) -> None:
        self._store = store
        self._entities = entities

    async def list_of_guild(self, caller: Caller, guild_id: int) -> list[IntegrationObject]:
        """List the integrations, for managers of the guild. Raises UnknownGuild, Forbidden."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        applications = await self._store.applications.list_in_guild(guild_id)
        bots = await self._entities.users([application.bot_id or 0 for application in applications])
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
