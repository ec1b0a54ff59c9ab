"""The live state in Redis: what outlives the worker, what Redis has forgotten, and readers without an answer."""

from collections.abc import Collection, Mapping, Sequence

import pytest

from core.domain.errors import Unavailable
from core.live.interfaces import StartsLeft
from core.live.redis_counts import RedisOnlineCounts, RedisSessionStarts
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer


class Away(FakeRedis):
    """A Redis that may be away."""

    is_away = False

    async def read_fields(self, key: str, fields: Sequence[str]) -> list[bytes | None]:
        if self.is_away:
            raise Unavailable
        return await super().read_fields(key, fields)

    async def write_fields(self, key: str, values: Mapping[str, str], gone: Collection[str] = ()) -> None:
        if self.is_away:
            raise Unavailable
        await super().write_fields(key, values, gone)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def redis(clock: FakeClock) -> Away:
    return Away(FakeRedisServer(clock))


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


async def test_new_worker_forgets_the_counts_of_the_old_one(redis: Away) -> None:
    old = RedisOnlineCounts(plain=redis)
    old.put(1, 5)
    await old.flush()
    new = RedisOnlineCounts(plain=redis)
    await new.begin()
    assert await new.find_many([1]) == {}


async def test_new_worker_goes_on_with_the_starts_of_the_old_one(redis: Away, clock: FakeClock) -> None:
    old = RedisSessionStarts(plain=redis, clock=clock, per_day=2)
    assert old.take(1)
    await old.flush()
    new = RedisSessionStarts(plain=redis, clock=clock, per_day=2)
    await new.begin()
    assert [new.take(1), new.take(1)] == [True, False]


async def test_day_that_is_over_is_removed(redis: Away, clock: FakeClock) -> None:
    starts = RedisSessionStarts(plain=redis, clock=clock, per_day=2)
    starts.take(1)
    await starts.flush()
    clock.advance(86_400)
    assert await starts.find(1) == StartsLeft(total=2, remaining=2, reset_after_ms=86_400_000)
    starts.take(2)
    await starts.flush()
    assert list(await redis.read_hash("session-starts")) == ["2"]


async def test_reader_without_an_answer_tells_a_whole_day(redis: Away, clock: FakeClock) -> None:
    redis.is_away = True
    starts = RedisSessionStarts(plain=redis, clock=clock, per_day=2)
    assert (await starts.find(1)).remaining == 2
