"""What the counts in memory forget."""

import pytest

from core.live.interfaces import Rule
from core.live.limits import MemoryRateLimiter
from tests.fakes.clock import FakeClock

RULE = Rule("test", 2, 10.0)


@pytest.mark.parametrize("keys", [1_000])
async def test_ended_windows_are_forgotten(keys: int) -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    for key in range(keys):
        await limiter.take(RULE, key)
    for _ in range(3):
        clock.advance(11)
        await limiter.take(RULE, "a")
    counts = limiter._counts["test"]
    assert 0 not in counts._young
    assert 0 not in counts._older


async def test_window_that_begins_after_a_change_is_as_long_as_the_rule_says_then() -> None:
    clock = FakeClock()
    limiter = MemoryRateLimiter(clock=clock)
    long, short = Rule("test", 1, 60.0), Rule("test", 1, 1.0)
    await limiter.take(long, "a")
    for second in range(59):
        await limiter.take(short, second)
        assert (await limiter.take(short, "a")).retry_after_s == 60 - second, "it began with the longer window"
        clock.advance(1)
    clock.advance(1)
    assert not (await limiter.take(short, "a")).retry_after_s
    assert (await limiter.look(short, "a")).retry_after_s == 1
