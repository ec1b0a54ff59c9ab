"""Which logins were used lately: what `last_used_ms` is kept from, and what a prune goes by.

A request only puts its login's id into a set; a chore writes the set once a minute, so the time is right to the minute and
requests cost no write.
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
    """Collects and writes."""

    __slots__ = ("_clock", "_store", "_used")

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._used: set[int] = set()

    def note(self, auth_session_id: int) -> None:
        """Return a request came with this login."""
        self._used.add(auth_session_id)

    async def write(self) -> None:
        """Write what was noted since the last time. What cannot be written now is written the next time."""
        used, self._used = self._used, set()
        if not used:
            return
        try:
            async with self._store.write() as tx:
                await tx.users.touch_auth_sessions(used, self._clock.now_ms())
        except Unavailable:
            self._used |= used
            logger.warning("uses of logins could not be written", extra={"logins": len(used)})

    async def run(self) -> None:
        """Write now and then, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(_INTERVAL_S)
                await self.write()
        finally:
            await self.write()
