"""How far the shards' logs have been applied in this process: the position of each shard's newest event in its actors.

Whatever lies at or before these positions has been dispatched to the sessions that get it. So a session that goes on
elsewhere, or later, goes on after them.
"""

from collections.abc import Mapping

from core.bus.interfaces import Bus, Delivery


class LogProgress:
    __slots__ = ("_positions",)

    def __init__(self) -> None:
        self._positions: dict[int, int] = {}

    async def begin(self, bus: Bus) -> None:
        """Begin at the ends of the logs, once the bus has been subscribed to: no session needs what was before."""
        for shard in range(bus.num_shards):
            self._advance(shard, await bus.position(shard))

    def note(self, delivery: Delivery) -> None:
        """Note a delivery that is applied in this turn of the loop."""
        if delivery.position:
            self._positions[delivery.shard] = delivery.position

    def position(self, shard: int) -> int:
        """Return the shard's position, 0 when its log is empty."""
        return self._positions.get(shard, 0)

    def positions(self) -> Mapping[int, int]:
        """Return the positions of the shards that have one: a copy."""
        return {shard: position for shard, position in self._positions.items() if position}

    def _advance(self, shard: int, position: int) -> None:
        self._positions[shard] = max(position, self.position(shard))
