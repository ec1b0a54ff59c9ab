"""The recent uses of auth sessions. They are stored as `last_used_ms`, which a prune depends on.

A request only puts the id of its auth session into a set. A chore writes the set once a minute, so the time is exact to
the minute and requests cost no write.
"""

import asyncio
import logging
from typing import Final

from core.domain.errors import Unavailable
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 60.0


class AuthSessionUses:
    """Collects uses of auth sessions and writes them."""

    __slots__ = ("_clock", "_store", "_used")

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._used: set[int] = set()

    def note(self, auth_session_id: int) -> None:
        """Note a request of this auth session."""
        self._used.add(auth_session_id)

    async def write(self) -> None:
        """Write the uses since the last time. Uses that cannot be written now are written the next time."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            # Nothing is checked here, so nobody is named.
            async with self._store.write() as tx:
                await tx.users.touch_auth_sessions(used, self._clock.now_ms())
        except Unavailable:
            self._used |= used
            logger.warning("uses of auth sessions could not be written", extra={"auth_sessions": len(used)})

    async def run(self) -> None:
        """Write once a minute, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(_INTERVAL_S)
                await self.write()
        finally:
            await self.write()
