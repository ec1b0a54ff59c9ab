"""A guild's integrations: the bots in it, each with its application. There are no other kinds.

`Membership` tells of those that come and go, as they do so with their bots.
"""

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from api.services.members.membership import Membership
from api.services.rights import confirm_rights, on_present_rights
from core.domain.errors import Forbidden, UnknownIntegration, UnknownMember
from core.domain.guilds.permissions import Permission
from core.store.interfaces import Store
from core.wire.objects.guilds.integration import IntegrationObject, render_integration


class IntegrationService:
    """Shows integrations, and removes them."""

    __slots__ = ("_entities", "_membership", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, membership: Membership) -> None:
        self._store = store
        self._entities = entities
        self._membership = membership

    async def list_of_guild(self, caller: Caller, guild_id: int) -> list[IntegrationObject]:
        """List the integrations, for managers of the guild. Raises UnknownGuild, Forbidden."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        applications = await self._store.applications.list_in_guild(guild_id)
        bots = await self._entities.users([application.bot_id or 0 for application in applications])
        return [render_integration(item, bots[item.bot_id]) for item in applications if item.bot_id in bots]

    @on_present_rights
    async def delete(self, caller: Caller, guild_id: int, integration_id: int) -> None:
        """Remove an integration, and with it its bot, wherever that stands.

        Raises:
            UnknownGuild, UnknownIntegration. Forbidden: without MANAGE_GUILD, and for a bot that owns the guild.
        """
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        application = await self._store.applications.find(integration_id)
        if application is None or application.bot_id is None:
            raise UnknownIntegration
        if application.bot_id == access.entry.guild.owner_id:
            raise Forbidden
        async with self._store.write(users=[application.bot_id], guilds=[guild_id]) as tx:
            await confirm_rights(tx, access)
            try:
                await self._membership.remove(tx, guild_id, application.bot_id)
            except UnknownMember:
                raise UnknownIntegration from None
