"""The bus of the embedded process: the shards' logs are a table beside the rows that they announce.

The store's writer appends to the log in the transaction that changes the rows, and calls `deliver` when it has
committed. This object owns the listeners, the positions of the delivered events and, if asked for, the ring before the
table; the table is the store's.

A single process hears of every event by a call, so nothing in it calls `read` today, and it has no ring: a resume is
served from the sessions' memory. The log's readers will be processes that have missed events.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final

from core.bus.interfaces import Delivery, Subscription
from core.bus.listeners import Listener, Listeners
from core.bus.ring import Ring
from core.domain.errors import Unavailable
from core.domain.ids import shard_of
from core.wire.envelope import Envelope

Append = Callable[[Sequence[Envelope]], Awaitable[None]]
"""A function that makes envelopes durable and has them delivered."""

Read = Callable[[int, int, int], Awaitable[list[Delivery]]]
"""A function of `(shard, after, limit)` that reads the table. It raises LogTrimmed."""


_WAIT_S: Final = 5.0
"""The time for which a reader waits for what it has read. It takes a turn of the loop; past that, something is lost."""


class EmbeddedBus:
    """The bus of one process with one loop: a function call delivers the committed events."""

    __slots__ = ("_append", "_listeners", "_newest", "_positions", "_read", "_ring", "_waiting", "num_shards")

    def __init__(
        self, *, num_shards: int, append: Append, read: Read, positions: Mapping[int, int], ring_bytes: int = 0
    ) -> None:
        """`positions`: the newest position of each shard that has one. `ring_bytes`: the ring's budget, 0 for none."""
        self.num_shards = num_shards
        self._append = append
        self._read = read
        self._positions = [positions.get(shard, 0) for shard in range(num_shards)]
        self._listeners = Listeners(num_shards)
        self._newest = start = max(self._positions, default=0)
        """The newest position of all shards. They have one counter, and are delivered in its order."""
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        """Those who wait for a revision, which is a position here. Mostly nobody does."""
        self._ring = Ring(num_shards=num_shards, start=start, budget_bytes=ring_bytes) if ring_bytes else None

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the shards' logs; durable and delivered when it returns."""
        if envelopes:
            await self._append(envelopes)

    def publish_volatile(self, envelopes: Sequence[Envelope]) -> None:
        """Pass to the listeners without a place in the log."""
        for envelope in envelopes:
            shard = shard_of(envelope.owner_id, self.num_shards)
            self._listeners.call(Delivery(0, shard, envelope))

    def deliver(self, deliveries: Sequence[Delivery]) -> None:
        """Take over the events of a commit, in its order. Only the writer calls it."""
        for delivery in deliveries:
            self._positions[delivery.shard] = delivery.position
            if self._ring is not None:
                self._ring.push(delivery)
            self._listeners.call(delivery)
        if deliveries:
            self._newest = deliveries[-1].position
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        for revision, future in self._waiting:
            if revision <= self._newest and not future.done():
                future.set_result(None)
        self._waiting = [each for each in self._waiting if not each[1].done()]

    async def wait_for_newest(self) -> None:
        """Do nothing: whoever has an answer from this process has it after the listeners were called."""

    async def wait_for_revisions(self, revisions: Mapping[int, int]) -> None:
        """Wait until everything up to the newest of these has been delivered.

        A reader's thread may see a commit some moments before the loop hears of it.
        """
        newest = max(revisions.values(), default=0)
        if newest > self._newest:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append((newest, future))
            try:
                async with asyncio.timeout(_WAIT_S):
                    await future
            except TimeoutError:
                raise Unavailable("what was read has not been delivered") from None

    def subscribe(self, listener: Listener, shards: Collection[int] | None = None) -> Subscription:
        """Call `listener` for every delivery of the shards, None for all."""
        return self._listeners.add(listener, shards)

    async def read(self, shard: int, after: int, limit: int = 1000) -> list[Delivery]:
        """Return durable deliveries of a shard after a position, oldest first. Raises LogTrimmed."""
        kept = None if self._ring is None else self._ring.read(shard, after, limit)
        return await self._read(shard, after, limit) if kept is None else kept

    async def position(self, shard: int) -> int:
        """Return the position of the newest durable delivery, 0 when there is none."""
        return self._positions[shard]
