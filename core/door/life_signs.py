"""The signs of life of a process, without which sweepers end its openings (`core.door.redis_orphans`)."""

import asyncio
import logging
from typing import Final

from core.domain.errors import Unavailable
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG

logger = logging.getLogger(__name__)

LIVE_MS: Final = 2000
"""The time after which a silent process counts as dead."""
_PAUSE_S: Final = 0.5
"""The time between two signs of life."""


class LifeSigns:
    """Says that a process lives. `incarnation` names this life of it."""

    __slots__ = ("_incarnation", "_scripts")

    def __init__(self, *, scripts: Scripts, incarnation: str) -> None:
        self._scripts = scripts
        self._incarnation = incarnation

    async def run(self) -> None:
        """Give signs until cancelled."""
        while True:
            try:
                await self._scripts.call("live", ANY_TAG, self._incarnation, LIVE_MS)
            except Unavailable as error:
                logger.warning("cannot tell Redis that this process lives", extra={"reason": str(error)})
            await asyncio.sleep(_PAUSE_S)
