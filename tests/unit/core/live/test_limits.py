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
