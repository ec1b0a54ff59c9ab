"""A bus whose deliveries come late, as over a network: each shard's in their order, and shards in any order.

It stands between a bus and its listeners. What rows have shown may so be known before the events that announce it.
"""

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from core.bus.interfaces import Bus, Delivery, Subscription
from core.bus.listeners import Listener, Listeners
from core.wire.envelope import Envelope


class LateBus:
    """`hold` begins to keep deliveries back, `release` hands them over."""

    __slots__ = ("_bus", "_is_held", "_late", "_listeners", "_passed", "_waiting", "_wakes", "num_shards")

    def __init__(self, bus: Bus) -> None:
        """`bus` has one counter for all shards, and revisions that are positions: it is the embedded one."""
        self.num_shards = bus.num_shards
        self._bus = bus
        self._is_held = False
        self._late: list[deque[Delivery]] = [deque() for _ in range(bus.num_shards)]
        self._listeners = Listeners(bus.num_shards)
        self._passed: dict[int, int] = {}
        self._waiting = 0
        self._wakes = asyncio.Event()
        bus.subscribe(self._take)

    @property
    def late_shards(self) -> list[int]:
        """The shards with deliveries that are kept back."""
        return [shard for shard, late in enumerate(self._late) if late]

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody waits for revisions that are kept back."""
        return self._waiting > 0

    def hold(self) -> None:
        """Keep back what comes from now on."""
        self._is_held = True

    def release(self, shard: int | None = None, most: int = 1 << 30) -> None:
        """Hand over the oldest deliveries of a shard that are kept back, or all of all shards."""
        if shard is None:
            self._is_held = False
            for each in self.late_shards:
                self.release(each)
            return
        late = self._late[shard]
        for _ in range(min(most, len(late))):
            self._hand_over(late.popleft())
        self._wakes.set()
        self._wakes = asyncio.Event()

    def _take(self, delivery: Delivery) -> None:
        if delivery.position and (self._is_held or self._late[delivery.shard]):
            self._late[delivery.shard].append(delivery)
        else:
            self._hand_over(delivery)

    def _hand_over(self, delivery: Delivery) -> None:
        if delivery.position:
            self._passed[delivery.shard] = delivery.position
        self._listeners.call(delivery)

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the logs."""
        await self._bus.publish(envelopes)

    def publish_volatile(self, envelopes: Sequence[Envelope]) -> None:
        """Hand over at once."""
        self._bus.publish_volatile(envelopes)

    def subscribe(self, listener: Listener, shards: Collection[int] | None = None) -> Subscription:
        """Call `listener` for what is handed over."""
        return self._listeners.add(listener, shards)

    async def read(self, shard: int, after: int, limit: int = 1000) -> list[Delivery]:
        """Read the log, which is not late."""
        return await self._bus.read(shard, after, limit)

    async def position(self, shard: int) -> int:
        """Return the newest position that was handed over, before any the log's."""
        late = self._late[shard]
        return self._passed.get(shard, 0) if late or shard in self._passed else await self._bus.position(shard)

    async def wait_for_newest(self) -> None:
        """Wait until nothing is kept back that is now."""
        self._waiting += 1
        newest = [late[-1].position if late else 0 for late in self._late]
        while any(late and late[0].position <= end for late, end in zip(self._late, newest, strict=True)):
            await self._wakes.wait()
        self._waiting -= 1

    async def wait_for_revisions(self, revisions: Mapping[int, int]) -> None:
        """Wait until nothing up to the newest of these is kept back."""
        await self._bus.wait_for_revisions(revisions)
        newest = max(revisions.values(), default=0)
        self._waiting += 1
        while any(late and late[0].position <= newest for late in self._late):
            await self._wakes.wait()
        self._waiting -= 1
