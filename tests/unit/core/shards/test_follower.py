"""The follower of the map, and the shards of a worker."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from core.shards.follower import MapFollower
from core.shards.holding import Holding
from core.shards.map_reader import fetch_map
from core.shards.map_writer import Change, MapWriter, TermOver
from core.shards.shard_map import Place, ShardMap, Wishes
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis, FakeTopics
from tests.fakes.redis.server import FakeRedisServer


class Followed:
    """A map that is written and followed."""

    def __init__(self) -> None:
        self.server = FakeRedisServer(FakeClock())
        self.redis = FakeRedis(self.server)
        self.writer = MapWriter(scripts=self.redis, controller="c")
        self.topics = FakeTopics(self.server)
        self.follower = MapFollower(scripts=self.redis, topics=self.topics)
        self.seen: list[int] = []
        self.follower.on_change(lambda shard_map: self.seen.append(shard_map.version))

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():  # noqa: ASYNC110 - on the twins every turn matters
                await asyncio.sleep(0)


@pytest.fixture
async def followed() -> AsyncIterator[Followed]:
    made = Followed()
    running = asyncio.create_task(made.follower.run())
    yield made
    running.cancel()
    await asyncio.wait([running])


async def test_map_is_read_as_it_was_written(followed: Followed) -> None:
    wishes = Wishes(pins={3: "w"}, drained=frozenset({"x"}), is_rebalancing=True)
    await followed.writer.begin(1, wishes)
    assert await followed.writer.write(1, [Change(0, 0, 7, "w-a.1"), Change(1, 0, 8, "w-a.1", "x-b.1")]) == []
    found = await fetch_map(followed.redis)
    assert (found.term, found.controller, found.wishes) == (1, "c", wishes)
    assert found.places == {0: Place("w-a.1", 7), 1: Place("w-a.1", 8, "x-b.1")}
    assert found.list_shards("w-a.1") == [0, 1]
    assert await fetch_map(followed.redis, found) is found


async def test_change_is_heard_at_once(followed: Followed) -> None:
    await followed.writer.write(1, [Change(0, 0, 7, "w-a.1")])
    await followed.wait_until(lambda: followed.follower.map.places == {0: Place("w-a.1", 7)})
    await followed.writer.write(1, [Change(0, 7, 8, "x-b.1")])
    await followed.wait_until(lambda: followed.follower.map.places == {0: Place("x-b.1", 8)})
    assert followed.seen == sorted(set(followed.seen))


async def test_change_that_was_not_heard_is_found_after_the_next_connection(followed: Followed) -> None:
    await followed.writer.begin(1, Wishes())
    await followed.wait_until(lambda: followed.follower.map.version > 0)
    followed.server.stop()
    followed.server.start()
    followed.redis.run("map_change", "{0}", 1, 0, 0, 7, "w-a.1", "")
    await followed.wait_until(lambda: 0 in followed.follower.map.places)


async def test_map_that_was_lost_changes_nothing_until_it_is_written_again(followed: Followed) -> None:
    await followed.writer.write(1, [Change(0, 0, 7, "w-a.1")])
    await followed.wait_until(lambda: 0 in followed.follower.map.places)
    followed.server.flush()
    await followed.follower.read()
    assert followed.follower.map.places == {0: Place("w-a.1", 7)}
    await followed.writer.write(2, [Change(0, 0, 9, "w-a.2")])
    await followed.wait_until(lambda: followed.follower.map.places == {0: Place("w-a.2", 9)})


async def test_controller_whose_term_is_over_is_told(followed: Followed) -> None:
    await followed.writer.begin(2, Wishes())
    with pytest.raises(TermOver):
        await followed.writer.begin(1, Wishes())
    with pytest.raises(TermOver):
        await followed.writer.write(1, [Change(0, 0, 7, "w-a.1")])


def hold(redis: FakeRedis, released: list[int], incarnation: str = "w-a.1") -> Holding:
    async def release(shard: int, place: Place) -> None:
        released.append(shard)

    return Holding(name="w", find_incarnation=lambda: incarnation, scripts=redis, release=release)


def test_shards_stay_until_the_map_names_another_worker() -> None:
    holding = hold(FakeRedis(FakeRedisServer(FakeClock())), [])
    holding.on_map(ShardMap(version=1, places={0: Place("w-a.1", 7), 1: Place("w-z.1", 7), 2: Place("x-b.1", 7)}))
    assert holding.describe() == "0-1"
    holding.on_map(ShardMap(version=2, places={}))
    assert holding.describe() == "0-1"
    holding.on_map(ShardMap(version=3, places={0: Place("x-b.1", 9), 1: Place("w-a.2", 9)}))
    assert holding.shards == {1: Place("w-a.2", 9)}


async def test_shard_that_shall_move_is_released_and_then_given_away(followed: Followed) -> None:
    released: list[int] = []
    holding = hold(followed.redis, released)
    followed.follower.on_change(holding.on_map)
    running = asyncio.create_task(holding.run())
    await followed.writer.write(1, [Change(0, 0, 7, "w-a.1", "x-b.1"), Change(1, 0, 7, "w-a.1")])
    await followed.wait_until(lambda: followed.follower.map.places.get(0) == Place("x-b.1", 8))
    assert released == [0]
    assert list(holding.shards) == [1]
    running.cancel()


async def test_shard_of_an_earlier_incarnation_is_not_given_away(followed: Followed) -> None:
    released: list[int] = []
    holding = hold(followed.redis, released, incarnation="w-a.2")
    followed.follower.on_change(holding.on_map)
    running = asyncio.create_task(holding.run())
    await followed.writer.write(1, [Change(0, 0, 7, "w-a.1", "x-b.1")])
    await followed.wait_until(lambda: 0 in followed.follower.map.places)
    await followed.writer.write(1, [Change(0, 7, 8, "w-a.2", "x-b.1")])
    await followed.wait_until(lambda: followed.follower.map.places[0] == Place("x-b.1", 9))
    assert released == [0]
    running.cancel()
