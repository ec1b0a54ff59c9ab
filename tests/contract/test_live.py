"""The promises of every implementation of `core.live`."""

import pytest

from core.live.interfaces import OnlineCounts, RateLimiter, Rule, SessionStarts, StartsLeft
from core.live.limits import MemoryRateLimiter
from core.live.memory import DAY_S, MemoryOnlineCounts, MemorySessionStarts
from tests.fakes.clock import FakeClock

RULE = Rule("test", 2, 10.0)


@pytest.fixture(params=["memory"])
def counts(request: pytest.FixtureRequest) -> OnlineCounts:
    """Online counts without anybody online."""
    backends: dict[str, type[OnlineCounts]] = {"memory": MemoryOnlineCounts}
    return backends[request.param]()


@pytest.fixture(params=["memory"])
def starts(request: pytest.FixtureRequest, clock: FakeClock) -> SessionStarts:
    """Session starts with a limit of two a day."""
    return {"memory": MemorySessionStarts}[request.param](clock=clock, per_day=2)


@pytest.fixture(params=["memory"])
def limiter(request: pytest.FixtureRequest, clock: FakeClock) -> RateLimiter:
    """A rate limiter that has counted nothing."""
    return {"memory": MemoryRateLimiter}[request.param](clock=clock)


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


async def test_starts_are_counted_for_each_bot_from_its_first(starts: SessionStarts, clock: FakeClock) -> None:
    assert await starts.find(1) == StartsLeft(total=2, remaining=2, reset_after_ms=86_400_000)
    assert [starts.take(1) for _ in range(3)] == [True, True, False]
    clock.advance(DAY_S - 1)
    assert await starts.find(1) == StartsLeft(total=2, remaining=0, reset_after_ms=1000)
    assert not starts.take(1)
    assert starts.take(2)


async def test_starts_of_a_new_day_are_new(starts: SessionStarts, clock: FakeClock) -> None:
    assert starts.take(1)
    clock.advance(DAY_S)
    assert await starts.find(1) == StartsLeft(total=2, remaining=2, reset_after_ms=86_400_000)
    assert [starts.take(1) for _ in range(3)] == [True, True, False]
    assert (await starts.find(1)).remaining == 0


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
