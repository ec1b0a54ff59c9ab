"""How a worker finds the others: by their leases and the map, on twins of Redis' scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from core.links.interfaces import PeerAddress
from core.redis.keys import ANY_TAG
from core.shards.map_reader import fetch_map
from core.shards.map_writer import Change, MapWriter
from core.shards.shard_map import ShardMap
from core.shards.worker import Worker, WorkerAddresses, encode_worker
from guildway.processes.cluster_links import OpenLinks
from guildway.processes.cluster_neighbours import ClusterNeighbours, LateListener
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer

OWN, OTHER = "w1-aa", "w2-bb"
SHARDS = 4


class Links:
    """Links that connect to nobody, and note whom they know."""

    def __init__(self) -> None:
        self.known: Mapping[str, PeerAddress] = {}

    def know(self, peers: Mapping[str, PeerAddress]) -> None:
        """Take the lives of workers that there are now."""
        self.known = peers

    async def run(self) -> None:
        """Keep nothing."""
        await asyncio.Event().wait()


class Found:
    """A worker that looks for others, and stands for its own lease and map."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.redis = FakeRedis(FakeRedisServer(self.clock))
        self.writer = MapWriter(scripts=self.redis, controller="c")
        self.links = Links()
        self.link = ""
        self.map = ShardMap()
        self.tell: Callable[[ShardMap], None]
        self.neighbours = ClusterNeighbours(
            process=OWN,
            num_shards=SHARDS,
            patience_s=3.0,
            links=OpenLinks(self.links, PeerAddress("127.0.0.1", 7000)),  # type: ignore[arg-type]
            listener=LateListener(),
            shards=self,  # type: ignore[arg-type]
            scripts=self.redis,
            clock=self.clock,
        )

    def show_link(self, authority: str) -> None:
        """Note what the lease is to tell of the links."""
        self.link = authority

    def on_map(self, listener: Callable[[ShardMap], None]) -> None:
        """Tell of the map by `listener`."""
        self.tell = listener

    async def read_map(self) -> None:
        """Read the map, and tell of it when it has changed."""
        found = await fetch_map(self.redis, self.map)
        if found is not self.map:
            self.map = found
            self.tell(found)

    async def lease(self, incarnation: str, link: str = "") -> None:
        """Let a worker have its lease."""
        name = incarnation.rpartition("-")[0]
        said = encode_worker(Worker(name=name, incarnation=incarnation, addresses=WorkerAddresses(link=link)))
        await self.redis.call("worker_lease", ANY_TAG, name, incarnation, 0, 60_000, said)

    async def place(self, *owners: str) -> None:
        """Put the shards into the map, and let it be heard of."""
        places = self.map.places
        changes = [
            Change(shard, places[shard].epoch if shard in places else 0, self.map.version + 7, owner)
            for shard, owner in enumerate(owners)
        ]
        assert await self.writer.write(1, changes) == []
        await self.read_map()

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait for a look."""
        async with asyncio.timeout(60):
            while not is_so():  # noqa: ASYNC110 - on the twins every turn matters
                await asyncio.sleep(0)

    def homes(self) -> list[str]:
        """Return the homes of all shards."""
        return [self.neighbours.homes.owner_of(shard) for shard in range(SHARDS)]


@pytest.fixture
async def found() -> AsyncIterator[Found]:
    """A worker that looks."""
    made = Found()
    await made.lease(f"{OWN}.1")
    running = [asyncio.create_task(run()) for run in made.neighbours.list_chores().values()]
    await made.neighbours.wait_known()
    yield made
    for task in running:
        task.cancel()
    await asyncio.wait(running)


async def test_lone_worker_has_everything_and_tells_where_its_links_are(found: Found) -> None:
    assert found.homes() == [OWN] * SHARDS
    assert found.link == "127.0.0.1:7000"
    assert not found.links.known


async def test_worker_that_the_map_names_is_found_at_once(found: Found) -> None:
    await found.lease(f"{OTHER}.1", "10.0.0.2:7001")
    await found.place(f"{OWN}.1", f"{OTHER}.1", f"{OTHER}.1", f"{OWN}.1")
    await found.wait_until(lambda: bool(found.links.known))
    assert found.links.known == {OTHER: PeerAddress("10.0.0.2", 7001)}
    assert found.homes() == [OWN, OTHER, OTHER, OWN]


async def test_lease_that_was_lost_and_taken_again_changes_no_peer(found: Found) -> None:
    await found.lease(f"{OTHER}.1", "10.0.0.2:7001")
    await found.place(*[f"{OTHER}.1"] * SHARDS)
    await found.wait_until(lambda: bool(found.links.known))
    known = found.links.known
    await found.redis.call("worker_leave", ANY_TAG, "w2", f"{OTHER}.1")
    await found.lease(f"{OTHER}.2", "10.0.0.2:7001")
    await found.place(*[f"{OTHER}.2"] * SHARDS)
    await found.wait_until(lambda: found.links.known is not known)
    assert found.links.known == known
    assert found.homes() == [OTHER] * SHARDS


async def test_next_life_of_a_worker_takes_the_place_of_the_last_one(found: Found) -> None:
    await found.lease(f"{OTHER}.1", "10.0.0.2:7001")
    await found.place(*[f"{OTHER}.1"] * SHARDS)
    await found.wait_until(lambda: bool(found.links.known))
    await found.redis.call("worker_leave", ANY_TAG, "w2", f"{OTHER}.1")
    await found.lease("w2-cc.1", "10.0.0.2:7002")
    await found.place(*[f"{OWN}.1"] * 2, *[f"{OTHER}.1"] * 2)
    await found.wait_until(lambda: list(found.links.known) == ["w2-cc"])
    await found.wait_until(lambda: found.homes() == [OWN, OWN, "w2-cc", "w2-cc"])
