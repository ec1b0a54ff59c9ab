"""What a command has of the cluster: a connection to Redis, and the database when it asks for it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Final, Protocol

import msgspec

from core.redis.address import parse_address
from core.redis.backoff import Backoff
from core.redis.client import ClientOptions, RedisClient
from core.redis.interfaces import Scripts
from core.redis.keys import ANY_TAG
from core.redis.scripts import load_scripts
from core.runtime.clock import SystemClock
from core.runtime.settings.settings import Settings
from core.shards.incarnations import name_of
from core.shards.interfaces import Owned, PlacementWishes
from core.shards.map_reader import fetch_map, fetch_workers
from core.shards.shard_map import ShardMap
from core.shards.worker import Worker
from core.voice.registered_node import RegisteredNode, fetch_nodes
from shardctl.control.controller import JOB
from shardctl.control.fleet import Fleet

_PATIENCE_S: Final = 3.0
"""The time after which Redis counts as away."""


class View(msgspec.Struct, kw_only=True, frozen=True):
    """The cluster at one moment."""

    num_shards: int
    moves_at_once: int
    shard_map: ShardMap
    workers: list[Worker]
    nodes: list[RegisteredNode] = []
    """The media nodes that have their leases."""
    leader: str
    """The controller that leads, "" for none."""

    @property
    def fleet(self) -> Fleet:
        """The cluster as the controller decides on it."""
        return Fleet(
            num_shards=self.num_shards,
            places=self.shard_map.places,
            wishes=self.shard_map.wishes,
            workers=self.workers,
            moves_at_once=self.moves_at_once,
        )

    @property
    def names(self) -> list[str]:
        """The names of all workers that live, or that have shards, or are drained."""
        owners = {name_of(place.owner) for place in self.shard_map.places.values()}
        drained = self.shard_map.wishes.drained - {node.name for node in self.nodes}
        return sorted({worker.name for worker in self.workers} | owners | drained)

    def find_node(self, name: str) -> RegisteredNode | None:
        """Return a media node by its name."""
        return next((node for node in self.nodes if node.name == name), None)

    def list_shards(self, worker: str) -> list[int]:
        """Return the shards of a worker by its name."""
        return sorted(shard for shard, place in self.shard_map.places.items() if name_of(place.owner) == worker)

    def count_sessions(self, worker: str) -> int:
        """Return the sessions of a worker by its name, 0 when it does not live."""
        return sum(each.load.sessions for each in self.workers if each.name == worker)


class Database(Protocol):
    """The database as commands use it."""

    @property
    def wishes(self) -> PlacementWishes:
        """What operators want."""

    async def find_owned(self, snowflake: int) -> Owned | None:
        """Return what has an id, None when nothing that lives at a shard has. Raises Unavailable."""

    async def close(self) -> None:
        """Close the connections."""


class Desk:
    """The connections of one command."""

    __slots__ = ("_store", "scripts", "settings")

    def __init__(self, *, settings: Settings, scripts: Scripts, store: Database | None = None) -> None:
        self.settings = settings
        self.scripts = scripts
        self._store = store

    @property
    def store(self) -> Database:
        """The database. Most commands need none, and its libraries take longer to load than all the rest."""
        if self._store is None:
            from core.store.sql.postgres.small_store import SmallStore  # noqa: PLC0415

            self._store = SmallStore.open(self.settings.postgres.url)
        return self._store

    async def close(self) -> None:
        """Close the database, if it was used."""
        if self._store is not None:
            await self._store.close()

    async def look(self) -> View:
        """Look at the cluster. Raises Unavailable."""
        shard_map, workers, nodes, leader = await asyncio.gather(
            fetch_map(self.scripts),
            fetch_workers(self.scripts),
            fetch_nodes(self.scripts),
            self.scripts.call("job_look", ANY_TAG, JOB),
        )
        return View(
            num_shards=self.settings.store.num_shards,
            moves_at_once=self.settings.shards.moves_at_once,
            shard_map=shard_map,
            workers=workers,
            nodes=nodes,
            leader=leader.decode(),
        )


@contextlib.asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[Desk]:
    """Open the connections, and close them on leaving."""
    client = RedisClient(
        address=parse_address(settings.redis.url),
        scripts=load_scripts(),
        monotonic_s=SystemClock().monotonic_s,
        backoff=Backoff(random.random),
        options=ClientOptions(connect_timeout_s=_PATIENCE_S, timeout_s=_PATIENCE_S, patience_s=_PATIENCE_S),
    )
    connection = asyncio.ensure_future(client.keep_connected())
    desk = Desk(settings=settings, scripts=client)
    try:
        yield desk
    finally:
        connection.cancel()
        await asyncio.wait([connection])
        await desk.close()
