"""How far the shards' logs have been applied in this process: the position of each shard's newest event in its actors.

Whatever lies at or before these positions has been dispatched to the sessions that get it. So a session that goes on
elsewhere, or later, goes on after them. Guilds of a shard whose home is at another worker are dispatched by that one,
which tells how far it has come (`gateway.far`).

Events of users are dispatched here in any case. So there are two positions of a shard whose home is elsewhere, and the
one of its users' events, which is the newer one, has a key of its own (`of_users`).

Sessions that move from one home of a shard to the next are behind, and have positions of their own
(`gateway.events.session_positions`).
"""

from collections.abc import Callable, Mapping

from core.bus.interfaces import Bus, Delivery


def of_users(shard: int) -> int:
    """Return the key of a shard's position for the events of users, where it is another than that of guilds."""
    return -1 - shard


class LogProgress:
    """`is_here` says whether the guilds of a shard are dispatched here."""

    __slots__ = ("_is_here", "_positions", "_reached")

    def __init__(self, *, is_here: Callable[[int], bool] = lambda _shard: True) -> None:
        self._is_here = is_here
        self._positions: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        """How far the homes of other shards have come."""

    async def begin(self, bus: Bus) -> None:
        """Begin at the ends of the logs, once the bus has been subscribed to: no session needs what was before."""
        for shard in range(bus.num_shards):
            self._advance(shard, await bus.position(shard))

    def note(self, delivery: Delivery) -> None:
        """Note a delivery that is applied in this turn of the loop."""
        if delivery.position:
            self._positions[delivery.shard] = delivery.position

    def reach(self, positions: Mapping[int, int]) -> None:
        """Note how far another worker has dispatched the guilds of its shards."""
        self._reached.update(positions)

    def reached(self, shard: int) -> int:
        """Return how far the home of a shard elsewhere has dispatched it, 0 when that is not known."""
        return self._reached.get(shard, 0)

    def position(self, shard: int) -> int:
        """Return the shard's position, 0 when its log is empty."""
        position = self._positions.get(shard, 0)
        if not self._is_here(shard):
            position = min(position, self._reached.get(shard, 0))
        return position

    def heard(self, shard: int) -> int:
        """Return the position of the shard's newest event that was applied in this process, wherever its guilds are."""
        return self._positions.get(shard, 0)

    def positions(self) -> Mapping[int, int]:
        """Return the positions of the shards that have one, and where they differ those of their users' events."""
        positions: dict[int, int] = {}
        for shard, heard in self._positions.items():
            position = self.position(shard)
            if position:
                positions[shard] = position
            if position != heard:
                positions[of_users(shard)] = heard
        return positions

    def positions_here(self) -> dict[int, int]:
        """Return the positions of the shards whose guilds are dispatched here."""
        return {shard: position for shard, position in self._positions.items() if self._is_here(shard)}

    def _advance(self, shard: int, position: int) -> None:
        self._positions[shard] = max(position, self._positions.get(shard, 0))
