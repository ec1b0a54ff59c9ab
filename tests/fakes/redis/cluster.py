"""Processes of a cluster on one Redis, as far as the bus goes: each has a client, a tail and a bus of its own."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from core.bus.log_keeper import LogKeeper
from core.bus.redis import RedisBus
from core.redis.interfaces import Scripts, Topics
from core.redis.jobs import JobLease
from core.runtime.clock import Clock
from tests.fakes.redis.client import FakeRedis, FakeTopics
from tests.fakes.redis.log_source import FakeLogSource
from tests.fakes.redis.server import FakeRedisServer

RING_BYTES = 1 << 20


class ClusterProcess:
    """One process. `start` runs its bus."""

    def __init__(self, *, scripts: Scripts, topics: Topics, clock: Clock, num_shards: int, ring_bytes: int = 0) -> None:
        self.scripts = scripts
        self.topics = topics
        self.clock = clock
        self.missed: list[str] = []
        """What the tail has counted as missed."""
        self.bus = RedisBus(
            num_shards=num_shards,
            scripts=scripts,
            topics=topics,
            clock=clock,
            ring_bytes=ring_bytes,
            count=self.missed.append,
        )
        self._tasks: list[asyncio.Task[Any]] = []

    def start(self) -> None:
        """Run the bus."""
        self.go(self.bus.run())

    def go(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run something until `kill`."""
        self._tasks.append(asyncio.create_task(work))

    async def kill(self) -> None:
        """End everything that runs."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()


class KeepingProcess(ClusterProcess):
    """The worker, as far as it keeps the logs."""

    def __init__(
        self,
        *,
        scripts: Scripts,
        topics: Topics,
        clock: Clock,
        num_shards: int,
        name: str = "worker",
        source: FakeLogSource | None = None,
        ring_bytes: int = RING_BYTES,
    ) -> None:
        super().__init__(scripts=scripts, topics=topics, clock=clock, num_shards=num_shards, ring_bytes=ring_bytes)
        self.source = source or FakeLogSource()
        self.lease = JobLease(name="logs", holder=name, scripts=scripts, clock=clock)
        self.others = 0
        """The other workers that it takes for alive."""
        self.keeper = LogKeeper(
            bus=self.bus,
            scripts=scripts,
            lease=self.lease,
            source=self.source,
            clock=clock,
            has_others=self._has_others,
        )

    @classmethod
    def on_twins(cls, clock: Clock, num_shards: int) -> "KeepingProcess":
        """Make the one process of a cluster on the Redis in plain Python."""
        return FakeCluster(clock, num_shards).worker()

    async def _has_others(self) -> bool:
        return self.others > 0

    async def open_logs(self) -> None:
        """Open what is closed, once."""
        await self.lease.renew()
        epoch = self.lease.epoch
        assert epoch is not None
        await self.keeper.open_all(epoch)


class FakeCluster:
    """Processes on the Redis in plain Python."""

    def __init__(self, clock: Clock, num_shards: int) -> None:
        self.clock = clock
        self.num_shards = num_shards
        self.server = FakeRedisServer(clock)
        self.source = FakeLogSource()

    def process(self) -> ClusterProcess:
        """Make an API process."""
        return ClusterProcess(
            scripts=FakeRedis(self.server),
            topics=FakeTopics(self.server),
            clock=self.clock,
            num_shards=self.num_shards,
        )

    def worker(self, name: str = "worker", ring_bytes: int = RING_BYTES) -> KeepingProcess:
        """Make the worker."""
        return KeepingProcess(
            scripts=FakeRedis(self.server),
            topics=FakeTopics(self.server),
            clock=self.clock,
            num_shards=self.num_shards,
            name=name,
            source=self.source,
            ring_bytes=ring_bytes,
        )
