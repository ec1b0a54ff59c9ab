"""The promises of every implementation of `core.live`."""

import pytest

from core.live.interfaces import OnlineCounts, SessionStarts, StartsLeft
from core.live.memory import DAY_S, MemoryOnlineCounts, MemorySessionStarts
from tests.fakes.clock import FakeClock


@pytest.fixture(params=["memory"])
def counts(request: pytest.FixtureRequest) -> OnlineCounts:
    """Online counts without anybody online."""
    backends: dict[str, type[OnlineCounts]] = {"memory": MemoryOnlineCounts}
    return backends[request.param]()


@pytest.fixture(params=["memory"])
def starts(request: pytest.FixtureRequest, clock: FakeClock) -> SessionStarts:
    """Session starts with a limit of two a day."""
    return {"memory": MemorySessionStarts}[request.param](clock=clock, per_day=2)


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
