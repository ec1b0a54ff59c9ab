"""One's own message marks its channel as read, also one that the server has written in one's name.

A write for each message would cost a tenth of a send. So the newest message of each person and channel is kept here,
and a chore writes all of them together each half second. A process that is killed loses those of the last half second.
"""

import asyncio
import logging
from typing import Final

from core.domain.errors import Unavailable
from core.domain.message import Message
from core.domain.user import User
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 0.5
"""What another device may miss when it logs in right after a message was sent."""


class OwnPlaces:
    """Collects the places of authors and writes them."""

    __slots__ = ("_clock", "_lock", "_places", "_store")

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._places: dict[tuple[int, int], int] = {}
        self._lock = asyncio.Lock()
        """Held while places are written, so that nobody takes them for written before."""

    def note(self, author: User, message: Message) -> None:
        """Note a message of a person. Bots have no places."""
        if not author.bot:
            self._keep((author.id, message.channel_id), message.id)

    def _keep(self, place: tuple[int, int], message_id: int) -> None:
        self._places[place] = max(message_id, self._places.get(place, 0))

    async def write(self) -> None:
        """Write the places since the last time. Those that cannot be written now are written the next time."""
        async with self._lock:
            places, self._places = self._places, {}
            if not places:
                return
            try:
                # A place only moves forward, so nothing is checked and nobody is named.
                async with self._store.write() as tx:
                    await tx.read_states.move_own(places, now_ms=self._clock.now_ms())
            except BaseException as error:  # a stop may come in the middle
                for place, message_id in places.items():
                    self._keep(place, message_id)
                if not isinstance(error, Unavailable):
                    raise
                logger.warning("places of authors could not be written", extra={"places": len(places)})

    async def run(self) -> None:
        """Write each half second, and once more when cancelled."""
        try:
            while True:
                await asyncio.sleep(_INTERVAL_S)
                await self.write()
        finally:
            await self.write()
