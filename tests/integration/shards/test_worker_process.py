"""One process with all roles of a cluster: it controls itself, and lives by its lease."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from core.shards.map_reader import fetch_map, fetch_workers
from core.shards.shard_map import ShardMap
from deploy.services.definition import find_free_port
from deploy.services.redis_server import RedisServer
from tests.integration.shards.controlled_cluster import NUM_SHARDS, FakeWorker
from tests.support.server_process import Server
from tests.support.services import serving
from tests.support.stores.postgres_databases import PostgresDatabases

COMMAND = (sys.executable, "-m", "guildway", "run", "--role", "all", "--name", "w")
LONG_S = 60.0


class Alone:
    """The process, and the eyes of another one on its Redis."""

    def __init__(self, server: Server, watcher: FakeWorker) -> None:
        self.server = server
        self._watcher = watcher

    async def find_incarnation(self) -> str:
        """Return the incarnation that has the lease, "" for none."""
        workers = await fetch_workers(self._watcher.redis)
        return workers[0].incarnation if workers else ""

    async def wait_for(self, is_so: Callable[[ShardMap], bool]) -> ShardMap:
        """Wait until the map is so."""
        async with asyncio.timeout(LONG_S):
            while not is_so(found := await fetch_map(self._watcher.redis)):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.05)
            return found

    async def wait_ready(self) -> None:
        """Wait until the worker's listener says that it is ready."""
        async with httpx.AsyncClient(timeout=LONG_S) as http, asyncio.timeout(LONG_S):
            while (await http.get(f"{self.server.metrics}/ready")).status_code != 200:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)


@pytest.fixture
async def alone(postgres_databases: PostgresDatabases, tmp_path: Path) -> AsyncIterator[Alone]:
    """The process, ready."""
    database = await postgres_databases.create()
    with serving(RedisServer(folder=tmp_path / "redis", port=find_free_port())) as redis:
        settings = {
            "GUILDWAY_REDIS_URL": redis.service.address,
            "GUILDWAY_POSTGRES_URL": database,
            "GUILDWAY_STORE_NUM_SHARDS": str(NUM_SHARDS),
        }
        watcher = FakeWorker("watcher", redis.service.address)
        connected = asyncio.create_task(watcher.redis.keep_connected())
        server = await Server(tmp_path / "data", settings, command=COMMAND).start()
        yield Alone(server, watcher)
        assert await server.stop() == 0
        assert await fetch_workers(watcher.redis) == [], "a worker that stops gives its lease up"
        connected.cancel()
    await postgres_databases.drop(database)


async def test_worker_that_stood_still_goes_on_as_its_next_incarnation_with_its_shards(alone: Alone) -> None:
    await alone.wait_ready()
    before = await alone.wait_for(lambda found: len(found.places) == NUM_SHARDS)
    (first,) = {place.owner for place in before.places.values()}
    assert first.startswith("w-")

    os.kill(alone.server.pid, signal.SIGSTOP)
    async with asyncio.timeout(LONG_S):
        while await alone.find_incarnation():  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.05)
    os.kill(alone.server.pid, signal.SIGCONT)

    def is_taken_anew(found: ShardMap) -> bool:
        owners = {place.owner for place in found.places.values()}
        return len(found.places) == NUM_SHARDS and not owners & {"", first}

    after = await alone.wait_for(is_taken_anew)
    await alone.wait_ready()
    # The same process, whose sessions are still there, under larger epochs.
    assert {place.owner.rpartition(".")[0] for place in after.places.values()} == {first.rpartition(".")[0]}
    assert all(place.epoch > before.places[shard].epoch for shard, place in after.places.items())
