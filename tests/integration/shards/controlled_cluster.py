"""A cluster of real controllers over a real Redis and PostgreSQL, whose workers are leases in the test's own process."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from core.domain.errors import Unavailable
from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import RedisClient
from core.redis.scripts import load_scripts
from core.redis.topics import TopicReader
from core.runtime.clock import SystemClock
from core.shards.follower import MapFollower
from core.shards.holding import Holding
from core.shards.incarnations import name_of
from core.shards.lease import LeaseTimes, WorkerLease
from core.shards.map_reader import fetch_map
from core.shards.shard_map import Place, ShardMap
from core.shards.worker import Worker
from core.store.sql.engine.postgres import connect_postgres
from core.store.sql.schema.tables.cluster import cluster
from deploy.services.definition import find_free_port
from deploy.services.orphans import end_with_parent
from deploy.services.redis_server import RedisServer
from tests.support.services import serving
from tests.support.stores.postgres_databases import PostgresDatabases

NUM_SHARDS: Final = 16
_LONG_S: Final = 60.0
"""Longer than anything takes on a busy machine."""


class FakeWorker:
    """A worker as far as its lease and its shards go."""

    def __init__(self, name: str, url: str) -> None:
        address, clock = parse_address(url), SystemClock()
        self.name = name
        self.redis = RedisClient(
            address=address,
            scripts=load_scripts(),
            monotonic_s=clock.monotonic_s,
            backoff=Backoff(lambda: 0.0),
        )
        self.lease = WorkerLease(
            name=name,
            process=f"{name}-x",
            scripts=self.redis,
            clock=clock,
            describe=self._describe,
            times=LeaseTimes(renewal_s=0.25),
        )
        self.holding = Holding(
            name=name, find_incarnation=lambda: self.lease.incarnation, scripts=self.redis, release=self._release
        )
        self.follower = MapFollower(
            scripts=self.redis, topics=TopicReader(address=address, backoff=Backoff(lambda: 0.0))
        )
        self.follower.on_change(self.holding.on_map)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Live."""
        works = (self.redis.keep_connected(), self.lease.run(), self.follower.run(), self.holding.run())
        self._tasks = [asyncio.create_task(work) for work in works]

    async def kill(self) -> None:
        """Die without a last word."""
        for task in self._tasks:
            task.cancel()  # the connection first, so that the lease is not given up
        await asyncio.wait(self._tasks)

    def _describe(self, incarnation: str) -> Worker:
        return Worker(name=self.name, incarnation=incarnation, shards=self.holding.describe())

    async def _release(self, shard: int, place: Place) -> None: ...


class ControlledCluster:
    """The cluster."""

    def __init__(self, url: str, database: str, folder: Path) -> None:
        self._settings = {
            "GUILDWAY_REDIS_URL": url,
            "GUILDWAY_POSTGRES_URL": database,
            "GUILDWAY_STORE_DATA_DIR": str(folder),
            "GUILDWAY_STORE_NUM_SHARDS": str(NUM_SHARDS),
            "GUILDWAY_METRICS_ENABLED": "false",
        }
        self.workers: dict[str, FakeWorker] = {}
        self.controllers: dict[str, asyncio.subprocess.Process] = {}
        self.watcher = FakeWorker("watcher", url)
        self.redis_url = url
        self.database = database

    async def start_controller(self, name: str) -> None:
        """Start a controller and wait until it has looked."""
        process = await self._start("controller", "--name", name, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        assert (await process.stdout.readline()).startswith(b"ready ")
        self.controllers[name] = process

    async def start_worker(self, name: str) -> None:
        """Start a worker and wait until it lives."""
        worker = self.workers[name] = FakeWorker(name, self.redis_url)
        worker.start()
        async with asyncio.timeout(_LONG_S):
            while not worker.lease.is_held:  # noqa: ASYNC110 - a lease tells nobody
                await asyncio.sleep(0.01)

    async def kill_worker(self, name: str) -> None:
        """End a worker without a last word."""
        await self.workers.pop(name).kill()

    async def kill_controller(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a controller."""
        process = self.controllers.pop(name)
        process.send_signal(number)
        await process.wait()

    async def call(self, *arguments: str) -> tuple[int | None, Any]:
        """Run a command of shardctl; return its status and what it printed, or its complaint."""
        process = await self.begin(*arguments)
        out, err = await process.communicate()
        return process.returncode, json.loads(out) if out else err.decode()

    async def begin(self, *arguments: str) -> asyncio.subprocess.Process:
        """Begin to run a command of shardctl."""
        pipe = asyncio.subprocess.PIPE
        return await self._start(*arguments, "--json", stdout=pipe, stderr=pipe)

    async def _start(self, *arguments: str, **streams: int) -> asyncio.subprocess.Process:
        command = end_with_parent([sys.executable, "-m", "shardctl", *arguments])
        return await asyncio.create_subprocess_exec(*command, env={**os.environ, **self._settings}, **streams)

    async def map(self) -> ShardMap:
        """Return the map as it is in Redis."""
        return await fetch_map(self.watcher.redis)

    async def list_shards(self, name: str) -> list[int]:
        """Return the shards of a worker, in whichever incarnation."""
        return [shard for shard, place in sorted((await self.map()).places.items()) if name_of(place.owner) == name]

    async def wait_for(self, is_so: Callable[[ShardMap], bool]) -> ShardMap:
        """Wait until the map is so."""
        async with asyncio.timeout(_LONG_S):
            while True:
                try:
                    found = await self.map()
                except Unavailable:
                    found = ShardMap()
                if is_so(found):
                    return found
                await asyncio.sleep(0.02)

    async def wait_owned(self, *names: str) -> ShardMap:
        """Wait until just these workers have all shards, each some."""
        return await self.wait_for(
            lambda found: (
                len(found.places) == NUM_SHARDS
                and {name_of(place.owner) for place in found.places.values()} == set(names)
            )
        )

    async def stop(self) -> None:
        """End everything."""
        for name in list(self.controllers):
            await self.kill_controller(name, signal.SIGTERM)
        for name in list(self.workers):
            await self.kill_worker(name)


@asynccontextmanager
async def run_controlled(
    databases: PostgresDatabases, folder: Path
) -> AsyncIterator[tuple[ControlledCluster, Callable[[], Awaitable[None]]]]:
    """Run the servers; give the cluster, and a function that kills Redis and starts it again."""
    address = await databases.create()
    engine = connect_postgres(address)
    async with engine.connect() as connection:
        await connection.execute(insert(cluster).values(id="c", num_shards=NUM_SHARDS))
    await engine.dispose()
    async with AsyncExitStack() as stack:
        server = stack.enter_context(serving(RedisServer(folder=folder / "redis", port=find_free_port())))
        made = ControlledCluster(server.service.address, address, folder / "data")
        connected = asyncio.create_task(made.watcher.redis.keep_connected())
        stack.callback(connected.cancel)
        stack.push_async_callback(made.stop)

        async def restart_redis() -> None:
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)

        yield made, restart_redis
    await databases.drop(address)
