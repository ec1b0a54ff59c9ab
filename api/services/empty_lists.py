"""Lists of things that cannot exist here yet: commands, emojis, threads and the like.

Client libraries read many of them at every start, and an empty list is the truth. This service checks whether the
caller may read them. A request that makes such a thing answers 501.
"""

from collections.abc import Sequence
from typing import Any

from api.services.applications.applications import ApplicationService
from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from core.domain.channels.channel import ChannelType
from core.domain.errors import (
    DirectChannelAction,
    NotBuilt,
    UnknownWelcomeScreen,
    WrongChannelType,
)
from core.domain.guilds.permissions import Permission
from core.store.aggregates.messages.messages import MessageStore

_THREADED = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT, ChannelType.FORUM})


class EmptyListService:
    """Checks the rights of callers to read empty lists."""

    __slots__ = ("_applications", "_entities", "_messages")

    def __init__(self, *, entities: EntityCache, messages: MessageStore, applications: ApplicationService) -> None:
        self._entities = entities
        self._messages = messages
        self._applications = applications

    async def require_guild(self, caller: Caller, guild_id: int, permissions: int = 0) -> None:
        """Require a member with these permissions. Raises UnknownGuild, Forbidden."""
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(permissions)

    async def require_welcome_screen(self, caller: Caller, guild_id: int) -> None:
        """Only managers see a welcome screen that is off. Raises UnknownGuild, UnknownWelcomeScreen."""
        access = await self._entities.access(caller.user_id, guild_id)
        if not access.has(Permission.MANAGE_GUILD):
            raise UnknownWelcomeScreen

    async def require_threads(self, caller: Caller, channel_id: int, permissions: int = 0) -> None:
        """Require a reader of a channel with threads.

        Raises UnknownChannel, MissingAccess, DirectChannelAction, WrongChannelType, Forbidden.
        """
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is None:
            raise DirectChannelAction
        if access.channel.type not in _THREADED:
            raise WrongChannelType
        access.require(Permission.READ_MESSAGE_HISTORY | permissions)

    async def require_application(self, caller: Caller, application_id: int, guild_id: int | None = None) -> None:
        """Admit the application's owner and its bot, in the guild if given. Raises UnknownApplication, UnknownGuild."""
        await self._applications.require_allowed(caller, application_id)
        if guild_id is not None:
            await self._entities.access(caller.user_id, guild_id)


def require_nothing(given: Sequence[Any] | None, what: str) -> None:
    """Allow the replacement of an empty list by an empty one, or by null, which means the same. Raises NotBuilt for any
    element.
    """
    if given:
        raise NotBuilt(f"This server does not support {what} yet")
