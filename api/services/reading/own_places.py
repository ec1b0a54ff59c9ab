"""One's own message marks its channel as read, also one that the server has written in one's name.

A write for each message would cost a tenth of a send. The logs have each message with its author, so places are taken
from there: the newest message of each author and channel is noted as it passes, and all are written together each half
second, with the positions in the logs up to which that goes. Whoever begins reads on from those positions:

    positions of the last write ─→ read the logs up to now ─┬─→ listen, and write each half second
                  ↑                                         │
                  └── a write has failed, or too much waits ┘

So a process that is killed loses nothing as long as the logs reach back, and nothing piles up here while the store is
away. A log that does not reach back is taken up where it begins, or at its end. In a cluster one process at a time
does it. The others *trail* it: they note the same, and forget what it has written. Who logs in or lists their chats
right after a message of their own is waited for (`settle`): what is noted of them is written at once, by whichever
process it is, as a place may be written twice. Bots have no places; the store leaves them out.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final, TypeAlias

from core.bus.interfaces import Bus, Delivery, LogTrimmed
from core.domain.errors import Unavailable
from core.domain.events import MESSAGE_CREATE
from core.runtime.clock import Clock
from core.store.interfaces import Store

logger = logging.getLogger(__name__)

_INTERVAL_S: Final = 0.5
"""The time for which a place may be missing in the store. Logins and lists of chats settle what is theirs."""
_MAX_PAUSE_S: Final = 8.0
"""The longest time between attempts while the store is away. Each one reads a part of the logs."""
MOST: Final = 4096
"""The places that one unit writes, which takes a store about 50 ms."""
_QUIET_TURNS: Final = 20
"""After so many turns without a place the positions are written alone: before logs are trimmed behind them."""

_Noted: TypeAlias = tuple[int, int, int]
"""A message, and the shard and position of its event."""


class OwnPlaces:
    """Follows the logs and writes the places of authors."""

    __slots__ = ("_bus", "_clock", "_is_following", "_lock", "_places", "_quiet_turns", "_reached", "_store")

    def __init__(self, *, store: Store, bus: Bus, clock: Clock) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._is_following = False
        self._places: dict[tuple[int, int], _Noted] = {}
        """The newest message by author and channel, of what is not written yet."""
        self._reached: dict[int, int] = {}
        """The position in each log that has gone on since the last write."""
        self._quiet_turns = 0
        self._lock = asyncio.Lock()
        """Held while places are written, so that nobody takes them for written before."""
        bus.subscribe(self._on_delivery)

    async def run(self, is_held: Callable[[], bool] = lambda: True, *, trails: bool = False) -> None:
        """Write each half second, while `is_held` says that this process is the one to do it, and when cancelled.

        A process that `trails` notes what another one writes, for those who log in here.
        """
        pause_s = _INTERVAL_S
        try:
            while True:
                if is_held() or trails:
                    is_done = await self._try(self.write if is_held() else self.trail)
                    pause_s = _INTERVAL_S if is_done else min(2 * pause_s, _MAX_PAUSE_S)
                else:
                    self._forget()
                await asyncio.sleep(pause_s)
        finally:
            if self._is_following and is_held():
                await self._try(self.write)

    async def write(self) -> None:
        """Write the places of all messages until now. Raises Unavailable; then they are written the next time."""
        async with self._lock:
            if not self._is_following:
                await self._catch_up()
            await self._write()

    async def trail(self) -> None:
        """Forget what another process has written until now, and follow the logs. Raises Unavailable."""
        async with self._lock:
            if not self._is_following:
                await self._catch_up()
            followed = await self._store.read_states.fetch_followed()
            self._places = {
                place: noted for place, noted in self._places.items() if noted[2] > followed.get(noted[1], 0)
            }

    async def settle(self, user_ids: Collection[int]) -> None:
        """Write what waits if some of it is these people's, so that what they read next tells it.

        Nothing is done where the logs are not followed yet. What cannot be written now is written later.
        """
        if self._is_following or self._lock.locked():
            await self._try(partial(self._settle, user_ids))

    async def _settle(self, user_ids: Collection[int]) -> None:
        await self._bus.wait_for_newest()
        if self._lock.locked() or any(user_id in user_ids for user_id, _ in self._places):
            await self.write()

    async def _try(self, act: Callable[[], Awaitable[None]]) -> bool:
        try:
            await act()
        except Unavailable as error:
            logger.warning("places of authors could not be written", extra={"reason": str(error)})
            return False
        return True

    async def _catch_up(self) -> None:
        """Read the logs from where the last write has ended, and follow them from then on."""
        self._forget()
        reached = await self._store.read_states.fetch_followed()
        after = {shard: reached.get(shard, 0) for shard in range(self._bus.num_shards)}
        while not self._is_following:
            for shard, position in after.items():
                after[shard] = await self._read(shard, position)
            # Nothing is delivered between this look and the next delivery that is listened to.
            self._is_following = all([await self._bus.position(each) <= position for each, position in after.items()])

    async def _read(self, shard: int, after: int) -> int:
        """Take what a log has after a position; return the last one."""
        while after < (newest := await self._bus.position(shard)):
            try:
                page = await self._bus.read(shard, after)
            except LogTrimmed:
                # Of another generation, or older than all that is kept: from its beginning, if it is still there.
                page, after = [], 0 if after else newest
                if after:
                    logger.warning("a log does not reach back to the last places of authors", extra={"shard": shard})
                continue
            for delivery in page:
                self._take(delivery)
            after = page[-1].position if page else newest
            if len(self._places) >= MOST:
                await self._write()
        return after

    def _on_delivery(self, delivery: Delivery) -> None:
        if self._is_following and delivery.position:
            self._take(delivery)
            if len(self._places) >= MOST:
                self._is_following = False  # the rest is read from the logs, after the next write

    def _take(self, delivery: Delivery) -> None:
        self._reached[delivery.shard] = delivery.position
        envelope = delivery.envelope
        if envelope.event == MESSAGE_CREATE:
            place, noted = (envelope.author_id, envelope.channel_id), (envelope.id, delivery.shard, delivery.position)
            self._places[place] = max(noted, self._places.get(place, noted))

    def _forget(self) -> None:
        self._is_following = False
        self._places, self._reached = {}, {}

    async def _write(self) -> None:
        self._quiet_turns += 1
        if not self._places and self._quiet_turns < _QUIET_TURNS:
            return
        self._quiet_turns = 0
        places, self._places = self._places, {}
        reached, self._reached = self._reached, {}
        if not reached:
            return
        try:
            # A place only moves forward, so nothing is checked and nobody is named.
            async with self._store.write() as tx:
                newest = {place: noted[0] for place, noted in places.items()}
                await tx.read_states.move_own(newest, followed=reached, now_ms=self._clock.now_ms())
        except BaseException:  # a stop may come in the middle
            self._forget()
            raise
