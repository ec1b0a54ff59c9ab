"""What Redis has published of its logs, in the order in which it was appended: the log of the whole cluster.

The record listens at the server itself, so nothing comes late to it and nothing is missed. What a keeper appends again
after a loss is not published, and stands here where it was appended first.
"""

from typing import Final

import msgspec
from typing_extensions import override

from core.bus.entries import HEADER
from core.bus.positions import position_of
from core.redis.interfaces import TopicListener
from core.redis.keys import topic_of
from core.wire.envelope import decode_envelope
from tests.fakes.redis.server import FakeRedisServer
from tests.simulation.checks.database_reading import LogEntry
from tests.simulation.world.server import EPOCH_MS
from tests.simulation.world.world import World

_decode: Final = msgspec.json.Decoder().decode


class Place(msgspec.Struct, frozen=True):
    """Where an entry stands in its shard's log."""

    shard: int
    position: int
    revision: int


class LogRecord(TopicListener):
    """The entries. Their positions are those in this record, which rise over all shards."""

    def __init__(self, *, server: FakeRedisServer, num_shards: int, world: World) -> None:
        self.entries: list[LogEntry] = []
        self.places: list[Place] = []
        self._world = world
        self._shards = {topic_of(shard).encode(): shard for shard in range(num_shards)}
        server.attach(frozenset(self._shards), self)

    @override
    def on_message(self, topic: bytes, data: bytes) -> None:
        generation, n, revision, *_ = HEADER.unpack_from(data)
        if n == 0:
            return
        envelope = decode_envelope(data[HEADER.size :])
        created_ms = EPOCH_MS + int(self._world.now_s * 1000)
        self.places.append(Place(self._shards[topic], position_of(generation, n), revision))
        self.entries.append(LogEntry(len(self.entries) + 1, created_ms, envelope, _decode(envelope.payload)))

    @override
    def on_subscribed(self) -> None:
        """Nothing: it has been there from the beginning."""

    @override
    def on_pong(self) -> None:
        """Nothing."""

    @override
    def on_lost(self) -> None:
        """Nothing: the server's restarts do not reach it."""
