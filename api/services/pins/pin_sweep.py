"""The settling of changes of pins that a process has left half done (pin_flags.py).

Every process sweeps. What two of them settle at once comes out as one: the message follows the row.
"""

import asyncio
import logging
from typing import Final

from api.services.entity_cache import EntityCache
from api.services.pins.pin_flags import PinFlags
from core.domain.errors import DomainError, UnknownChannel
from core.domain.ids import snowflake_at
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

INTERVAL_S: Final = 10.0
GRACE_MS: Final = 5_000
"""A change that is younger is most likely under way. A request that takes longer is helped, which does no harm."""
_PAGE: Final = 100


class PinSweep:
    """The sweep of one process."""

    __slots__ = ("_clock", "_entities", "_flags", "_store")

    def __init__(self, *, store: Store, entities: EntityCache, flags: PinFlags, clock: Clock) -> None:
        self._store = store
        self._entities = entities
        self._flags = flags
        self._clock = clock

    async def run(self) -> None:
        """Sweep again and again, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                await self.sweep()
            except DomainError as error:
                logger.warning("changes of pins could not be settled", extra={"reason": error.text})

    async def sweep(self) -> int:
        """Settle what is old enough, and return how many changes that were. Raises Unavailable."""
        before_id = snowflake_at(self._clock.now_ms() - GRACE_MS)
        found = await self._store.pins.list_changes(before_id=before_id, limit=_PAGE)
        for change in found:
            try:
                channel = await self._entities.channel(change.channel_id)
            except UnknownChannel:
                await self._flags.forget(change)
            else:
                await self._flags.settle(channel, change)
        if found:
            logger.info("changes of pins were settled", extra={"changes": len(found)})
        return len(found)
