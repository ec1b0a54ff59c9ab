"""A write is repeated only after an outcome that is not known, and not for ever."""

import pytest

from core.domain.errors import OutcomeUnknown, Unavailable
from core.store.cassandra import tries as tries_module
from core.store.cassandra.tries import TryLimit
from tests.fakes.clock import FakeClock


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> list[float]:
    """The pauses so far; time passes in them."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        made.append(seconds)
        clock.advance(seconds)

    monkeypatch.setattr(tries_module.asyncio, "sleep", sleep)
    return made


@pytest.fixture
def clock() -> FakeClock:
    """The clock of the tries."""
    return FakeClock()


async def test_refused_write_is_not_repeated(pauses: list[float], clock: FakeClock) -> None:
    with pytest.raises(Unavailable) as caught:
        await TryLimit(clock=clock, limit_s=10).begin().rest_after(Unavailable())
    assert type(caught.value) is Unavailable
    assert pauses == []


async def test_unknown_outcome_stays_unknown_whatever_comes_after(pauses: list[float], clock: FakeClock) -> None:
    tries = TryLimit(clock=clock, limit_s=10).begin()
    await tries.rest_after(OutcomeUnknown())
    for _ in range(12):
        await tries.rest_after(Unavailable())
    with pytest.raises(OutcomeUnknown):
        await tries.rest_after(Unavailable())
    assert tries.is_unknown
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, *[1.0] * 8]
