"""Both ends of a cluster's logs, in memory: what is relayed goes to a `MemoryBus` at once."""

from collections.abc import Sequence

from core.bus.relay import RevisionGap
from core.domain.errors import Unavailable
from core.wire.envelope import Envelope
from tests.fakes.memory_bus import MemoryBus


class MemoryRelay:
    """The `Relay` and the `Tail` of `core.store.sql.postgres.relaying`."""

    def __init__(self, bus: MemoryBus) -> None:
        self.is_open = True
        self.is_away = False
        """Whether calls fail, though nobody knows it before."""
        self.gaps = 0
        self.revisions: list[list[int]] = [[] for _ in range(bus.num_shards)]
        """The revisions of each shard, in the order in which the log has taken them."""
        self._bus = bus

    async def relay(self, shard: int, first: int, envelopes: Sequence[Envelope]) -> int:
        """Append what is new."""
        if self.is_away:
            raise Unavailable("the log is away")
        taken = self.revisions[shard]
        newest = taken[-1] if taken else 0
        if first > newest + 1:
            self.gaps += 1
            raise RevisionGap(shard, newest)
        for revision, envelope in enumerate(envelopes, first):
            if revision > newest:
                taken.append(revision)
                self._bus.append(envelope, revision)
        return await self._bus.position(shard)

    async def find_revisions(self) -> Sequence[int]:
        """Return the newest revision of each shard."""
        if self.is_away:
            raise Unavailable("the log is away")
        return [taken[-1] if taken else 0 for taken in self.revisions]

    async def wait_passed(self, shard: int, position: int) -> bool:
        """Return whether the listeners were called, which happens at once."""
        return await self._bus.position(shard) >= position
