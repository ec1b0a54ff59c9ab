"""The rules that requests and attempts count against."""

import contextlib

import pytest

from api.services.limits import Limits, is_loopback
from core.domain.errors import RateLimited
from core.live.limits import MemoryGate, MemoryRateLimiter
from core.live.refusals import Refusals
from core.runtime.settings.current_limits import CurrentLimits
from core.runtime.settings.settings import LimitSettings, Settings
from tests.fakes.clock import FakeClock


def limits_with(clock: FakeClock, **settings: object) -> Limits:
    limiter = MemoryRateLimiter(clock=clock)
    return Limits(
        limiter=limiter,
        gate=MemoryGate(limiter=limiter),
        current=CurrentLimits(Settings(limits=LimitSettings(**settings))),  # type: ignore[arg-type]
        refusals=Refusals(),
    )


async def test_registrations_from_this_machine_have_a_limit_of_their_own() -> None:
    limits = limits_with(FakeClock(), registrations_per_minute=1, loopback_registrations_per_minute=2)
    await limits.take_registration("192.0.2.1")
    with pytest.raises(RateLimited):
        await limits.take_registration("192.0.2.1")
    for _ in range(2):
        await limits.take_registration("::1")
    with pytest.raises(RateLimited):
        await limits.take_registration("::1")


async def test_limits_that_change_hold_from_then_on() -> None:
    current = CurrentLimits(Settings(limits=LimitSettings(logins_per_minute=1)))
    limiter = MemoryRateLimiter(clock=FakeClock())
    limits = Limits(limiter=limiter, gate=MemoryGate(limiter=limiter), current=current, refusals=Refusals())
    await limits.take_login("a")
    current.put({"logins_per_minute": 2})
    await limits.take_login("a")
    with pytest.raises(RateLimited):
        await limits.take_login("a")
    current.put({"enabled": False})
    await limits.take_login("a")


async def test_limits_that_are_off_refuse_nothing() -> None:
    limits = limits_with(FakeClock(), enabled=False, invalid_requests=1, logins_per_minute=1)
    for _ in range(3):
        await limits.take_login("a")
        await limits.count_invalid("a")
    assert (await limits.admit_request(1, is_read=True)).standing is None
    assert await limits.find_block("a") == 0.0


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("192.0.2.1", False), ("", False)],
)
def test_is_loopback_knows_this_machine(address: str, *, expected: bool) -> None:
    assert is_loopback(address) is expected


async def test_refusals_are_counted_and_told(caplog: pytest.LogCaptureFixture) -> None:
    refused: list[str] = []
    settings = LimitSettings(logins_per_minute=1, requests_per_second=1, invalid_requests=1)
    limiter = MemoryRateLimiter(clock=FakeClock())
    limits = Limits(
        limiter=limiter,
        gate=MemoryGate(limiter=limiter),
        current=CurrentLimits(Settings(limits=settings)),
        refusals=Refusals(count=refused.append),
    )
    for _ in range(2):
        await limits.admit_request(7, is_read=False)
        await limits.count_invalid("192.0.2.1")
        with contextlib.suppress(RateLimited):
            await limits.take_login("192.0.2.1")
    assert refused == ["requests", "logins"]
    told = [(record.message, record.__dict__.get("who")) for record in caplog.records]
    assert told == [
        ("address shut out", None), ("refused by a limit", "7"), ("refused by a limit", "192.0.2.1")
    ]  # fmt: skip
