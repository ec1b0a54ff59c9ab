"""Wishes for the shard map in memory."""

import msgspec

from core.domain.errors import Unavailable
from core.shards.shard_map import Wishes


class MemoryWishes:
    """The `PlacementWishes` of one test."""

    def __init__(self) -> None:
        self.wishes = Wishes()
        self.term = 0
        self.is_away = False
        """Whether the database cannot be reached."""

    async def next_term(self) -> int:
        self._check()
        self.term += 1
        return self.term

    async def fetch(self) -> Wishes:
        self._check()
        return self.wishes

    async def pin(self, shard: int, worker: str) -> None:
        self._change(pins={**self.wishes.pins, shard: worker})

    async def unpin(self, shard: int) -> bool:
        was_pinned = shard in self.wishes.pins
        self._change(pins={other: worker for other, worker in self.wishes.pins.items() if other != shard})
        return was_pinned

    async def drain(self, worker: str) -> None:
        self._change(drained=self.wishes.drained | {worker})

    async def undrain(self, worker: str) -> bool:
        was_drained = worker in self.wishes.drained
        self._change(drained=self.wishes.drained - {worker})
        return was_drained

    async def set_rebalancing(self, wanted: bool) -> None:
        self._change(is_rebalancing=wanted)

    def _change(self, **values: object) -> None:
        self._check()
        self.wishes = msgspec.structs.replace(self.wishes, **values)

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable("the database is away")
