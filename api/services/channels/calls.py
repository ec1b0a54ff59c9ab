"""Calls in private channels. There are none yet, so nobody can be rung; clients ask whether somebody could."""

import msgspec

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from core.domain.errors import NotBuilt, WrongChannelType


class CallEligibility(msgspec.Struct, kw_only=True):
    """GET /channels/{channel}/call, as people's clients read it."""

    ringable: bool


class CallService:
    """Answers questions about calls."""

    __slots__ = ("_entities",)

    def __init__(self, *, entities: EntityCache) -> None:
        self._entities = entities

    async def fetch(self, caller: Caller, channel_id: int) -> CallEligibility:
        """Return whether the channel can be rung. Raises UnknownChannel, MissingAccess, WrongChannelType."""
        await self._require_private(caller, channel_id)
        return CallEligibility(ringable=False)

    async def ring(self, caller: Caller, channel_id: int) -> None:
        """Refuse to ring. Raises NotBuilt; before it, as `fetch`."""
        await self._require_private(caller, channel_id)
        raise NotBuilt("This server does not support calls yet")

    async def _require_private(self, caller: Caller, channel_id: int) -> None:
        access = await self._entities.channel_access(caller.user_id, channel_id)
        if access.guild is not None:
            raise WrongChannelType
