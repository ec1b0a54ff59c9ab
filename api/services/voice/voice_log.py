"""The log of who was in voice when, and how well it went: kept for `voice.log_days`, shown to who manages the guild."""

import asyncio
import logging
import random
from typing import Final

from api.services.caller import Caller
from api.services.entity_cache import EntityCache
from core.domain.errors import Unavailable
from core.domain.guilds.permissions import Permission
from core.domain.guilds.voice_session import VoiceSession
from core.domain.ids import created_ms
from core.runtime.clock import Clock
from core.store.interfaces import Store
from core.wire.objects.guilds.voice_session import VoiceSessionObject, render_voice_session

logger = logging.getLogger(__name__)

_DAY_MS: Final = 86_400_000
_SWEEP_S: Final = 3600.0
_AT_ONCE: Final = 1000
"""The rows that one unit of work removes."""


class VoiceLogService:
    """The log. `run` removes what is older than it is kept for."""

    __slots__ = ("_clock", "_days", "_entities", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, clock: Clock, days: int) -> None:
        """`days` of 0 keep nothing."""
        self._store = store
        self._entities = entities
        self._clock = clock
        self._days = days

    async def keep(self, session: VoiceSession) -> None:
        """Keep a stay. Raises Unavailable."""
        if self._days:
            async with self._store.write() as tx:
                await tx.voice_sessions.put(session)

    async def fetch_page(
        self,
        caller: Caller,
        guild_id: int,
        *,
        before: int | None,
        limit: int,
        user_id: int | None,
        channel_id: int | None,
    ) -> list[VoiceSessionObject]:
        """Return stays, newest first. `before` is a snowflake, whose time they began before.

        Raises:
            UnknownGuild
            Forbidden: without MANAGE_GUILD.
        """
        access = await self._entities.access(caller.user_id, guild_id)
        access.require(Permission.MANAGE_GUILD)
        page = await self._store.voice_sessions.list_page(
            guild_id,
            before_ms=None if before is None else created_ms(before),
            limit=limit,
            user_id=user_id,
            channel_id=channel_id,
        )
        return [render_voice_session(session) for session in page]

    async def run(self) -> None:
        """Remove what is old, each hour, until cancelled. Every process may do it."""
        while True:
            # The processes of a cluster take turns, mostly.
            await asyncio.sleep(_SWEEP_S * (0.5 + random.random()))  # noqa: S311 - no secret
            try:
                await self.sweep()
            except Unavailable:
                logger.warning("the log of voice was not swept")

    async def sweep(self) -> None:
        """Remove what is old. Raises Unavailable."""
        ended_before_ms = self._clock.now_ms() - self._days * _DAY_MS
        removed = _AT_ONCE
        while removed == _AT_ONCE:
            async with self._store.write() as tx:
                removed = await tx.voice_sessions.remove_older(ended_before_ms, limit=_AT_ONCE)
