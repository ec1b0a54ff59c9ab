"""The newest deliveries of every shard in memory, so that a reader that is nearly up to date needs no disk.

All shards share one budget of bytes: the oldest delivery of all leaves first, so a busy shard's ring is long and a
quiet shard costs nothing. The embedded process makes no ring, because nothing in it reads the log
(`core.bus.embedded`).
"""

from bisect import bisect_right
from collections import deque
from typing import Final

from core.bus.interfaces import Delivery

_OVERHEAD_BYTES: Final = 400
"""The size of a delivery without its payload: the Structs, the ints, the places in two deques."""


class Ring:
    """The deliveries after each shard's floor: a `deque` of them by shard, and one of shards in order of arrival."""

    __slots__ = ("_arrivals", "_budget_bytes", "_by_shard", "_floors", "_size_bytes")

    def __init__(self, *, num_shards: int, start: int, budget_bytes: int) -> None:
        """Begin at `start`: every delivery with a higher position will pass through `push`.

        A budget of 32 MiB holds a minute of 500 messages a second.
        """
        self._by_shard: list[deque[Delivery]] = [deque() for _ in range(num_shards)]
        self._floors = [start] * num_shards
        self._arrivals: deque[int] = deque()
        self._budget_bytes = budget_bytes
        self._size_bytes = 0

    def begin(self, shard: int, position: int) -> None:
        """Forget a shard's deliveries: from now on those after `position` pass through `push`."""
        kept = self._by_shard[shard]
        self._size_bytes -= sum(map(_size_of, kept))
        kept.clear()
        self._arrivals = deque(other for other in self._arrivals if other != shard)
        self._floors[shard] = position

    def floor(self, shard: int) -> int:
        """Return the position after which the ring has all of a shard's deliveries."""
        return self._floors[shard]

    def push(self, delivery: Delivery) -> None:
        """Keep a delivery, dropping the oldest when the budget is used up."""
        self._by_shard[delivery.shard].append(delivery)
        self._arrivals.append(delivery.shard)
        self._size_bytes += _size_of(delivery)
        while self._size_bytes > self._budget_bytes:
            shard = self._arrivals.popleft()
            dropped = self._by_shard[shard].popleft()
            self._floors[shard] = dropped.position
            self._size_bytes -= _size_of(dropped)

    def read(self, shard: int, after: int, limit: int) -> list[Delivery] | None:
        """Return up to `limit` deliveries after a position, None when the ring does not reach back that far."""
        if after < self._floors[shard]:
            return None
        kept = list(self._by_shard[shard])
        first = bisect_right(kept, after, key=lambda delivery: delivery.position)
        return kept[first : first + limit]


def _size_of(delivery: Delivery) -> int:
    return len(delivery.envelope.payload) + _OVERHEAD_BYTES
