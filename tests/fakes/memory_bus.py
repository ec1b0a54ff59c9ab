"""A bus in plain lists, the reference of a bus. It keeps everything until `trim` is called."""

from collections.abc import Collection, Mapping, Sequence

from core.bus.interfaces import Delivery, LogTrimmed, Subscription
from core.bus.listeners import Listener, Listeners
from core.domain.ids import shard_of
from core.wire.envelope import Envelope


class MemoryBus:
    """A bus whose logs are lists, one for each shard."""

    __slots__ = ("_listeners", "_logs", "_next_position", "_trimmed", "num_shards")

    def __init__(self, *, num_shards: int) -> None:
        self.num_shards = num_shards
        self._logs: list[list[Delivery]] = [[] for _ in range(num_shards)]
        self._trimmed = [0] * num_shards
        self._listeners = Listeners(num_shards)
        self._next_position = 1

    async def publish(self, envelopes: Sequence[Envelope]) -> None:
        """Append to the logs and call the listeners."""
        for envelope in envelopes:
            self.append(envelope)

    def append(self, envelope: Envelope, revision: int = 0) -> None:
        """Append an event, with its revision when a unit of work has announced it, and call the listeners."""
        delivery = Delivery(self._next_position, shard_of(envelope.owner_id, self.num_shards), envelope, revision)
        self._next_position += 1
        self._logs[delivery.shard].append(delivery)
        self._listeners.call(delivery)

    def publish_volatile(self, envelopes: Sequence[Envelope]) -> None:
        """Call the listeners only."""
        for envelope in envelopes:
            self._listeners.call(Delivery(0, shard_of(envelope.owner_id, self.num_shards), envelope))

    def subscribe(self, listener: Listener, shards: Collection[int] | None = None) -> Subscription:
        """Call `listener` for every delivery of the shards, None for all."""
        return self._listeners.add(listener, shards)

    async def read(self, shard: int, after: int, limit: int = 1000) -> list[Delivery]:
        """Durable deliveries after a position, oldest first. Raises LogTrimmed."""
        if after < self._trimmed[shard]:
            raise LogTrimmed(shard)
        return [delivery for delivery in self._logs[shard] if delivery.position > after][:limit]

    async def position(self, shard: int) -> int:
        """The position of the newest durable delivery, 0 when there is none."""
        return self._logs[shard][-1].position if self._logs[shard] else self._trimmed[shard]

    async def wait_for_newest(self) -> None:
        """Nothing waits: whatever is published has been delivered."""

    async def wait_for_revisions(self, revisions: Mapping[int, int]) -> None:
        """Nothing waits: whatever is published has been delivered."""

    def trim(self) -> None:
        """Forget every delivery so far."""
        for shard, deliveries in enumerate(self._logs):
            if deliveries:
                self._trimmed[shard] = deliveries[-1].position
                deliveries.clear()
