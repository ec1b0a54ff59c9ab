"""The promises of every implementation of `core.live`."""

from collections.abc import AsyncIterator

import pytest

from core.live.interfaces import OnlineCounts, RateLimiter, Rule, SessionStarts, Start, StartsLeft
from core.live.limits import MemoryRateLimiter
from core.live.memory import MemoryOnlineCounts
from core.live.redis_limits import RedisRateLimiter
from core.live.starts import DAY_S, CountedStarts
from core.redis.address import RedisAddress
from core.redis.interfaces import Plain
from core.redis.keys import online_key
from core.redis.plain import PlainCommands
from deploy.services.process import ServiceProcess
from tests.contract.live_backends import WrittenCounts
from tests.fakes.clock import FakeClock
from tests.fakes.redis.client import FakeRedis
from tests.fakes.redis.server import FakeRedisServer

RULE = Rule("test", 2, 10.0)


@pytest.fixture
async def plain(redis_server: ServiceProcess) -> AsyncIterator[Plain]:
    """Plain commands on a database without counts."""
    commands = PlainCommands(address=RedisAddress(port=redis_server.service.port, database=3))
    await commands.write_for({}, 1.0, [online_key(guild_id) for guild_id in range(1, 5)])
    yield commands
    await commands.close()


@pytest.fixture(params=["memory", "twins of redis", "redis"])
def counts(request: pytest.FixtureRequest, clock: FakeClock) -> OnlineCounts:
    """Online counts without anybody online."""
    if request.param == "redis":
        return WrittenCounts(request.getfixturevalue("plain"))
    return MemoryOnlineCounts() if request.param == "memory" else WrittenCounts(FakeRedis(FakeRedisServer(clock)))


@pytest.fixture(params=["memory", "twins of redis"])
def workers(request: pytest.FixtureRequest, clock: FakeClock) -> list[SessionStarts]:
    """The starts as two workers count them, or twice those of one process: two a day, one a key in 5 s."""
    server, alone = FakeRedisServer(clock), MemoryRateLimiter(clock=clock)

    def make_limiter() -> RateLimiter:
        if request.param == "memory":
            return alone
        return RedisRateLimiter(scripts=FakeRedis(server), alone=MemoryRateLimiter(clock=clock))

    return [CountedStarts(limiter=make_limiter(), per_day=2, window_s=5.0) for _ in range(2)]


@pytest.fixture(params=["memory", "twins of redis"])
def limiter(request: pytest.FixtureRequest, clock: FakeClock) -> RateLimiter:
    """A rate limiter that has counted nothing."""
    alone = MemoryRateLimiter(clock=clock)
    if request.param == "memory":
        return alone
    return RedisRateLimiter(scripts=FakeRedis(FakeRedisServer(clock)), alone=alone)


async def test_counts_are_those_that_were_said_last(counts: OnlineCounts) -> None:
    counts.put(1, 5)
    counts.put(2, 7)
    counts.put(1, 6)
    assert await counts.find_many([1, 2, 3]) == {1: 6, 2: 7}


async def test_guild_of_nobody_is_left_out(counts: OnlineCounts) -> None:
    counts.put(1, 5)
    counts.put(1, 0)
    counts.put(2, 0)
    assert await counts.find_many([1, 2]) == {}


async def test_starts_of_all_workers_are_counted_for_each_bot_from_its_first(
    workers: list[SessionStarts], clock: FakeClock
) -> None:
    one, other = workers
    assert await one.find(1) == StartsLeft(total=2, remaining=2, reset_after_ms=86_400_000)
    taken = [await each.take(1, key) for key, each in enumerate((one, other, one))]
    assert [each.is_allowed for each in taken] == [True, True, False]
    clock.advance(DAY_S - 1)
    for each in workers:
        assert await each.find(1) == StartsLeft(total=2, remaining=0, reset_after_ms=1000)
        assert await each.take(1, 0) == Start(is_allowed=False)
    assert (await other.take(2, 0)).is_allowed


async def test_starts_of_a_new_day_are_new(workers: list[SessionStarts], clock: FakeClock) -> None:
    one, other = workers
    assert (await one.take(1, 0)).is_allowed
    clock.advance(DAY_S)
    assert await other.find(1) == StartsLeft(total=2, remaining=2, reset_after_ms=86_400_000)
    assert [(await each.take(1, key)).is_allowed for key, each in enumerate((one, other, one))] == [True, True, False]
    assert (await one.find(1)).remaining == 0


async def test_key_starts_once_in_a_window_at_whatever_worker(workers: list[SessionStarts], clock: FakeClock) -> None:
    one, other = workers
    assert (await one.take(1, 7)).is_allowed
    clock.advance(1)
    assert await other.take(1, 7) == Start(is_allowed=False, hold_s=4.0)
    assert (await other.find(1)).remaining == 1  # what was refused counts for nothing
    assert (await other.take(2, 7)).is_allowed
    clock.advance(4)
    assert (await other.take(1, 7)).is_allowed


async def test_take_counts_down_and_refuses_with_the_time_left(limiter: RateLimiter, clock: FakeClock) -> None:
    assert (await limiter.take(RULE, "a")).remaining == 1
    clock.advance(4)
    second = await limiter.take(RULE, "a")
    assert (second.remaining, second.reset_after_s, second.retry_after_s) == (0, 6.0, 0.0)
    third = await limiter.take(RULE, "a")
    assert (third.remaining, third.retry_after_s) == (0, 6.0)
    assert (await limiter.take(RULE, "b")).remaining == 1


async def test_take_begins_a_new_window_when_the_old_one_has_ended(limiter: RateLimiter, clock: FakeClock) -> None:
    for _ in range(3):
        await limiter.take(RULE, "a")
    clock.advance(10)
    assert (await limiter.take(RULE, "a")).remaining == 1


async def test_window_survives_the_turn_of_generations(limiter: RateLimiter, clock: FakeClock) -> None:
    await limiter.take(RULE, "first")
    clock.advance(9)
    for _ in range(2):
        await limiter.take(RULE, "a")
    clock.advance(2)
    await limiter.take(RULE, "begins a generation")
    assert (await limiter.take(RULE, "a")).retry_after_s == 8.0


async def test_look_counts_nothing(limiter: RateLimiter) -> None:
    for _ in range(5):
        assert (await limiter.look(RULE, "a")).remaining == 2


async def test_what_is_given_back_was_not_taken(limiter: RateLimiter) -> None:
    await limiter.give_back(RULE, "a")
    for _ in range(RULE.limit * 2):
        assert not (await limiter.take(RULE, "a")).retry_after_s
        await limiter.give_back(RULE, "a")
    assert (await limiter.look(RULE, "a")).remaining == RULE.limit


async def test_keys_of_several_parts_are_told_apart(limiter: RateLimiter) -> None:
    for key in ((1, 23), (12, 3), 123, "1:2"):
        assert (await limiter.take(RULE, key)).remaining == 1
