"""Reading the shards' logs for sessions that were away.

After a restart all clients come back at once, and most of them have missed the same part of the same logs. So what was
read of a shard is kept for a moment, and reads that come meanwhile take it from there. A read that reaches further back
begins anew.

Owns the parts that are kept.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from core.bus.interfaces import Bus, Delivery
from gateway.scheduling.batch_timer import BatchTimer, CallLater

MAX_MISSED: Final = 50_000
"""The most events of a shard that are replayed: some minutes of a very busy one, and 100 MB. Who has missed more is
better off with a new session, which reads the guilds as they are."""

PAGE: Final = 1000
KEPT_S: Final = 5.0
"""The time that a part is kept: a storm of resumes reads it a few times, and then it is gone."""


class MissedTooMuch(Exception):
    """More events were missed than are replayed."""


class _Part:
    """What was read of a shard's log: everything in (`after`, `until`]."""

    __slots__ = ("after", "deliveries", "lock", "until")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.begin(0)

    def begin(self, after: int) -> None:
        self.after = self.until = after
        self.deliveries: list[Delivery] = []

    def between(self, after: int, until: int) -> Sequence[Delivery]:
        first, last = (bisect_right(self.deliveries, each, key=lambda one: one.position) for each in (after, until))
        return self.deliveries[first:last]


class MissedEvents:
    __slots__ = ("_bus", "_parts", "_timer")

    def __init__(self, *, bus: Bus, call_later: CallLater) -> None:
        self._bus = bus
        self._parts: dict[int, _Part] = {}
        self._timer = BatchTimer(gap_s=KEPT_S, flush=self._parts.clear, call_later=call_later)

    async def read(self, shard: int, *, after: int, until: int) -> Sequence[Delivery]:
        """Return the shard's deliveries in (`after`, `until`], in their order. `until` must be in the log.

        Raises:
            LogTrimmed: when some of them are not in the log any more.
            MissedTooMuch: when they are too many.
            Unavailable: when the log cannot be read.
        """
        if after >= until:
            return ()
        part = self._parts.get(shard)
        if part is None:
            part = self._parts[shard] = _Part()
            self._timer.start()
        async with part.lock:
            if after < part.after or not part.deliveries:
                part.begin(after)
            while part.until < until:
                await self._read_page(shard, part, until)
            return part.between(after, until)

    async def _read_page(self, shard: int, part: _Part, until: int) -> None:
        page = await self._bus.read(shard, part.until, PAGE)
        part.deliveries += page
        part.until = page[-1].position if page else until
        if len(part.deliveries) > MAX_MISSED:
            self._parts.pop(shard, None)
            raise MissedTooMuch(shard)

    async def wait_for_newest(self) -> None:
        """Wait until this process has been handed all that the logs have now. Raises Unavailable."""
        await self._bus.wait_for_newest()

    def close(self) -> None:
        """Stop the timer."""
        self._timer.cancel()
