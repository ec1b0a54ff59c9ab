"""Online counts in Redis: workers that die, guilds that move, what Redis has forgotten, and readers without an answer."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from core.domain.errors import Unavailable
from core.live.redis_counts import LIFE_S, RedisOnlineCounts
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


class Away(FakeRedis):
    """A Redis that may be away."""

    is_away = False

    async def read_many(self, keys: Sequence[str]) -> list[bytes | None]:
        if self.is_away:
            raise Unavailable
        return await super().read_many(keys)

    async def write_for(self, values: Mapping[str, str], life_s: float, gone: Collection[str] = ()) -> None:
        if self.is_away:
            raise Unavailable
        await super().write_for(values, life_s, gone)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server(clock: FakeClock) -> FakeRedisServer:
    return FakeRedisServer(clock)


@pytest.fixture
def redis(server: FakeRedisServer) -> Away:
    return Away(server)


async def test_counts_that_could_not_be_written_are_written_later(redis: Away) -> None:
    counts = RedisOnlineCounts(plain=redis)
    counts.put(1, 5)
    redis.is_away = True
    with pytest.raises(Unavailable):
        await counts.flush()
    counts.put(2, 6)
    assert await counts.find_many([1]) == {}
    redis.is_away = False
    await counts.flush()
    assert await counts.find_many([1, 2]) == {1: 5, 2: 6}


async def test_worker_that_begins_leaves_the_counts_of_others_alone(redis: Away) -> None:
    old, new = RedisOnlineCounts(plain=redis), RedisOnlineCounts(plain=redis)
    old.put(1, 5)
    await old.flush()
    new.put(2, 6)
    await new.flush()
    assert await new.find_many([1, 2]) == {1: 5, 2: 6}


async def test_counts_of_a_dead_worker_end_and_those_of_a_living_one_go_on(redis: Away, clock: FakeClock) -> None:
    dead, living = RedisOnlineCounts(plain=redis), RedisOnlineCounts(plain=redis)
    for guild_id, worker in ((1, dead), (2, living)):
        worker.put(guild_id, 5)
        await worker.flush()
    for _ in range(2):
        clock.advance(LIFE_S * 0.6)
        living.repeat()
        await living.flush()
    assert await living.find_many([1, 2]) == {2: 5}


async def test_former_home_that_empties_takes_nothing_from_the_next_one(redis: Away) -> None:
    former, following = RedisOnlineCounts(plain=redis), RedisOnlineCounts(plain=redis)
    former.put(1, 5)
    await former.flush()
    former.put(1, 4)
    following.put(1, 3)
    await following.flush()
    former.let_go(1)
    former.repeat()
    await former.flush()
    assert await following.find_many([1]) == {1: 3}


async def test_counts_that_redis_has_forgotten_come_again(redis: Away, server: FakeRedisServer) -> None:
    counts = RedisOnlineCounts(plain=redis)
    for guild_id in range(1, 5000):
        counts.put(guild_id, 1)
    await counts.flush()
    server.flush()
    assert await counts.find_many([1]) == {}
    counts.repeat()
    await counts.flush()
    assert len(await counts.find_many(range(1, 5000))) == 4999
