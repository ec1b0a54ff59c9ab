"""What has ever been said of who owns which shard: each version of the map as Redis has it, and as each worker read it.

A shard has one owner at an epoch, whoever says it, and its epochs rise.
"""

from typing_extensions import override

from core.redis.interfaces import TopicListener
from core.redis.keys import MAP_TOPIC
from core.shards.shard_map import ShardMap
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.world.trace import Trace


class OwnerRecord(TopicListener):
    """The owners. It listens at the server itself, so nothing comes late to it."""

    def __init__(self, *, server: FakeRedisServer, trace: Trace) -> None:
        self._server = server
        self._trace = trace
        self._owners: dict[tuple[int, int], str] = {}
        self._newest: dict[int, int] = {}
        self.changes = 0
        """How often a shard was given to another owner."""
        server.attach(frozenset({MAP_TOPIC.encode()}), self)

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        for shard, (epoch, owner, target) in self._server.data.map.places.items():
            if epoch != self._newest.get(shard):
                going = f", moves to {target.decode()}" if target else ""
                self._trace.note("map", f"server/ shard {shard} is at {owner.decode()}, epoch {epoch:x}{going}")
                self.changes += 1
            if epoch < self._newest.get(shard, 0):
                self._trace.fault("map", f"shard {shard} has epoch {epoch:x} after {self._newest[shard]:x}")
            self._newest[shard] = epoch
            self._note("map", shard, epoch, owner.decode())

    def read_by(self, reader: str, shard_map: ShardMap) -> None:
        """Take note of the map as a worker has read it."""
        for shard, place in shard_map.places.items():
            self._note(reader, shard, place.epoch, place.owner)

    def _note(self, who: str, shard: int, epoch: int, owner: str) -> None:
        known = self._owners.setdefault((shard, epoch), owner)
        if known != owner:
            self._trace.fault(who, f"shard {shard} has two owners at epoch {epoch:x}: {known} and {owner}")

    @override
    def on_subscribed(self) -> None:
        """Nothing: it has been there from the beginning."""

    @override
    def on_pong(self) -> None:
        """Nobody asks."""

    @override
    def on_lost(self) -> None:
        """Nothing: the server's restarts do not reach it."""
