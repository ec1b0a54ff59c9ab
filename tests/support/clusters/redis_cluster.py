"""Processes of a cluster on a real Redis, as far as the bus goes (`tests.fakes.redis.cluster` has them on the twins)."""

import redis

from core.redis.address import RedisAddress
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.scripts import load_scripts
from core.redis.topics import TopicReader
from core.runtime.clock import SystemClock
from tests.fakes.redis.cluster import RING_BYTES, ClusterProcess, KeepingProcess
from tests.fakes.redis.log_source import FakeLogSource

_DATABASE = 2
"""A database that other tests of the same server do not use."""


class RealCluster:
    """Processes on one server, which begins empty."""

    def __init__(self, port: int, num_shards: int) -> None:
        self.address = RedisAddress(port=port, database=_DATABASE)
        self.num_shards = num_shards
        self.clock = SystemClock()
        self.source = FakeLogSource()
        self.flush()

    def flush(self) -> None:
        """Remove all data."""
        with redis.Redis(port=self.address.port, db=_DATABASE) as client:
            client.flushdb()

    def client(self) -> RedisClient:
        """Make a client."""
        return RedisClient(
            address=self.address,
            scripts=load_scripts(),
            monotonic_s=self.clock.monotonic_s,
            backoff=Backoff(lambda: 0.0),
        )

    def process(self) -> ClusterProcess:
        """Make an API process, and connect it."""
        client = self.client()
        process = ClusterProcess(scripts=client, topics=self._reader(), clock=self.clock, num_shards=self.num_shards)
        process.go(client.keep_connected())
        return process

    def worker(self, name: str = "worker", ring_bytes: int = RING_BYTES) -> KeepingProcess:
        """Make the worker, and connect it."""
        client = self.client()
        process = KeepingProcess(
            scripts=client,
            topics=self._reader(),
            clock=self.clock,
            num_shards=self.num_shards,
            name=name,
            source=self.source,
            ring_bytes=ring_bytes,
        )
        process.go(client.keep_connected())
        return process

    def _reader(self) -> TopicReader:
        return TopicReader(address=self.address, backoff=Backoff(lambda: 0.0))
