"""The times at which people went offline for others, on their way from the gateway into the store.

The gateway announces each on the bus (USER_UNSEEN). A chore writes those that have come meanwhile together, of the
people that want it kept, so a storm of them costs one read for a batch and few writes. The event is volatile: a time
that a crash of the process cuts off is not stored, and the one before stays. Processes of a cluster all hear it; the
later ones find the time stored.
"""

import asyncio
import logging
from typing import Final

import msgspec

from core.bus.interfaces import Bus, Delivery
from core.domain.errors import Unavailable
from core.domain.events import USER_UNSEEN
from core.store.interfaces import Store
from core.wire.internal_events import parse_unseen

logger = logging.getLogger(__name__)

_MOST_WAITING: Final = 100_000
"""The people whose times wait while the store does not answer: some 10 MB. More are passed over."""
_RETRY_S: Final = 5.0


class SeenTimes:
    """Collects the times and writes them."""

    __slots__ = ("_has_some", "_store", "_waiting")

    def __init__(self, *, store: Store, bus: Bus) -> None:
        self._store = store
        self._waiting: dict[int, int] = {}
        self._has_some = asyncio.Event()
        bus.subscribe(self._on_delivery)

    async def write(self) -> None:
        """Write what waits. Raises Unavailable, and then it waits on."""
        taken, self._waiting = self._waiting, {}
        try:
            kept = await self._store.last_seen.find_many(taken)
            newer = {each: taken[each] for each, entry in kept.items() if (entry.seen_ms or 0) < taken[each]}
            if newer:
                async with self._store.write(users=newer) as tx:
                    await tx.last_seen.note(newer)
        except Unavailable:
            self._waiting = taken | self._waiting
            raise

    async def run(self) -> None:
        """Write whenever there is something, and once more when cancelled."""
        try:
            while True:
                await self._has_some.wait()
                self._has_some.clear()
                if not await self._try():
                    await asyncio.sleep(_RETRY_S)
                    self._has_some.set()
        finally:
            await self._try()

    async def _try(self) -> bool:
        try:
            await self.write()
        except Unavailable:
            logger.warning("times at which people were last seen could not be written")
            return False
        return True

    def _on_delivery(self, delivery: Delivery) -> None:
        envelope = delivery.envelope
        if envelope.event != USER_UNSEEN or len(self._waiting) >= _MOST_WAITING:
            return
        try:
            at_ms = parse_unseen(envelope.payload)
        except msgspec.MsgspecError:
            logger.exception("an event has an unreadable payload", extra={"event": envelope.event})
            return
        self._waiting[envelope.user_id] = max(at_ms, self._waiting.get(envelope.user_id, 0))
        self._has_some.set()
